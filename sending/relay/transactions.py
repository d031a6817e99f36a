"""One message through one session: MAIL, RCPT, then its content by DATA (RFC 5321 3.3) or by BDAT (RFC 3030).

Policy: the last octet, the final dot's or the last chunk's, is only written with fresh leave, which is asked for before MAIL
FROM and looked at right before that octet. Who has no leave then, hangs up or has written nothing: nothing was delivered.
Who has written that octet knows nothing until the reply: cut then, the message is in doubt, unless the server has refused its
envelope before. Trap: when DATA gets 354 although MAIL or RCPT was refused, a lone dot ends the empty message (RFC 2920 3.1).
"""

from collections.abc import Awaitable, Callable, Sequence

from sending.judging import trouble
from sending.judging.replies import Reply
from sending.judging.trouble import Stage
from sending.mime import lines
from sending.relay.chunking import NOT_UNDERSTOOD, Chunking, Way
from sending.relay.ports import Letter, Verdict
from sending.relay.session import Cut, Session

ONE_WRITE = 65_536  # bigger content is handed over first, and leave is looked at again before the dot


class NoLeave(Exception):
    """Leave for the last octet was not given; nothing was sent."""


# Waits for leave, and gives it only while it is fresh; raises NoLeave.
AskLeave = Callable[[], Awaitable[None]]


async def carry(
    session: Session, letter: Letter, address: str, *, provider: str, ask: AskLeave, chunking: Chunking
) -> Verdict:
    """Send one message. Raises NoLeave; every other end is a verdict. The session may be unusable afterwards."""
    refusal = _impossible(session, letter, address)
    if refusal is not None:
        return refusal
    way = chunking.way(session, len(letter.content))
    session.messages += 1
    envelope = _envelope(session, letter, address)
    verdict = None
    if way is Way.AT_ONCE:
        verdict = await _at_once(session, envelope, letter, provider, ask, chunking)
    elif way is Way.ASK:
        verdict = await _after_asking(session, envelope, letter, provider, ask, chunking)
    if verdict is None:
        verdict = await _by_data(session, envelope, letter, provider, ask)
    chunking.answered(session)
    return verdict


def _envelope(session: Session, letter: Letter, address: str) -> tuple[bytes, bytes]:
    mail = f"MAIL FROM:<{letter.return_path}>"
    if session.extensions.size_offered:
        mail += f" SIZE={len(letter.content)}"
    if letter.eight_bit:
        mail += " BODY=8BITMIME"
    if letter.utf8 or not address.isascii():
        mail += " SMTPUTF8"
    return mail.encode(), f"RCPT TO:<{address}>".encode()


# --- DATA -------------------------------------------------------------------------------------------------------------


async def _by_data(
    session: Session, envelope: tuple[bytes, bytes], letter: Letter, provider: str, ask: AskLeave
) -> Verdict:
    commands = (*envelope, b"DATA")
    replies: list[Reply] = []
    try:
        if session.extensions.pipelining:
            session.wire.write(b"\r\n".join(commands) + b"\r\n")
            replies = await session.wire.replies(3, session.timeouts.command)
        else:
            for command, timeout in zip(
                commands, (session.timeouts.command,) * 2 + (session.timeouts.data,), strict=True
            ):
                reply = await session.command(command, timeout)
                replies.append(reply)
                if reply.code >= 400:
                    break
    except Cut as cut:
        return _cut_early(session, cut, provider)
    failed = _first_failure(replies)
    if failed is not None:
        stage, reply = failed
        await _leave_transaction(session, replies)
        return _verdict(session, reply, stage, provider)
    try:
        stuffed = letter.content if letter.is_stuffed else lines.stuff(letter.content)
        await _content(session, stuffed, ask)
    except Cut as cut:
        return _cut(session, cut)
    # From here on the message may have been delivered, whatever happens.
    try:
        (reply,) = await session.wire.replies(1, session.timeouts.final)
    except Cut as cut:
        return _in_doubt(session, cut.why)
    return _settled(session, reply, provider)


