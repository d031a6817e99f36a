"""Messages that come by BDAT (RFC 3030): octets are counted, nothing inside of them is a command, every refusal is clear."""

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.judging.trouble import Outcome
from sending.mailroom.chunks import BadChunk, read_chunk
from sending.mailroom.reception import Limits, Reception
from sending.relay.chunking import Chunking
from sending.relay.ports import Letter, SystemClock
from sending.relay.session import Timeouts, connect
from sending.relay.transactions import carry
from tests.sending.mailroom.test_reception import Book, Line

ENVELOPE = b"MAIL FROM:<s@x.example>\r\nRCPT TO:<a@x.example>\r\n"
TRICKS = b"Subject: x\r\n\r\n.\r\nRSET\r\nMAIL FROM:<evil@x.example>\r\n.\r\n"


class Client(Line):
    """A client that has said EHLO."""

    async def __aenter__(self) -> "Client":
        await super().__aenter__()
        assert (await self.say("EHLO me")).startswith("250")
        return self

    async def all(self, octets: bytes, replies: int) -> list[str]:
        self.writer.write(octets)
        return [(await self.reply())[:3] for _ in range(replies)]


@pytest.fixture
async def reception() -> Reception:
    limits = Limits(message_octets=10_000, errors=6, idle_seconds=0.6, data_seconds=1.0)
    made = Reception(Book(), host_name="mx.test.example", limits=limits)
    made.port = await made.open("127.0.0.1", 0)  # type: ignore[attr-defined]
    return made


def bdat(octets: bytes, *, last: bool = True) -> bytes:
    return b"BDAT %d%s\r\n" % (len(octets), b" LAST" if last else b"") + octets


async def test_what_is_in_a_chunk_is_never_a_command(reception: Reception) -> None:
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        assert await client.all(ENVELOPE + bdat(TRICKS), 3) == ["250"] * 3
        assert await client.all(ENVELOPE + bdat(TRICKS[:20], last=False) + bdat(TRICKS[20:]), 4) == ["250"] * 4
        assert await client.all(ENVELOPE + bdat(TRICKS, last=False) + b"BDAT 0 LAST\r\n", 4) == ["250"] * 4
    assert [row[2] for row in reception.clerk.taken] == [TRICKS] * 3  # type: ignore[attr-defined]
    await reception.close()


async def test_octets_may_come_in_any_pieces(reception: Reception) -> None:
    octets = ENVELOPE + bdat(TRICKS[:9], last=False) + bdat(TRICKS[9:]) + ENVELOPE + bdat(TRICKS)
    chance = random.Random(5)
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        for _ in range(5):
            cuts = sorted(chance.sample(range(1, len(octets)), 12))
            for begin, end in zip([0, *cuts], [*cuts, len(octets)], strict=True):
                client.writer.write(octets[begin:end])
                await asyncio.sleep(0.002)
            assert [(await client.reply())[:3] for _ in range(7)] == ["250"] * 7
    assert [row[2] for row in reception.clerk.taken] == [TRICKS] * 10  # type: ignore[attr-defined]
    await reception.close()


async def test_a_chunk_without_a_recipient_is_read_and_refused(reception: Reception) -> None:
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        assert await client.all(bdat(TRICKS), 1) == ["503"]
        assert await client.all(b"MAIL FROM:<s@x.example>\r\nRCPT TO:<nobody@x.example>\r\n" + bdat(TRICKS), 3) == [
            *("250", "550", "503")
        ]
        assert await client.all(ENVELOPE + bdat(TRICKS), 3) == ["250"] * 3
    assert len(reception.clerk.taken) == 1  # type: ignore[attr-defined]
    await reception.close()


async def test_a_message_is_sent_in_one_way(reception: Reception) -> None:
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        begun = ENVELOPE + b"BDAT 0\r\n"
        assert await client.all(begun + b"DATA\r\nRCPT TO:<b@x.example>\r\nRSET\r\n", 6) == [
            *("250", "250", "250", "503", "503", "250")
        ]
        assert await client.all(ENVELOPE + bdat(TRICKS), 3) == ["250"] * 3
    await reception.close()


