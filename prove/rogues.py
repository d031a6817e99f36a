"""Mail servers that misbehave on purpose: each does one wrong thing a few times, at one point of the conversation, then behaves.

They keep the same log as the sandbox's receivers: what they take is written down, committed, before the answer. A server that
takes a message and hangs up without an answer has taken it all the same, and says so there.
"""

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from posthouse.sandbox.letters import headers_of
from posthouse.sandbox.store import Accepted, Ledger
from posthouse.sandbox.world import certificate

MOST_BANNER = 4 * 1024**3  # octets that an endless banner would have
PIECE = 65_536
IDLE = 1.0  # seconds


class At(StrEnum):
    """The point of a conversation at which it goes wrong."""

    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    HANDSHAKE = "TLS handshake"
    TLS_EHLO = "EHLO inside of TLS"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "in the content"
    DOT = "after the final dot"
    ASK = "BDAT, the first octet"
    CHUNK = "in the last chunk"
    LAST = "after the last chunk"
    BETWEEN = "after each message"


class Deed(StrEnum):
    """What it does there."""

    CUT = "cuts the connection"
    HALF = "sends half an answer and cuts"
    BYE = "421 and closes"
    GARBAGE = "answers garbage"
    STALL = "says nothing any more"
    DRIP = "answers octet by octet"
    LATE = "answers late"
    ENDLESS_LINE = "a line without end"
    ENDLESS_LINES = "lines without end"
    CLOSE = "closes"
    REFUSE = "502, although it offers it"


@dataclass(kw_only=True)
class Fault:
    """One kind of server. `taken`: what it does after the final dot happens after it took the message."""

    name: str  # a label of its domain
    at: At
    deed: Deed
    times: int = 2  # how often; then it behaves
    taken: bool = True
    pipelining: bool = True
    chunking: bool = False  # offers BDAT, and lets the next one in when the one before has ended
    after: int = 0  # messages of a conversation that go well before
    seconds: float = 1.0  # of a drip: between two octets; of a late answer: until then
    struck: int = 0
    took: int = 0  # of the strikes after the final dot: with the message
    pushed: int = 0  # octets of the longest banner before the other side had enough

    @property
    def words(self) -> str:
        if self.at is At.BETWEEN:
            return "closes after each message"
        if self.deed in (Deed.ENDLESS_LINE, Deed.ENDLESS_LINES):
            return f"greeting: {self.deed}"
        late = f" ({self.seconds:g} s)" if self.deed is Deed.LATE else ""
        late = f", one every {self.seconds:g} s" if self.deed is Deed.DRIP else late
        at_the_end = self.at in (At.DOT, At.LAST) and self.deed not in (Deed.BYE, Deed.DRIP, Deed.LATE)
        taken = _TAKEN[self.taken] if at_the_end else ""
        way = "" if self.pipelining else ", without PIPELINING"
        if self.chunking:
            way = ", all in one write (BDAT)" if self.after > 1 else ", octet first (BDAT)"
        return f"{self.at}: {self.deed}{late}{taken}{way}"

    @property
    def domain(self) -> str:
        return f"{self.name}.wire.test"

    @property
    def with_tls(self) -> bool:
        return self.at in (At.STARTTLS, At.HANDSHAKE, At.TLS_EHLO)

    @property
    def leaves_doubt(self) -> bool:
        """Whether nobody on our side can know what became of the message."""
        if self.at in (At.CONTENT, At.CHUNK) or (self.at is At.MAIL and self.after > 1):
            return True  # a message of this size leaves us in one piece, with its end
        return self.at in (At.DOT, At.LAST) and self.deed in (Deed.CUT, Deed.HALF, Deed.GARBAGE, Deed.STALL)


_TAKEN = {True: ", the message taken", False: ", the message not taken"}
STEPS = (At.GREETING, At.EHLO, At.STARTTLS, At.HANDSHAKE, At.TLS_EHLO, At.MAIL, At.RCPT, At.DATA, At.CONTENT)
ANSWERS = (At.GREETING, At.EHLO, At.STARTTLS, At.MAIL, At.RCPT, At.DATA)