async def _content(session: Session, stuffed: bytes, ask: AskLeave) -> None:
    if len(stuffed) <= ONE_WRITE:
        await _leave(session, ask)
        # No await between leave and dot.
        session.wire.write(stuffed + b".\r\n")
        return
    session.wire.write(stuffed)
    await session.wire.flush(session.timeouts.write)
    await _leave(session, ask)
    session.wire.write(b".\r\n")


async def _leave(session: Session, ask: AskLeave) -> None:
    """Leave, for a message whose envelope is out; hangs up when it is not given."""
    try:
        await ask()
    except NoLeave:
        session.abort()
        raise


# --- BDAT -------------------------------------------------------------------------------------------------------------


async def _after_asking(
    session: Session, envelope: tuple[bytes, bytes], letter: Letter, provider: str, ask: AskLeave, chunking: Chunking
) -> Verdict | None:
    """The envelope with a chunk of one octet, then the rest. None: the server will not have BDAT and waits for an envelope."""
    content = _whole(letter)
    try:
        session.wire.write(b"\r\n".join((*envelope, b"BDAT 1")) + b"\r\n" + content[:1])
        replies = await session.wire.replies(3, session.timeouts.command)
    except Cut as cut:
        return _cut_early(session, cut, provider)
    failed = _refusal(replies)
    if failed is not None:
        await _start_over(session)
        return _verdict(session, failed[1], failed[0], provider)
    first = replies[2]
    if first.code == 421:
        return _verdict(session, first, Stage.DATA, provider)
    if not _done(first):
        chunking.avoid(session.host)
        await _start_over(session)
        return None if session.usable else _cut(session, Cut("the server would not have BDAT, nor RSET"))
    session.took_chunk = True
    try:
        await _leave(session, ask)
        # No await between leave and content.
        session.wire.write(_last_chunk(content[1:]))
    except Cut as cut:
        return _cut(session, cut)
    return await _last_reply(session, provider, chunking)


async def _at_once(
    session: Session, envelope: tuple[bytes, bytes], letter: Letter, provider: str, ask: AskLeave, chunking: Chunking
) -> Verdict:
    """Envelope and content in one write, with leave. Raises NoLeave with nothing written."""
    await ask()
    if not session.usable:
        return _cut(session, Cut(session.wire.lost or "the server closed the connection"))
    replies: list[Reply] = []
    try:
        # No await between leave and content.
        session.wire.write(b"\r\n".join(envelope) + b"\r\n" + _last_chunk(_whole(letter)))
    except Cut as cut:
        return _cut(session, cut)
    try:
        replies = await session.wire.replies(2, session.timeouts.command)
    except Cut as cut:
        failed = _refusal(cut.replies)
        if failed is None:
            chunking.avoid(session.host)
            return _in_doubt(session, cut.why)
        return _verdict(session, failed[1], failed[0], provider)
    failed = _refusal(replies)
    if failed is None:
        return await _last_reply(session, provider, chunking)
    # Refused: the content that is out already gets a refusal too (RFC 3030, section 4.2).
    stage, refused = failed
    try:
        if len(replies) == 2 and session.wire.lost == "":
            replies += await session.wire.replies(1, session.timeouts.data)
    except Cut:
        pass
    if len(replies) == 3 and _done(replies[2]):
        chunking.avoid(session.host)
        session.abort()
        if _done(replies[1]):
            return _in_doubt(session, f"the server said {refused.codes} to the sender and then took the message")
    elif session.usable:
        await _start_over(session)
    return _verdict(session, refused, stage, provider)


async def _last_reply(session: Session, provider: str, chunking: Chunking) -> Verdict:
    """What the server says to the last chunk of a message whose envelope it has accepted."""
    try:
        (reply,) = await session.wire.replies(1, session.timeouts.final)
    except Cut as cut:
        chunking.avoid(session.host)
        return _in_doubt(session, cut.why)
    if reply.code in NOT_UNDERSTOOD:
        # It may have read our content as commands, so nothing that it says from here on can be understood.
        chunking.avoid(session.host)
        session.abort()
        return _cut(session, Cut(f"the server refused BDAT: {reply.codes} {reply.text}"))
    if reply.code >= 400:
        await _start_over(session)
    return _settled(session, reply, provider)


