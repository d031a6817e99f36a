"""BDAT into a real Postfix: it takes our chunks, refuses a recipient in the midst of them, and we go on in one conversation."""

import asyncio

import pytest

from bench.send_postfix import Postfix
from bench.send_receivers import sink
from posthouse.up.ports import OFFSETS
from sending.judging.trouble import Outcome
from sending.relay.chunking import Chunking
from sending.relay.ports import Letter, SystemClock
from sending.relay.session import Timeouts, connect
from sending.relay.transactions import carry
from tests.receivers import real_postfix

PORT = 18_700  # like a house's; see bench/send_postfix.py
TRICKS = b"From: a@x.example\r\nSubject: x\r\n\r\n.\r\nRSET\r\n..\r\nDATA\r\n"


@pytest.mark.skipif(bool(real_postfix.why_not()), reason="needs a real Postfix")
def test_postfix_takes_our_chunks() -> None:
    assert max(OFFSETS) < 10
    with sink(PORT + 7), Postfix(port=PORT, sink_port=PORT + 7) as postfix:
        outcomes, commands = asyncio.run(_converse(postfix.port))
    assert outcomes == [*[Outcome.DELIVERED] * 3, Outcome.BOUNCED, Outcome.DELIVERED]
    assert commands == [b"DATA", b"BDAT 1", b"BDAT", b"BDAT", b"BDAT", b"BDAT"]


async def _converse(port: int) -> tuple[list[Outcome], list[bytes]]:
    session = await connect("127.0.0.1", port, host="mx.example", timeouts=Timeouts())
    await session.open(name="relay.example", tls=None)
    commands: list[bytes] = []
    write = session.wire.write

    def listening(octets: bytes) -> None:
        for line in octets.split(b"\r\n")[:3]:
            if line == b"DATA" and not octets.startswith(b"From"):
                commands.append(line)
            elif line.startswith(b"BDAT"):
                commands.append(line if line == b"BDAT 1" else b"BDAT")
        write(octets)

    session.wire.write = listening  # type: ignore[method-assign]
    chunking = Chunking(SystemClock())

    async def granted() -> None:
        return None

    outcomes = []
    for address in ("a@home0.example", "b@home0.example", "c@home0.example", "<not", "d@home0.example"):
        letter = Letter("s@x.example", TRICKS)
        verdict = await carry(session, letter, address, provider="Other", ask=granted, chunking=chunking)
        outcomes.append(verdict.judgement.outcome)
    assert session.usable
    await session.close()
    return outcomes, commands
