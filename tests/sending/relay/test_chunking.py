"""BDAT in real conversations: when it is used, what goes over the wire, and when a message is in doubt and when it is not."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from sending.judging import trouble
from sending.judging.trouble import Outcome
from sending.relay.chunking import LARGEST, NOT_AGAIN_FOR, WARM, Chunking
from sending.relay.ports import Letter, Verdict
from sending.relay.session import Session, Timeouts, connect
from sending.relay.transactions import NoLeave, carry
from tests.sending.relay.scripted import (
    ALL_TAKEN,
    ASKED,
    CHUNK_TAKEN,
    CHUNKING_EHLO,
    CUT,
    ENVELOPE,
    GREETING,
    HANG,
    TAKEN,
    Receiver,
    Say,
)
from tests.sending.relay.worlds import Clock, world

PATIENT = Timeouts(connect=10, greeting=10, command=10, data=10, write=10, final=10, quit=1)
HASTY = Timeouts(connect=10, greeting=10, command=0.3, data=0.3, write=0.3, final=0.3, quit=0.2)
LETTER = Letter("b1@example.com", b"Subject: hi\r\n\r\nhello\r\n")
OK = Say(b"250 2.0.0 ok\r\n")  # to RSET
OPENING = (GREETING, CHUNKING_EHLO, ENVELOPE, TAKEN)  # the first message goes by DATA
WARMED = (*OPENING, ASKED, CHUNK_TAKEN)  # the second one asks


async def granted() -> None:
    return None


async def refused() -> None:
    raise NoLeave


class Talk:
    """A conversation with a scripted receiver, message by message."""

    def __init__(self, receiver: Receiver, timeouts: Timeouts = PATIENT) -> None:
        self.receiver = receiver
        self.clock = Clock()
        self.chunking = Chunking(self.clock)
        self.timeouts = timeouts
        self.session: Session

    async def open(self) -> None:
        self.session = await connect("127.0.0.1", self.receiver.port, host="mx.example", timeouts=self.timeouts)
        await self.session.open(name="relay.example", tls=None)

    async def send(
        self, letter: Letter = LETTER, *, ask: Callable[[], Awaitable[None]] = granted, address: str = "a@example.com"
    ) -> Verdict:
        return await carry(self.session, letter, address, provider="Other", ask=ask, chunking=self.chunking)


async def after(
    *script: Say, before: Sequence[Say] = WARMED, timeouts: Timeouts = PATIENT, letter: Letter = LETTER
) -> tuple[Verdict, Talk]:
    """What becomes of the message behind those that `before` is the script of."""
    async with Receiver([[*before, *script]]) as receiver:
        talk = Talk(receiver, timeouts)
        await talk.open()
        for _ in range(2 if before == WARMED else 1):
            assert (await talk.send()).judgement.outcome is Outcome.DELIVERED
        receiver.heard.clear()
        receiver.contents.clear()
        verdict = await talk.send(letter)
        talk.session.was_usable = talk.session.usable  # type: ignore[attr-defined]
        await talk.session.close()
        await asyncio.sleep(0.02)
        return verdict, talk


def outcome(verdict: Verdict) -> Outcome:
    return verdict.judgement.outcome


async def test_the_first_goes_by_data_the_second_asks_the_others_go_in_one_write() -> None:
    async with Receiver([[*WARMED, ALL_TAKEN, ALL_TAKEN]]) as receiver:
        talk = Talk(receiver)
        await talk.open()
        assert [outcome(await talk.send()) for _ in range(4)] == [Outcome.DELIVERED] * 4
        mail, rcpt = b"MAIL FROM:<b1@example.com>", b"RCPT TO:<a@example.com>"
        last = b"BDAT 22 LAST"
        assert receiver.heard[1:] == [
            mail,
            rcpt,
            b"DATA",
            mail,
            rcpt,
            b"BDAT 1",
            b"BDAT 21 LAST",
            *[mail, rcpt, last] * 2,
        ]
        assert receiver.contents == [LETTER.content + b".\r\n", *[LETTER.content] * 3]


@pytest.mark.parametrize("without", ["CHUNKING", "PIPELINING"])
async def test_without_chunking_or_without_pipelining_it_is_data(without: str) -> None:
    offer = b"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n".replace(without.encode(), b"HELP")
    hello = [GREETING, Say(offer)]
    taken = [ENVELOPE, TAKEN] if without == "CHUNKING" else [OK, OK, Say(b"354 go\r\n"), TAKEN]
    async with Receiver([[*hello, *taken, *taken, *taken]]) as receiver:
        talk = Talk(receiver)
        await talk.open()
        assert [outcome(await talk.send()) for _ in range(3)] == [Outcome.DELIVERED] * 3
        assert not any(line.startswith(b"BDAT") for line in receiver.heard)


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: dots\r\n\r\n.\r\n..\r\n.hidden\r\n\r\n.\r\n",
        b".begins with a dot\r\n\r\n.\r\n",
        b"Subject: commands\r\n\r\nRSET\r\nMAIL FROM:<x@example.com>\r\nBDAT 7 LAST\r\n.\r\nQUIT\r\n",
        b"Subject: empty\r\n\r\n",
        "Subject: grün\r\n\r\n\U0001f4ee\r\n".encode(),
        b"Subject: all\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
    ],
)
async def test_the_octets_arrive_as_they_are(content: bytes) -> None:
    letter = Letter("b1@example.com", content, eight_bit=not content.isascii())
    verdict, talk = await after(ALL_TAKEN, letter=letter)
    assert outcome(verdict) is Outcome.DELIVERED
    assert talk.receiver.contents == [content]
    assert talk.receiver.heard[2] == b"BDAT %d LAST" % len(content)


async def test_a_message_without_a_last_line_break_gets_one() -> None:
    verdict, talk = await after(ALL_TAKEN, letter=Letter("b1@example.com", b"Subject: x\r\n\r\nend"))
    assert outcome(verdict) is Outcome.DELIVERED
    assert talk.receiver.contents == [b"Subject: x\r\n\r\nend\r\n"]


async def test_the_envelope_says_what_it_says_before_data() -> None:
    letter = Letter("b1@example.com", "Subject: ü\r\n\r\n".encode(), eight_bit=True)
    async with Receiver([[*WARMED, ALL_TAKEN]]) as receiver:
        talk = Talk(receiver)
        await talk.open()
        for _ in range(3):
            assert outcome(await talk.send(letter, address="zoë@example.com")) is Outcome.DELIVERED
        mails = [line for line in receiver.heard if line.startswith(b"MAIL")]
        assert mails == [b"MAIL FROM:<b1@example.com> BODY=8BITMIME SMTPUTF8"] * 3


@pytest.mark.parametrize("pieces", [1, 2, 5, 40])
async def test_replies_may_come_in_any_pieces(pieces: int) -> None:
    said = b"250-2.1.0 well\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n250-2.0.0 took\r\n250 2.0.0 it\r\n"
    verdict, talk = await after(Say(said, lines=2, chunk=True, pieces=pieces))
    assert (outcome(verdict), verdict.text) == (Outcome.DELIVERED, "took it")
    assert talk.session.was_usable  # type: ignore[attr-defined]


async def test_big_messages_go_by_data() -> None:
    big = Letter("b1@example.com", b"Subject: big\r\n\r\n" + (b"x" * 62 + b"\r\n") * (LARGEST // 64))
    verdict, talk = await after(ENVELOPE, TAKEN, letter=big)
    assert outcome(verdict) is Outcome.DELIVERED
    assert talk.receiver.heard[2] == b"DATA"


async def test_after_a_rest_it_asks_again() -> None:
    async with Receiver([[*WARMED, ASKED, CHUNK_TAKEN]]) as receiver:
        talk = Talk(receiver)
        await talk.open()
        await talk.send()
        await talk.send()
        talk.clock.turned += WARM
        assert outcome(await talk.send()) is Outcome.DELIVERED
        assert receiver.heard[-2:] == [b"BDAT 1", b"BDAT 21 LAST"]


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code", "became"),
    [
        (b"550 5.7.1 blocked\r\n503 5.5.1 no\r\n503 5.5.1 no\r\n", "550 5.7.1", Outcome.BOUNCED),
        (b"250 ok\r\n550 5.1.1 no such user\r\n503 5.5.1 no recipient\r\n", "550 5.1.1", Outcome.BOUNCED),
        (b"250 ok\r\n450 4.2.0 greylisted\r\n554 5.5.1 no recipient\r\n", "450 4.2.0", Outcome.DEFERRED),
        (b"250 ok\r\n250 ok\r\n554 5.7.1 this is spam\r\n", "554 5.7.1", Outcome.BOUNCED),
        (b"250 ok\r\n250 ok\r\n451 4.3.0 not now\r\n", "451 4.3.0", Outcome.DEFERRED),
    ],
)
async def test_whatever_is_refused_the_conversation_goes_on_after_a_reset(
    said: bytes, code: str, became: Outcome
) -> None:
    verdict, talk = await after(Say(said, lines=2, chunk=True), OK)
    assert (outcome(verdict), verdict.code) == (became, code)
    assert talk.receiver.heard[3:] == [b"RSET", b"QUIT"]
    assert talk.session.was_usable  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"550 5.7.1 blocked\r\n503 no\r\n503 no\r\n", "550 5.7.1"),
        (b"250 ok\r\n550 5.1.1 no such user\r\n503 no\r\n", "550 5.1.1"),
        (b"250 ok\r\n550 5.1.1 no such user\r\n250 nothing\r\n", "550 5.1.1"),
    ],
)
async def test_a_recipient_that_is_refused_when_it_asks_costs_no_content(said: bytes, code: str) -> None:
    verdict, talk = await after(Say(said, lines=2, chunk=True), OK, before=OPENING)
    assert (outcome(verdict), verdict.code) == (Outcome.BOUNCED, code)
    assert talk.receiver.heard[2:] == [b"BDAT 1", b"RSET", b"QUIT"]
    assert talk.receiver.contents == []


@pytest.mark.parametrize(
    "said", [b"500 what?\r\n", b"502 no\r\n", b"503 5.5.1 not now\r\n", b"452 4.3.1 full\r\n", b"354 go\r\n"]
)
async def test_a_server_that_will_not_have_a_chunk_gets_data_at_once_and_from_then_on(said: bytes) -> None:
    script = [*OPENING, Say(b"250 ok\r\n250 ok\r\n" + said, lines=2, chunk=True), OK, ENVELOPE, TAKEN, ENVELOPE, TAKEN]
    async with Receiver([script, [*OPENING, ENVELOPE, TAKEN], [*OPENING, ASKED, CHUNK_TAKEN]]) as receiver:
        talk = Talk(receiver)
        await talk.open()
        assert [outcome(await talk.send()) for _ in range(3)] == [Outcome.DELIVERED] * 3
        assert [line.split()[0] for line in receiver.heard[4:]] == (
            [b"MAIL", b"RCPT", b"BDAT", b"RSET"] + [b"MAIL", b"RCPT", b"DATA"] * 2
        )
        await talk.session.close()
        await talk.open()
        assert [outcome(await talk.send()) for _ in range(2)] == [Outcome.DELIVERED] * 2
        await talk.session.close()
        talk.clock.turned += NOT_AGAIN_FOR
        await talk.open()
        await talk.send()
        assert outcome(await talk.send()) is Outcome.DELIVERED
        assert receiver.heard[-1] == b"BDAT 21 LAST"


async def test_a_server_that_reads_chunks_as_commands_reads_no_command() -> None:
    """It offers CHUNKING and knows no BDAT: the octet stands before our RSET, and the message goes again without a try."""
    envelope = Say(b"250 ok\r\n250 ok\r\n500 BDAT?\r\n", lines=3)
    verdict, talk = await after(envelope, Say(b"500 SRSET?\r\n"), before=OPENING)
    assert verdict.judgement is trouble.CUT
    assert talk.receiver.heard[2:] == [b"BDAT 1", b"SRSET"]
    assert talk.chunking.way(talk.session, 100).value == "data"


async def test_a_bdat_that_is_not_understood_ends_the_conversation_and_costs_no_try() -> None:
    """It may have read the content as commands: nothing that it says afterwards can be believed."""
    verdict, talk = await after(
        Say(b"250 ok\r\n250 ok\r\n502 5.5.1 BDAT?\r\n500 what?\r\n500 what?\r\n", lines=2, chunk=True)
    )
    assert verdict.judgement is trouble.CUT  # a used conversation that ended: Site takes the message up again at once
    assert talk.session.messages > 1 and not talk.session.was_usable  # type: ignore[attr-defined]
    assert talk.chunking.way(talk.session, 100).value == "data"


async def test_a_server_that_takes_a_message_for_nobody_is_not_asked_again() -> None:
    said = b"250 ok\r\n550 5.1.1 no such user\r\n250 2.0.0 queued\r\n"
    verdict, talk = await after(Say(said, lines=2, chunk=True))
    assert (outcome(verdict), verdict.code) == (Outcome.BOUNCED, "550 5.1.1")
    assert not talk.session.was_usable  # type: ignore[attr-defined]
    assert talk.chunking.way(talk.session, 100).value == "data"


async def test_a_server_that_refuses_the_sender_and_takes_the_rest_leaves_it_in_doubt() -> None:
    verdict, _ = await after(Say(b"451 4.3.0 no\r\n250 ok\r\n250 2.0.0 queued\r\n", lines=2, chunk=True))
    assert outcome(verdict) is Outcome.IN_DOUBT


async def test_an_answer_that_is_neither_yes_nor_no_leaves_it_in_doubt() -> None:
    verdict, _ = await after(Say(b"250 ok\r\n250 ok\r\n354 go on\r\n", lines=2, chunk=True))
    assert outcome(verdict) is Outcome.IN_DOUBT


@pytest.mark.parametrize("before", [b"", b"250 ok\r\n", b"250 ok\r\n250 ok\r\n"])
async def test_421_may_come_anywhere_and_is_no_doubt(before: bytes) -> None:
    verdict, talk = await after(Say(before + b"421 4.3.2 closing\r\n", lines=2, chunk=True))
    assert (outcome(verdict), verdict.code) == (Outcome.DEFERRED, "421 4.3.2")
    assert not talk.session.was_usable  # type: ignore[attr-defined]


# --- cut ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("replies", [b"", b"250 ok\r\n", b"250 ok\r\n250 ok\r\n", b"250 ok\r\n250 ok\r\n250-al", b"25"])
@pytest.mark.parametrize("end", [CUT, HANG])
async def test_cut_after_the_last_chunk_is_in_doubt(replies: bytes, end: object) -> None:
    verdict, talk = await after(
        Say(replies, lines=2, chunk=True), Say(end, lines=0), timeouts=HASTY if end is HANG else PATIENT
    )
    assert outcome(verdict) is Outcome.IN_DOUBT
    assert "after the whole message was sent" in verdict.text
    assert talk.chunking.way(talk.session, 100).value == "data"


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        (b"550 5.7.1 blocked\r\n", "550 5.7.1"),
        (b"250 ok\r\n550 5.1.1 unknown\r\n", "550 5.1.1"),
        (b"250 ok\r\n550 5.1.1 unknown\r\n50", "550 5.1.1"),
    ],
)
async def test_a_refusal_before_the_cut_is_none(replies: bytes, code: str) -> None:
    verdict, _ = await after(Say(replies, lines=2, chunk=True), Say(CUT, lines=0))
    assert (outcome(verdict), verdict.code) == (Outcome.BOUNCED, code)


@pytest.mark.parametrize("replies", [b"", b"250 ok\r\n", b"250 ok\r\n250 ok\r\n"])
async def test_cut_while_it_asks_is_certainly_not_delivered(replies: bytes) -> None:
    verdict, talk = await after(Say(replies, lines=2, chunk=True), Say(CUT, lines=0), before=OPENING)
    assert verdict.judgement is trouble.CUT
    assert talk.receiver.contents == []


@pytest.mark.parametrize("end", [CUT, HANG])
async def test_cut_after_asking_and_sending_is_in_doubt(end: object) -> None:
    verdict, _ = await after(
        ASKED, Say(end, lines=0, chunk=True), before=OPENING, timeouts=HASTY if end is HANG else PATIENT
    )
    assert outcome(verdict) is Outcome.IN_DOUBT


async def test_a_server_that_hangs_up_between_two_messages_gets_nothing() -> None:
    """Seen after the wait for leave and before the write: no doubt, and no try."""
    async with Receiver([[*WARMED, Say(CUT, lines=0)]]) as receiver:
        talk = Talk(receiver)
        await talk.open()
        await talk.send()
        await talk.send()

        async def slow() -> None:
            await asyncio.sleep(0.05)

        verdict = await talk.send(ask=slow)
        assert verdict.judgement is trouble.CUT
        assert len(receiver.contents) == 2


# --- leave --------------------------------------------------------------------------------------------------------------


async def test_without_leave_nothing_is_written_and_the_conversation_stands() -> None:
    async with Receiver([[*WARMED, ALL_TAKEN]]) as receiver:
        talk = Talk(receiver)
        await talk.open()
        await talk.send()
        await talk.send()
        heard = len(receiver.heard)
        with pytest.raises(NoLeave):
            await talk.send(ask=refused)
        await asyncio.sleep(0.02)
        assert len(receiver.heard) == heard and len(receiver.contents) == 2
        assert talk.session.usable
        assert outcome(await talk.send()) is Outcome.DELIVERED


async def test_without_leave_after_asking_no_content_is_written() -> None:
    async with Receiver([[*OPENING, ASKED, CHUNK_TAKEN]]) as receiver:
        talk = Talk(receiver)
        await talk.open()
        await talk.send()
        with pytest.raises(NoLeave):
            await talk.send(ask=refused)
        await asyncio.sleep(0.02)
        assert len(receiver.contents) == 1
        assert not talk.session.usable


async def test_leave_that_comes_late_is_waited_for_before_the_content() -> None:
    async with Receiver([[*WARMED, ALL_TAKEN]]) as receiver:
        talk = Talk(receiver)
        await talk.open()
        given = asyncio.Event()

        async def late() -> None:
            await given.wait()

        await talk.send()
        for whole in (1, 2):
            given.clear()
            sending = asyncio.ensure_future(talk.send(ask=late))
            await asyncio.sleep(0.05)
            assert len(receiver.contents) == whole
            given.set()
            assert outcome(await sending) is Outcome.DELIVERED


# --- the whole relay ------------------------------------------------------------------------------------------------------


class Server:
    """A receiver that understands DATA and BDAT; `last`: what it says to the last chunk of a message, None: it hangs up."""

    def __init__(self, last: bytes | None = b"250 2.0.0 queued\r\n") -> None:
        self.last = last
        self.by_data: list[bytes] = []
        self.by_chunks: list[bytes] = []
        self.refused = 0

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=1_000_000)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = b""
        writer.write(b"220 mx ESMTP\r\n")
        try:
            while line := (await reader.readuntil(b"\r\n")).rstrip(b"\r\n"):
                verb, _, rest = line.partition(b" ")
                said: bytes | None = b"250 2.0.0 ok\r\n"
                if verb == b"EHLO":
                    said = b"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
                elif verb == b"DATA":
                    writer.write(b"354 go\r\n")
                    self.by_data.append(await reader.readuntil(b"\r\n.\r\n"))
                elif verb == b"BDAT":
                    octets, _, last = rest.partition(b" ")
                    begun += await reader.readexactly(int(octets))
                    if last:
                        said = self.last
                        if said is not None and said.startswith(b"250"):
                            self.by_chunks.append(begun)
                        else:
                            self.refused += 1
                        begun = b""
                elif verb in (b"RSET", b"MAIL"):
                    begun = b""
                if said is None:
                    writer.transport.abort()
                    return
                writer.write(said)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def test_a_send_goes_by_chunks_and_everybody_gets_it_once() -> None:
    async with Server() as server, world(server.port) as w:
        ids = w.town.add(400)
        await w.until(lambda: w.town.outcomes().get("delivered") == 400)
        assert len(server.by_data) <= 10  # the first of each conversation
        got = [
            int(content.split(b"Subject: ")[1].split(b"\r\n")[0]) for content in (*server.by_data, *server.by_chunks)
        ]
        assert sorted(got) == ids


async def test_a_server_that_does_not_know_its_own_chunks_costs_nobody_a_try() -> None:
    async with Server(last=b"502 5.5.1 BDAT?\r\n") as server, world(server.port) as w:
        w.town.add(200)
        await w.until(lambda: len(w.town.settled) == 200)
        assert w.town.outcomes() == {"delivered": 200}
        assert 1 <= server.refused <= 10  # one in each conversation that had begun
        assert len(server.by_data) == 200


async def test_a_server_that_hangs_up_on_chunks_leaves_what_was_under_way_in_doubt_and_no_more() -> None:
    async with Server(last=None) as server, world(server.port) as w:
        w.town.add(200)
        await w.until(lambda: len(w.town.settled) == 200)
        outcomes = w.town.outcomes()
        assert outcomes.keys() == {"delivered", "in_doubt"}
        assert outcomes["in_doubt"] == server.refused <= 10
        assert len(server.by_data) == outcomes["delivered"]


async def test_a_pause_stops_chunks_too_and_keeps_the_conversations() -> None:
    async with Server() as server, world(server.port) as w:
        w.town.slow_flush = 0.02
        ids = w.town.add(400)
        await w.until(lambda: len(server.by_chunks) > 20)
        w.town.holds[1] = "paused"
        at = len(server.by_chunks) + len(server.by_data)
        await asyncio.sleep(0.4)
        stopped = len(server.by_chunks) + len(server.by_data)
        assert stopped - at <= 12  # what had its leave already
        await asyncio.sleep(0.2)
        assert len(server.by_chunks) + len(server.by_data) == stopped
        del w.town.holds[1]
        w.town._news.set()
        await w.until(lambda: w.town.outcomes().get("delivered") == len(ids), within=40)
        assert set(w.town.outcomes()) == {"delivered"}