async def test_what_is_too_big_is_read_to_its_end_and_refused(reception: Reception) -> None:
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        big = b"x" * 6_000
        assert await client.all(ENVELOPE + bdat(big, last=False) + bdat(big) + b"NOOP\r\n", 5) == [
            *("250", "250", "250", "552", "250")
        ]
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        assert await client.all(ENVELOPE + b"BDAT 999999999999 LAST\r\nNOOP\r\n", 3) == ["250", "250", "552"]
        assert await client.reader.read() == b""
    assert reception.in_flight == 0
    await reception.close()


async def test_a_bare_newline_is_refused(reception: Reception) -> None:
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        assert await client.all(ENVELOPE + bdat(b"Subject: x\n\r\n.\n"), 3) == ["250", "250", "554"]
    assert reception.clerk.taken == []  # type: ignore[attr-defined]
    await reception.close()


async def test_a_count_that_cannot_be_read_ends_the_conversation(reception: Reception) -> None:
    """What follows it might be content or commands; it is taken for neither."""
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        assert await client.all(ENVELOPE + b"BDAT many LAST\r\nMAIL FROM:<evil@x.example>\r\n", 3) == [
            "250",
            "250",
            "501",
        ]
        assert await client.reader.read() == b""
    await reception.close()


async def test_a_client_that_stalls_or_leaves_in_a_chunk_sends_nothing(reception: Reception) -> None:
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        assert await client.all(ENVELOPE + b"BDAT 100 LAST\r\nhalf", 3) == ["250", "250", "421"]
    async with Client(reception.port) as client:  # type: ignore[attr-defined]
        assert await client.all(ENVELOPE + b"BDAT 100 LAST\r\nhalf", 2) == ["250", "250"]
    await asyncio.sleep(0.05)
    assert reception.clerk.taken == []  # type: ignore[attr-defined]
    assert reception.in_flight == 0
    await reception.close()


async def test_without_chunking_it_is_no_command() -> None:
    reception = Reception(Book(), host_name="mx.test.example", chunking=False)
    port = await reception.open("127.0.0.1", 0)
    async with Client(port) as client:
        assert (await client.say(ENVELOPE + b"BDAT 0 LAST\r\n"))[:3] == "250"
        assert [(await client.reply())[:3] for _ in range(2)] == ["250", "500"]
    await reception.close()


async def test_the_relay_and_the_reception_understand_each_other(reception: Reception) -> None:
    """Our own sender against our own receiver: DATA, asking, in one write; a refused recipient between them."""
    timeouts = Timeouts(connect=5, greeting=5, command=5, data=5, write=5, final=5, quit=1)
    session = await connect("127.0.0.1", reception.port, host="mx.example", timeouts=timeouts)  # type: ignore[attr-defined]
    await session.open(name="relay.example", tls=None)
    chunking = Chunking(SystemClock())

    async def granted() -> None:
        return None

    outcomes = []
    for address in ("a@x.example", "b@x.example", "c@x.example", "nobody@x.example", "d@x.example"):
        letter = Letter("s@x.example", TRICKS)
        verdict = await carry(session, letter, address, provider="Other", ask=granted, chunking=chunking)
        outcomes.append(verdict.judgement.outcome)
    await session.close()
    assert outcomes == [*[Outcome.DELIVERED] * 3, Outcome.BOUNCED, Outcome.DELIVERED]
    taken = reception.clerk.taken  # type: ignore[attr-defined]
    assert [(row[1], row[2]) for row in taken] == [([f"{name}@x.example"], TRICKS) for name in "abcd"]
    await reception.close()


@given(st.binary(max_size=40))
def test_any_argument_is_read_or_refused(rest: bytes) -> None:
    try:
        octets, _ = read_chunk(rest)
    except BadChunk:
        return
    assert 0 <= octets < 10**12
