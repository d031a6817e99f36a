"""How often a client may come."""

from sending.mailroom.manners import MOST_CLIENTS, Limits, Pace
from sending.mailroom.reception import Reception
from tests.sending.mailroom.test_reception import Book, Line


def test_a_pace_is_kept_and_forgiven() -> None:
    pace = Pace(60)
    assert [pace.allows("a", now=0.0) for _ in range(61)] == [True] * 60 + [False]
    assert pace.allows("b", now=0.0), "others are not asked to wait"
    assert pace.allows("a", now=1.1)
    assert not pace.allows("a", now=1.2)
    assert [pace.allows("a", now=500.0) for _ in range(61)][-2:] == [True, False]


def test_none_is_no_limit_and_memory_is_bounded() -> None:
    assert all(Pace(0).allows("a") for _ in range(10_000))
    pace = Pace(1)
    for n in range(MOST_CLIENTS + 100):
        pace.allows(str(n), now=float(n))
    assert len(pace._clients) == MOST_CLIENTS


async def test_who_hurries_is_asked_to_come_back() -> None:
    book = Book()
    limits = Limits(messages_a_minute=2, connections_a_minute=3)
    reception = Reception(book, host_name="mx.example", limits=limits)
    port = await reception.open("127.0.0.1", 0)
    try:
        async with Line(port) as line:
            await line.say("EHLO me")
            answers = []
            for _ in range(3):
                await line.say("MAIL FROM:<a@x.example>")
                await line.say("RCPT TO:<b@x.example>")
                answers.append((await line.say("DATA"))[:3])
                if answers[-1] == "354":
                    await line.say(b"Subject: x\r\n\r\nhello\r\n.\r\n")
            assert answers == ["354", "354", "451"]
        for _ in range(2):
            async with Line(port):
                pass
        line = Line(port)
        try:
            await line.__aenter__()
        except AssertionError:
            pass
        else:
            raise AssertionError("the fourth connection of a minute was let in")
        finally:
            line.writer.close()
        assert len(book.taken) == 2
    finally:
        await reception.close(patience=1)
