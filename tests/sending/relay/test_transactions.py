"""Conversations with scripted receivers: what is sent, what is concluded, and above all when a final dot may have gone out."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sending.judging.trouble import Effect, Outcome
from sending.relay.chunking import Chunking
from sending.relay.ports import Letter, SystemClock, Verdict
from sending.relay.session import Session, Timeouts, connect
from sending.relay.transactions import NoLeave, carry
from tests.sending.relay.scripted import CUT, EHLO, ENVELOPE, GREETING, HANG, PLAIN_EHLO, TAKEN, Receiver, Say

PATIENT = Timeouts(connect=10, greeting=10, command=10, data=10, write=10, final=10, quit=1)
HASTY = Timeouts(connect=10, greeting=10, command=0.3, data=0.3, write=0.3, final=0.3, quit=0.2)
CHUNKING = Chunking(SystemClock())
LETTER = Letter("b1-abc@bounces.example.com", b"Subject: hi\r\n\r\nhello\r\n")


async def granted() -> None:
    return None


async def refused() -> None:
    raise NoLeave


async def open_session(receiver: Receiver, timeouts: Timeouts = PATIENT) -> Session:
    session = await connect("127.0.0.1", receiver.port, host="mx.example", timeouts=timeouts)
    await session.open(name="relay.example", tls=None)
    return session


async def converse(
    *script: Say,
    letter: Letter = LETTER,
    address: str = "a@example.com",
    ask: Callable[[], Awaitable[None]] = granted,
    timeouts: Timeouts = PATIENT,
) -> tuple[Verdict, Receiver, Session]:
    async with Receiver([script]) as receiver:
        session = await open_session(receiver, timeouts)
        verdict = await carry(session, letter, address, provider="Other", ask=ask, chunking=CHUNKING)
        usable = session.usable
        await session.close()
        await asyncio.sleep(0.01)
        session.was_usable = usable  # type: ignore[attr-defined]
        return verdict, receiver, session


async def test_a_message_is_delivered() -> None:
    verdict, receiver, session = await converse(GREETING, EHLO, ENVELOPE, TAKEN)
    assert verdict.judgement.outcome is Outcome.DELIVERED
    assert verdict.code == "250 2.0.0"
    assert verdict.host == "mx.example"
    assert receiver.heard[:4] == [
        b"EHLO relay.example",
        b"MAIL FROM:<b1-abc@bounces.example.com> SIZE=22",
        b"RCPT TO:<a@example.com>",
        b"DATA",
    ]
    assert receiver.contents == [b"Subject: hi\r\n\r\nhello\r\n.\r\n"]
    assert session.was_usable  # type: ignore[attr-defined]


@pytest.mark.parametrize("pieces", [1, 2, 7, 50])
async def test_replies_may_come_in_any_pieces(pieces: int) -> None:
    long = Say(b"250-2.1.0 well\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n354-go\r\n354 on\r\n", lines=3, pieces=pieces)
    verdict, _, _ = await converse(
        GREETING, Say(EHLO.octets, pieces=pieces), long, Say(b"250-a\r\n250 b\r\n", content=True, pieces=pieces)
    )
    assert verdict.judgement.outcome is Outcome.DELIVERED
    assert verdict.text == "a b"


async def test_without_pipelining_each_command_waits_for_its_reply() -> None:
    ok = Say(b"250 ok\r\n")
    verdict, receiver, _ = await converse(GREETING, PLAIN_EHLO, ok, ok, Say(b"354 go\r\n"), TAKEN)
    assert verdict.judgement.outcome is Outcome.DELIVERED
    assert receiver.heard[1] == b"MAIL FROM:<b1-abc@bounces.example.com>"


async def test_a_server_that_knows_no_ehlo_is_greeted_the_old_way() -> None:
    ok = Say(b"250 ok\r\n")
    verdict, receiver, _ = await converse(GREETING, Say(b"500 what?\r\n"), ok, ok, ok, Say(b"354 go\r\n"), TAKEN)
    assert verdict.judgement.outcome is Outcome.DELIVERED
    assert receiver.heard[:2] == [b"EHLO relay.example", b"HELO relay.example"]


async def test_a_refused_recipient_whose_data_was_pipelined_gets_a_lone_dot_and_no_message() -> None:
    envelope = Say(b"250 ok\r\n550 5.1.1 no such user\r\n354 go\r\n", lines=3)
    verdict, receiver, session = await converse(
        GREETING, EHLO, envelope, Say(b"554 no recipients\r\n", content=True), Say(b"250 ok\r\n")
    )
    assert verdict.judgement.outcome is Outcome.BOUNCED
    assert verdict.judgement.suppress == "invalid"
    assert receiver.contents == [b".\r\n"]
    assert receiver.heard[4] == b"RSET"
    assert session.was_usable  # type: ignore[attr-defined]


async def test_a_refused_recipient_and_refused_data_leave_a_usable_session() -> None:
    envelope = Say(b"250 ok\r\n450 4.2.0 greylisted\r\n503 5.5.1 no\r\n", lines=3)
    verdict, receiver, session = await converse(GREETING, EHLO, envelope, Say(b"250 ok\r\n"))
    assert verdict.judgement.outcome is Outcome.DEFERRED
    assert verdict.judgement.category == "greylisted"
    assert receiver.contents == []
    assert session.was_usable  # type: ignore[attr-defined]


@pytest.mark.parametrize("place", ["mail", "rcpt", "data", "content"])
async def test_421_may_come_anywhere_and_ends_the_session(place: str) -> None:
    bye = b"421 4.3.2 shutting down\r\n"
    before = {"mail": b"", "rcpt": b"250 ok\r\n", "data": b"250 ok\r\n250 ok\r\n"}
    script = [GREETING, EHLO]
    script += [Say(before[place] + bye, lines=3)] if place in before else [ENVELOPE, Say(bye, content=True)]
    verdict, _, session = await converse(*script)
    assert verdict.judgement.outcome is Outcome.DEFERRED
    assert verdict.judgement.effect is Effect.CLOSE
    assert verdict.code == "421 4.3.2"
    assert not session.was_usable  # type: ignore[attr-defined]


@pytest.mark.parametrize("replies", [b"", b"250 ok\r\n", b"250 ok\r\n250 ok\r\n", b"25"])
async def test_a_cut_before_the_content_is_certainly_not_delivered(replies: bytes) -> None:
    verdict, receiver, _ = await converse(GREETING, EHLO, Say(replies, lines=3), Say(CUT, lines=0))
    assert verdict.judgement.outcome is Outcome.DEFERRED
    assert verdict.code == ""
    assert receiver.contents == []


async def test_a_refusal_before_the_cut_counts() -> None:
    verdict, _, _ = await converse(GREETING, EHLO, Say(b"250 ok\r\n550 5.1.1 unknown\r\n", lines=3), Say(CUT, lines=0))
    assert verdict.judgement.outcome is Outcome.BOUNCED


async def test_a_cut_after_the_final_dot_is_in_doubt() -> None:
    verdict, receiver, session = await converse(GREETING, EHLO, ENVELOPE, Say(CUT, content=True))
    assert verdict.judgement.outcome is Outcome.IN_DOUBT
    assert "after the whole message was sent" in verdict.text
    assert receiver.contents
    assert not session.was_usable  # type: ignore[attr-defined]


async def test_half_a_reply_and_a_cut_is_in_doubt_too() -> None:
    verdict, _, _ = await converse(GREETING, EHLO, ENVELOPE, Say(b"250-almost\r\n250", content=True), Say(CUT, lines=0))
    assert verdict.judgement.outcome is Outcome.IN_DOUBT


async def test_no_answer_to_the_final_dot_is_in_doubt() -> None:
    verdict, _, _ = await converse(GREETING, EHLO, ENVELOPE, Say(HANG, content=True), timeouts=HASTY)
    assert verdict.judgement.outcome is Outcome.IN_DOUBT
    assert "no answer within 0.3 seconds" in verdict.text


async def test_no_answer_to_the_envelope_is_not() -> None:
    verdict, _, _ = await converse(GREETING, EHLO, Say(HANG, lines=3), timeouts=HASTY)
    assert verdict.judgement.outcome is Outcome.DEFERRED
    assert "no answer" in verdict.text


async def test_without_leave_no_dot_goes_out() -> None:
    async with Receiver([[GREETING, EHLO, ENVELOPE, TAKEN]]) as receiver:
        session = await open_session(receiver)
        with pytest.raises(NoLeave):
            await carry(session, LETTER, "a@example.com", provider="Other", ask=refused, chunking=CHUNKING)
        await asyncio.sleep(0.05)
        assert receiver.contents == []
        assert not session.usable


async def test_without_leave_a_big_message_ends_without_its_dot() -> None:
    big = Letter("b@example.com", b"Subject: big\r\n\r\n" + b"x" * 70 * 1_000 + b"\r\n")
    async with Receiver([[GREETING, EHLO, ENVELOPE, TAKEN]]) as receiver:
        session = await open_session(receiver)
        with pytest.raises(NoLeave):
            await carry(session, big, "a@example.com", provider="Other", ask=refused, chunking=CHUNKING)
        await asyncio.sleep(0.05)
        assert receiver.contents == []


async def test_a_big_message_arrives_whole() -> None:
    big = Letter("b@example.com", b"Subject: big\r\n\r\n" + b".dotted line\r\n" * 20_000)
    verdict, receiver, _ = await converse(GREETING, EHLO, ENVELOPE, TAKEN, letter=big)
    assert verdict.judgement.outcome is Outcome.DELIVERED
    assert receiver.contents == [b"Subject: big\r\n\r\n" + b"..dotted line\r\n" * 20_000 + b".\r\n"]


async def test_a_refused_content_is_judged_as_one() -> None:
    verdict, _, _ = await converse(GREETING, EHLO, ENVELOPE, Say(b"554 5.7.1 this is spam\r\n", content=True))
    assert verdict.judgement.outcome is Outcome.BOUNCED
    assert verdict.judgement.category == "content"
    assert verdict.judgement.suppress == ""


async def test_what_the_server_cannot_take_is_not_even_tried() -> None:
    huge = Letter("b@example.com", b"x" * 1_000_001)
    verdict, receiver, _ = await converse(GREETING, EHLO, letter=huge)
    assert (verdict.judgement.outcome, verdict.code) == (Outcome.BOUNCED, "552 5.3.4")
    eight = Letter("b@example.com", b"\xff\r\n", eight_bit=True)
    verdict, _, _ = await converse(GREETING, PLAIN_EHLO, letter=eight)
    assert verdict.code == "554 5.6.3"
    verdict, _, _ = await converse(GREETING, EHLO, address="zoë@example.com")
    assert verdict.code == "553 5.6.7"
    assert receiver.heard[1:] == [b"QUIT"]


async def test_extensions_are_used_when_they_are_needed() -> None:
    ehlo = Say(b"250-mx\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 8bitmime\r\n")
    letter = Letter("b@example.com", "Subject: ü\r\n\r\n".encode(), eight_bit=True)
    verdict, receiver, _ = await converse(GREETING, ehlo, ENVELOPE, TAKEN, letter=letter, address="zoë@example.com")
    assert verdict.judgement.outcome is Outcome.DELIVERED
    assert receiver.heard[1] == b"MAIL FROM:<b@example.com> BODY=8BITMIME SMTPUTF8"
    assert receiver.heard[2] == "RCPT TO:<zoë@example.com>".encode()


@pytest.mark.parametrize(
    "nonsense",
    [b"HTTP/1.1 400 Bad Request\r\n", b"250-ok\r\n354 go\r\n", b"\x00\x01\x02\n", b"x" * 10_000, b"999 what\r\n"],
)
async def test_what_is_no_smtp_ends_the_conversation(nonsense: bytes) -> None:
    verdict, _, session = await converse(GREETING, EHLO, Say(nonsense, lines=3))
    assert verdict.judgement.outcome is Outcome.DEFERRED
    assert not session.was_usable  # type: ignore[attr-defined]


async def test_a_session_carries_many_messages() -> None:
    async with Receiver([[GREETING, EHLO, ENVELOPE, TAKEN, ENVELOPE, TAKEN, ENVELOPE, TAKEN]]) as receiver:
        session = await open_session(receiver)
        for _ in range(3):
            verdict = await carry(session, LETTER, "a@example.com", provider="Other", ask=granted, chunking=CHUNKING)
            assert verdict.judgement.outcome is Outcome.DELIVERED
        assert session.messages == 3
        assert receiver.connections == 1
        await session.close()


async def test_an_answer_to_the_final_dot_that_is_neither_yes_nor_no_leaves_it_in_doubt() -> None:
    verdict, _, session = await converse(GREETING, EHLO, ENVELOPE, Say(b"354 more\r\n", content=True))
    assert verdict.judgement.outcome is Outcome.IN_DOUBT
    assert not session.was_usable  # type: ignore[attr-defined]