def all_of(*, patient: bool) -> list[Fault]:
    """Every kind. `patient`: also those that take as long as the relay's patience, up to ten minutes."""
    found = [Fault(name=f"cut{n}", at=at, deed=Deed.CUT) for n, at in enumerate(STEPS)]
    found += [
        Fault(name=f"step{n}", at=at, deed=Deed.CUT, pipelining=False)
        for n, at in enumerate((At.MAIL, At.RCPT, At.DATA, At.CONTENT))
    ]
    found += [Fault(name="cut-taken", at=At.DOT, deed=Deed.CUT)]
    found += [Fault(name="cut-not-taken", at=At.DOT, deed=Deed.CUT, taken=False)]
    found += [Fault(name="half-taken", at=At.DOT, deed=Deed.HALF)]
    found += [Fault(name=f"half{n}", at=at, deed=Deed.HALF) for n, at in enumerate((At.GREETING, At.EHLO, At.RCPT))]
    found += [Fault(name=f"bye{n}", at=at, deed=Deed.BYE) for n, at in enumerate((*ANSWERS, At.DOT))]
    found += [Fault(name=f"garbage{n}", at=at, deed=Deed.GARBAGE) for n, at in enumerate((*ANSWERS, At.HANDSHAKE))]
    found += [Fault(name="garbage-taken", at=At.DOT, deed=Deed.GARBAGE)]
    pause = 1.0 if patient else 0.05
    found += [
        Fault(name=f"drip{n}", at=at, deed=Deed.DRIP, seconds=pause)
        for n, at in enumerate((At.GREETING, At.EHLO, At.MAIL, At.RCPT, At.DATA, At.DOT))
    ]
    found += [
        Fault(name=f"chunk{n}", at=at, deed=deed, after=after, times=1, chunking=True)
        for n, (at, deed, after) in enumerate(
            (
                (At.ASK, Deed.CUT, 1),
                (At.ASK, Deed.REFUSE, 1),
                (At.LAST, Deed.CUT, 1),
                (At.MAIL, Deed.CUT, 2),
                (At.CHUNK, Deed.CUT, 2),
                (At.LAST, Deed.CUT, 2),
                (At.LAST, Deed.BYE, 2),
                (At.LAST, Deed.GARBAGE, 2),
            )
        )
    ]
    found += [Fault(name="late", at=At.DOT, deed=Deed.LATE, seconds=90.0 if patient else 2.0)]
    found += [Fault(name="endless-line", at=At.GREETING, deed=Deed.ENDLESS_LINE, times=1)]
    found += [Fault(name="endless-lines", at=At.GREETING, deed=Deed.ENDLESS_LINES, times=1)]
    found += [Fault(name="closes", at=At.BETWEEN, deed=Deed.CLOSE, times=1_000_000)]
    if patient:
        stages = (*ANSWERS, At.HANDSHAKE, At.DOT)
        found += [Fault(name=f"stall{n}", at=at, deed=Deed.STALL, times=1) for n, at in enumerate(stages)]
    return found


@dataclass
class Rogues:
    """Servers for all faults, each on an address of its own and one port, in a thread of their own."""

    faults: Sequence[Fault]
    log: Path
    port: int
    network: str = "127.0.201"
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _ready: threading.Event = field(default_factory=threading.Event)
    _trouble: BaseException | None = None

    def address(self, fault: Fault) -> str:
        return f"{self.network}.{self.faults.index(fault) + 1}"

    def __enter__(self) -> "Rogues":
        self._thread = threading.Thread(target=self._run, name="rogues", daemon=True)
        self._thread.start()
        self._ready.wait(20)
        if self._trouble is not None:
            raise self._trouble
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as trouble:  # noqa: BLE001  (told to whoever waits)
            self._trouble = trouble
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        ledger = Ledger(self.log)
        tls = certificate(("mx.wire.test",))
        servers = [
            await asyncio.start_server(_door(fault, ledger, tls), self.address(fault), self.port)
            for fault in self.faults
        ]
        self._ready.set()
        await self._over.wait()
        for server in servers:
            server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.1)
        await ledger.close()


