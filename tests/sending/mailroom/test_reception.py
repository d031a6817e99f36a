"""The SMTP server: what it answers, what it refuses, what it survives."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator

import pytest

from posthouse.sandbox.world import certificate
from sending.mailroom.reception import Limits, Reception, Session, read_path


class Book:
    """A clerk that writes everything down."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes, bool]] = []
        self.hold: asyncio.Event | None = None

    async def greet(self, session: Session) -> str:
        return "220 book"

    async def mail(self, session: Session, sender: str) -> str:
        return "421 4.7.0 go away" if sender == "fast@sender.example" else "250 2.1.0 fine"

    async def rcpt(self, session: Session, recipient: str) -> str:
        return "550 5.1.1 nobody" if recipient.startswith("nobody") else "250 2.1.5 fine"

    async def take(self, session: Session, data: bytes) -> str:
        if self.hold is not None:
            await self.hold.wait()
        if b"break" in data:
            raise RuntimeError("the clerk fell over")
        self.taken.append((session.sender or "", list(session.recipients), data, session.tls))
        return "250 2.0.0 taken"


class Line:
    """A client that speaks by hand."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __aenter__(self) -> "Line":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        assert (await self.reply()).startswith("220")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def reply(self) -> str:
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 5)).decode()
            if line[3:4] != "-":
                return line.strip()

    async def say(self, text: str | bytes) -> str:
        self.writer.write(text if isinstance(text, bytes) else text.encode() + b"\r\n")
        return await self.reply()


async def drip(writer: asyncio.StreamWriter) -> None:
    """One octet at a time, for ever."""
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.1)


@pytest.fixture
async def book() -> Book:
    return Book()


@pytest.fixture
async def reception(book: Book) -> AsyncIterator[Reception]:
    limits = Limits(message_octets=10_000, recipients=3, errors=4, idle_seconds=0.6, data_seconds=1.0, connections=8)
    made = Reception(book, host_name="mx.test.example", limits=limits, tls=certificate(("mx.test.example",)))
    made.port = await made.open("127.0.0.1", 0)  # type: ignore[attr-defined]
    yield made
    await made.close(patience=1)


@pytest.fixture
def port(reception: Reception) -> int:
    return reception.port  # type: ignore[attr-defined,no-any-return]


async def test_takes_a_message_from_a_real_client(port: int, book: Book) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
            client.sendmail("", ["a@x.example", "b@x.example"], "Subject: hi\r\n\r\n.dot\r\n..two\r\n")

    await asyncio.to_thread(send)
    assert book.taken == [("", ["a@x.example", "b@x.example"], b"Subject: hi\r\n\r\n.dot\r\n..two\r\n", False)]


async def test_takes_a_message_over_tls(port: int, book: Book) -> None:
    def send() -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
            client.starttls(context=context)
            client.sendmail("s@x.example", ["a@x.example"], "Subject: hi\r\n\r\nhello\r\n")

    await asyncio.to_thread(send)
    assert book.taken[0][3] is True


async def test_answers_a_whole_pipelined_conversation_in_order(port: int, book: Book) -> None:
    async with Line(port) as line:
        line.writer.write(
            b"EHLO x\r\nMAIL FROM:<s@x.example> SIZE=10\r\nRCPT TO:<nobody@x.example>\r\nRCPT TO:<a@x.example>\r\nDATA\r\n"
        )
        assert [(await line.reply())[:3] for _ in range(5)] == ["250", "250", "550", "250", "354"]
        line.writer.write(b"one\r\n.\r\nMAIL FROM:<s@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n")
        assert [(await line.reply())[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        assert (await line.say(b"two\r\n.\r\nQUIT\r\n"))[:3] == "250"
        assert (await line.reply())[:3] == "221"
    assert [(r, d) for _, r, d, _ in book.taken] == [(["a@x.example"], b"one\r\n"), (["b@x.example"], b"two\r\n")]


async def test_what_is_pipelined_behind_starttls_is_refused(port: int, book: Book) -> None:
    async with Line(port) as line:
        await line.say("EHLO x")
        assert (await line.say(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n"))[:3] == "503"
        assert await line.reader.read() == b""


async def test_bare_newlines_in_data_are_refused_and_smuggle_nothing(port: int, book: Book) -> None:
    async with Line(port) as line:
        await line.say("EHLO x")
        await line.say("MAIL FROM:<s@x.example>")
        await line.say("RCPT TO:<a@x.example>")
        await line.say("DATA")
        reply = await line.say(b"hello\n.\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<v@x.example>\r\nDATA\r\nbad\r\n.\r\n")
        assert reply.startswith("554 5.6.0")
        assert (await line.say("NOOP"))[:3] == "250"
    assert book.taken == []


async def test_too_much_is_refused_at_once_and_while_reading(port: int, book: Book) -> None:
    async with Line(port) as line:
        await line.say("EHLO x")
        assert (await line.say("MAIL FROM:<s@x.example> SIZE=20000")).startswith("552")
        assert (await line.say("MAIL FROM:<s@x.example>"))[:3] == "250"
        for n in range(3):
            assert (await line.say(f"RCPT TO:<a{n}@x.example>"))[:3] == "250"
        assert (await line.say("RCPT TO:<a4@x.example>")).startswith("452 4.5.3")
        await line.say("DATA")
        assert (await line.say(b"x" * 20_000 + b"\r\n.\r\n")).startswith("552 5.3.4")
        assert (await line.say("MAIL FROM:<s@x.example>"))[:3] == "250"
    assert book.taken == []


@pytest.mark.parametrize(
    "line",
    ["MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA", "EHLO", "FOO", "MAIL FROM:a@b", "AUTH PLAIN x", "BDAT 0 LAST", "\x00"],
)
async def test_commands_out_of_order_or_unknown_get_an_error_and_four_end_it(port: int, line: str) -> None:
    async with Line(port) as client:
        for _ in range(3):
            assert (await client.say(line))[0] == "5"
        assert (await client.say(line)).startswith("421 4.7.0")
        assert await client.reader.read() == b""


async def test_a_silent_client_is_dismissed(port: int) -> None:
    async with Line(port) as line:
        assert (await line.reply()).startswith("421 4.4.2")


async def test_a_client_that_drips_its_message_is_dismissed(port: int, book: Book) -> None:
    async with Line(port) as line:
        await line.say("EHLO x")
        await line.say("MAIL FROM:<s@x.example>")
        await line.say("RCPT TO:<a@x.example>")
        await line.say("DATA")
        dripping = asyncio.create_task(drip(line.writer))
        assert (await line.reply()).startswith("421 4.4.2")
        dripping.cancel()
    assert book.taken == []


async def test_a_crowd_is_asked_to_wait(port: int) -> None:
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(12)]
    greetings = [(await reader.readline())[:3] for reader, _ in lines]
    assert greetings.count(b"220") == 8
    assert greetings.count(b"421") == 4
    for _, writer in lines:
        writer.close()
    await asyncio.sleep(0.1)
    async with Line(port) as line:
        assert (await line.say("NOOP"))[:3] == "250"


async def test_a_broken_clerk_costs_a_try_again_and_no_server(port: int, book: Book) -> None:
    async with Line(port) as line:
        await line.say("EHLO x")
        await line.say("MAIL FROM:<s@x.example>")
        await line.say("RCPT TO:<a@x.example>")
        await line.say("DATA")
        assert (await line.say(b"break\r\n.\r\n")).startswith("421 4.3.0")
    async with Line(port) as line:
        assert (await line.say("NOOP"))[:3] == "250"


async def test_a_clerk_may_end_the_conversation(port: int) -> None:
    async with Line(port) as line:
        await line.say("EHLO x")
        assert (await line.say("MAIL FROM:<fast@sender.example>")).startswith("421")
        assert await line.reader.read() == b""


async def test_closing_lets_the_message_being_taken_finish(reception: Reception, port: int, book: Book) -> None:
    book.hold = asyncio.Event()
    async with Line(port) as line, Line(port) as idle:
        await line.say("EHLO x")
        await line.say("MAIL FROM:<s@x.example>")
        await line.say("RCPT TO:<a@x.example>")
        await line.say("DATA")
        line.writer.write(b"hello\r\n.\r\n")
        await asyncio.sleep(0.1)
        closing = asyncio.create_task(reception.close(patience=3))
        assert (await idle.reply()).startswith("421 4.3.2")
        book.hold.set()
        assert (await line.reply())[:3] == "250"
        await closing
    assert len(book.taken) == 1


@pytest.mark.parametrize(
    ("rest", "wanted"),
    [
        (b"FROM:<>", ""),
        (b"from:<a@b.c>", "a@b.c"),
        (b"FROM: <a@b.c> SIZE=5", "a@b.c"),
        (b"FROM:<@relay,@other:a@b.c>", "a@b.c"),
        (b'FROM:<"a>b"@c.d>', '"a>b"@c.d'),
        ("FROM:<jörg@b.c>".encode(), "jörg@b.c"),
        (b"FROM:a@b.c", None),
        (b"FROM:<a@b.c", None),
        (b"FROM:<a@b.c>x", None),
        (b"FROM:<a\x01@b.c>", None),
        (b"FROM:<\xff@b.c>", None),
        (b"FROM:<" + b"a" * 1500 + b"@b.c>", None),
        (b"TO:<a@b.c>", None),
    ],
)
def test_paths(rest: bytes, wanted: str | None) -> None:
    path = read_path(rest, b"FROM:")
    assert (path[0] if path else None) == wanted
