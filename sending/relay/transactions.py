"""One message through one session: MAIL, RCPT, DATA, content, final dot (RFC 5321 3.3, pipelined by RFC 2920).

Policy: the final dot is only written with fresh leave, asked for when MAIL FROM is written and looked at right before the
dot. Whoever has no leave when the server waits for content hangs up: nothing was delivered.
Trap: when DATA gets 354 although MAIL or RCPT was refused, a lone dot ends the empty message (RFC 2920 3.1).
"""

from collections.abc import Awaitable, Callable

from sending.judging import trouble
from sending.judging.replies import Reply
from sending.judging.trouble import Stage
from sending.mime import lines
from sending.relay.ports import Letter, Verdict
from sending.relay.session import Cut, Session

ONE_WRITE = 65_536  # bigger content is handed over first, and leave is looked at again before the dot


class NoLeave(Exception):
    """Leave for the final dot was not given; the session is gone and nothing was sent."""


# Waits for leave, and gives it only while it is fresh; raises NoLeave.
AskLeave = Callable[[], Awaitable[None]]


async def carry(session: Session, letter: Letter, address: str, *, provider: str, ask: AskLeave) -> Verdict:
    """Send one message. Raises NoLeave; every other end is a verdict. The session may be unusable afterwards."""
    extensions = session.extensions
    refusal = _impossible(session, letter, address)
    if refusal is not None:
        return refusal
    mail = f"MAIL FROM:<{letter.return_path}>"
    if extensions.size_offered:
        mail += f" SIZE={len(letter.content)}"
    if letter.eight_bit:
        mail += " BODY=8BITMIME"
    if letter.utf8 or not address.isascii():
        mail += " SMTPUTF8"
    commands = (mail.encode(), f"RCPT TO:<{address}>".encode(), b"DATA")
    session.messages += 1
    stage = Stage.MAIL
    try:
        if extensions.pipelining:
            session.wire.write(b"\r\n".join(commands) + b"\r\n")
            replies = await session.wire.replies(3, session.timeouts.command)
        else:
            replies = []
            for command, timeout in zip(
                commands, (session.timeouts.command,) * 2 + (session.timeouts.data,), strict=True
            ):
                reply = await session.command(command, timeout)
                replies.append(reply)
                if reply.code >= 400 or reply.code == 421:
                    break
    except Cut as cut:
        return _cut_early(session, cut, provider)
    failed = _first_failure(replies)
    if failed is not None:
        stage, reply = failed
        await _leave_transaction(session, replies)
        return _verdict(session, reply, stage, provider)
    try:
        await _content(session, lines.stuff(letter.content), ask)
    except Cut as cut:
        return Verdict(trouble.CUT, text=cut.why, host=session.host, tls=session.protection, address=session.address)
    # From here on the message may have been delivered, whatever happens.
    try:
        (reply,) = await session.wire.replies(1, session.timeouts.final)
    except Cut as cut:
        return Verdict(
            trouble.IN_DOUBT,
            text=f"{cut.why} after the whole message was sent",
            host=session.host,
            tls=session.protection,
            address=session.address,
        )
    return _verdict(session, reply, Stage.CONTENT, provider)


async def _content(session: Session, stuffed: bytes, ask: AskLeave) -> None:
    if len(stuffed) <= ONE_WRITE:
        try:
            await ask()
        except NoLeave:
            session.abort()
            raise
        # No await between leave and dot.
        session.wire.write(stuffed + b".\r\n")
        return
    session.wire.write(stuffed)
    await session.wire.flush(session.timeouts.write)
    try:
        await ask()
    except NoLeave:
        session.abort()
        raise
    session.wire.write(b".\r\n")


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
    return Verdict(trouble.CUT, text=cut.why, host=session.host, tls=session.protection, address=session.address)


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