def _door(fault: Fault, ledger: Ledger, tls: ssl.SSLContext):  # type: ignore[no-untyped-def]
    turn = asyncio.Lock() if fault.chunking else contextlib.nullcontext()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with turn:
                await Conversation(fault, reader, writer, ledger, tls).run()
        except (_Over, OSError, EOFError, ValueError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()

    return serve


class _Over(Exception):
    """The conversation has ended here."""


class Conversation:
    """One connection to one of the servers."""

    def __init__(
        self,
        fault: Fault,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ledger: Ledger,
        tls: ssl.SSLContext,
    ) -> None:
        self.fault, self.reader, self.writer, self.ledger, self.tls = fault, reader, writer, ledger, tls
        self.sender = ""
        self.rcpt = ""
        self.inside = False
        self.took = 0
        self.chunks = b""

    async def run(self) -> None:
        await self.answer(At.GREETING, b"220 mx.wire.test ESMTP\r\n")
        while line := await self._line():
            verb = line[:4].upper().strip()
            if verb in (b"EHLO", b"HELO"):
                await self.answer(At.TLS_EHLO if self.inside else At.EHLO, self._extensions())
            elif verb == b"STAR":
                await self._start_tls()
            elif verb == b"MAIL":
                self.sender = _path(line)
                await self.answer(At.MAIL, b"250 2.1.0 Fine\r\n")
            elif verb == b"RCPT":
                self.rcpt = _path(line)
                await self.answer(At.RCPT, b"250 2.1.5 Fine\r\n")
            elif verb == b"DATA":
                await self.answer(At.DATA, b"354 Go on\r\n")
                await self._content()
            elif verb == b"BDAT":
                await self._chunk(line)
            elif verb == b"QUIT":
                await self._say(b"221 2.0.0 Bye\r\n")
                return
            else:
                await self._say(b"250 2.0.0 Fine\r\n")

    async def _line(self) -> bytes:
        """The next command; where others wait for their turn, b"" after a while."""
        try:
            return await asyncio.wait_for(self.reader.readline(), IDLE if self.fault.chunking else None)
        except TimeoutError:
            return b""

    def _extensions(self) -> bytes:
        offered = ["mx.wire.test", "8BITMIME", "SMTPUTF8"]
        if self.fault.pipelining:
            offered.append("PIPELINING")
        if self.fault.chunking:
            offered.append("CHUNKING")
        if self.fault.with_tls and not self.inside:
            offered.append("STARTTLS")
        return b"".join(b"250%c%b\r\n" % (b" " if word == offered[-1] else b"-", word.encode()) for word in offered)

    async def _start_tls(self) -> None:
        await self.answer(At.STARTTLS, b"220 2.0.0 Go on\r\n")
        if self._is_due(At.HANDSHAKE):
            await self.reader.read(1)  # its hello has begun
            await self._do(self.fault.deed, b"")
        await self.writer.start_tls(self.tls)
        self.inside = True

    async def _content(self) -> None:
        if self._is_due(At.CONTENT):
            await self.reader.read(64)
            await self._do(self.fault.deed, b"")
        await self._end(At.DOT, await self.reader.readuntil(b"\r\n.\r\n"))

    async def _chunk(self, line: bytes) -> None:
        words = line.split()
        size, last = int(words[1]), words[-1].upper() == b"LAST"
        if last and self._is_due(At.CHUNK):
            await self.reader.readexactly(min(size, 64))
            await self._do(self.fault.deed, b"")
        self.chunks += await self.reader.readexactly(size)
        if not last:
            await self.answer(At.ASK, b"250 2.0.0 Go on\r\n")
            return
        content, self.chunks = self.chunks, b""
        await self._end(At.LAST, content)

    async def _end(self, at: At, content: bytes) -> None:
        """The whole message is here."""
        if self._is_due(at):
            if self.fault.deed is Deed.BYE or not self.fault.taken:
                await self._do(self.fault.deed, b"")
            await self._write_down(content)
            self.fault.took += 1
            await self._do(self.fault.deed, b"250 2.0.0 Taken\r\n")
            return
        await self._write_down(content)
        self.took += 1
        await self._say(b"250 2.0.0 Taken\r\n")
        if self._is_due(At.BETWEEN):
            raise _Over

    async def _write_down(self, content: bytes) -> None:
        message_id = headers_of(content).get("message-id", "").strip("<> ")
        taken = Accepted(
            message_id=message_id, rcpt=self.rcpt.lower(), sender=self.sender, provider=self.fault.name, at=time.time()
        )
        await self.ledger.write([taken], [])

    # --- right and wrong

    def _is_due(self, at: At) -> bool:
        fault = self.fault
        if fault.at is not at or fault.struck >= fault.times or self.took < fault.after:
            return False
        fault.struck += 1
        return True

    async def answer(self, at: At, right: bytes) -> None:
        """The right answer, unless something else is due at this point."""
        if self._is_due(at):
            await self._do(self.fault.deed, right)
        else:
            await self._say(right)

    async def _do(self, deed: Deed, right: bytes) -> None:
        """Do the wrong thing. Raises _Over when the conversation has ended by it."""
        if deed is Deed.DRIP:
            for n in range(len(right)):
                await self._say(right[n : n + 1])
                await asyncio.sleep(self.fault.seconds)
            return
        if deed is Deed.REFUSE:
            self.chunks = b""
            await self._say(b"502 5.5.1 What is that?\r\n")
            return
        if deed is Deed.LATE:
            await asyncio.sleep(self.fault.seconds)
            await self._say(right)
            return
        if deed is Deed.CUT:
            self.writer.transport.abort()
        elif deed is Deed.HALF:
            await self._say((right or b"250 2.0.0 Fine")[:2])
            self.writer.transport.close()
        elif deed is Deed.BYE:
            await self._say(b"421 4.3.2 We are closing\r\n")
        elif deed is Deed.GARBAGE:
            await self._say(bytes(range(256)) * 8 + b"\r\n")
            await asyncio.sleep(0.2)
        elif deed is Deed.STALL:
            while await self.reader.read(PIECE):
                pass
        else:
            await self._endless(b"x" * PIECE if deed is Deed.ENDLESS_LINE else b"220-Welcome to the endless banner\r\n")
        raise _Over

    async def _endless(self, piece: bytes) -> None:
        """Push a greeting that never ends, until the other side has enough."""
        await self._say(b"220-")
        pushed = 0
        with contextlib.suppress(OSError):
            for piece_ in _again(piece):
                if pushed > MOST_BANNER or self.reader.at_eof():
                    break
                await self._say(piece_)
                pushed += len(piece_)
                self.fault.pushed = max(self.fault.pushed, pushed)

    async def _say(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()


def _again(piece: bytes) -> Iterator[bytes]:
    block = piece * (PIECE // len(piece))
    while True:
        yield block


def _path(line: bytes) -> str:
    return line.partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace")