def _whole(letter: Letter) -> bytes:
    """The content as it is, with no dots doubled."""
    return letter.content if letter.content.endswith(b"\r\n") else letter.content + b"\r\n"


def _last_chunk(octets: bytes) -> bytes:
    return b"BDAT %d LAST\r\n" % len(octets) + octets


async def _start_over(session: Session) -> None:
    """After a failed BDAT nothing but RSET helps (RFC 3030, section 2)."""
    try:
        if session.usable and (await session.command(b"RSET")).code != 250:
            session.abort()
    except Cut:
        session.abort()


# --- what it comes to -------------------------------------------------------------------------------------------------


def _refusal(replies: Sequence[Reply]) -> tuple[Stage, Reply] | None:
    """The first refusal of the envelope."""
    for stage, reply in zip((Stage.MAIL, Stage.RCPT), replies, strict=False):
        if not _done(reply):
            return stage, reply
    return None


def _done(reply: Reply) -> bool:
    return 200 <= reply.code < 300


async def _leave_transaction(session: Session, replies: list[Reply]) -> None:
    """Bring the session back to where MAIL FROM may come, or hang up."""
    try:
        if len(replies) == 3 and replies[2].code == 354:
            await session.command(b".", session.timeouts.data)
        if session.usable:
            reply = await session.command(b"RSET")
            if reply.code != 250:
                session.abort()
    except Cut:
        session.abort()


def _first_failure(replies: list[Reply]) -> tuple[Stage, Reply] | None:
    for stage, reply in zip((Stage.MAIL, Stage.RCPT, Stage.DATA), replies, strict=False):
        if reply.code >= 400:
            return stage, reply
        if not 200 <= reply.code < 300 and not (stage is Stage.DATA and reply.code == 354):
            return stage, reply
        if stage is Stage.DATA and reply.code != 354:
            return stage, reply
    return None


def _cut_early(session: Session, cut: Cut, provider: str) -> Verdict:
    """Before the content: not delivered. A refusal that came before the cut is what counts."""
    failed = _first_failure(list(cut.replies))
    if failed is not None:
        stage, reply = failed
        return _verdict(session, reply, stage, provider)
    return _cut(session, cut)


def _cut(session: Session, cut: Cut) -> Verdict:
    """Before the last octet: not delivered, for sure."""
    return Verdict(trouble.CUT, text=cut.why, host=session.host, tls=session.protection, address=session.address)


def _in_doubt(session: Session, why: str) -> Verdict:
    """After the last octet, without an answer that settles it."""
    session.abort()
    return Verdict(
        trouble.IN_DOUBT,
        text=f"{why} after the whole message was sent",
        host=session.host,
        tls=session.protection,
        address=session.address,
    )


def _settled(session: Session, reply: Reply, provider: str) -> Verdict:
    """The reply to the last octet. One that is neither yes nor no leaves the message in doubt."""
    if 300 <= reply.code < 400:
        return _in_doubt(session, f"the server said {reply.codes}")
    return _verdict(session, reply, Stage.CONTENT, provider)


def _verdict(session: Session, reply: Reply, stage: Stage, provider: str) -> Verdict:
    judgement = trouble.judge(reply, stage=stage, provider=provider)
    return Verdict(judgement, reply.codes, reply.text, session.host, session.protection, session.address)


def _impossible(session: Session, letter: Letter, address: str) -> Verdict | None:
    """What this server cannot take; told without asking it."""
    extensions = session.extensions
    if extensions.size and len(letter.content) > extensions.size:
        text = f"the message has {len(letter.content)} octets, the server takes {extensions.size}"
        return Verdict(trouble.TOO_LARGE, "552 5.3.4", text, session.host, session.protection, session.address)
    if letter.eight_bit and not extensions.eight_bit:
        text = "the message has 8-bit content, which the server does not take"
        return Verdict(trouble.NEEDS_EIGHT_BIT, "554 5.6.3", text, session.host, session.protection, session.address)
    if (letter.utf8 or not address.isascii()) and not extensions.utf8:
        text = "the address needs SMTPUTF8, which the server does not offer"
        return Verdict(trouble.NEEDS_UTF8, "553 5.6.7", text, session.host, session.protection, session.address)
    return None
