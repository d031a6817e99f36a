"""One SMTP conversation with one server (RFC 5321), on an asyncio transport: commands out, replies in, clocks.

The session knows the protocol and nothing of queues. Traps: a server may say 421 and hang up at any moment; replies to
pipelined commands come in one piece or many (RFC 2920); octets that come behind the answer to STARTTLS were never
protected and end the conversation (the CVE-2011-0411 class).
"""

import asyncio
import socket
import ssl
import sys
from collections import deque
from dataclasses import dataclass
from typing import Any

from sending.relay import proxies
from sending.relay.proxies import Proxy
from sending.relay.replies import NotSmtp, Reply, ReplyReader
from sending.relay.tls_counts import Result

_BIND_ADDRESS_NO_PORT = 24  # IP_BIND_ADDRESS_NO_PORT of Linux, which Python's socket has no name for before 3.12

# The final dot may take a server ten minutes (RFC 5321 4.5.3.2.6); whoever waits less sends twice.


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds (RFC 5321 4.5.3.2, connect and greeting shorter: another host may be better)."""

    connect: float = 20.0
    greeting: float = 120.0
    command: float = 300.0
    data: float = 120.0
    write: float = 180.0
    final: float = 600.0
    quit: float = 5.0


class Cut(Exception):
    """The conversation ended: the line was cut, a clock ran out, or it was not SMTP. `replies` came before that."""

    def __init__(self, why: str, replies: tuple[Reply, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.replies = replies


class Refused(Exception):
    """The server refused the conversation as such, with a reply, at `stage` greeting, ehlo or tls."""

    def __init__(self, stage: str, reply: Reply) -> None:
        super().__init__(f"{stage}: {reply.codes} {reply.text}")
        self.stage = stage
        self.reply = reply


class TlsFailed(Exception):
    """The conversation cannot be encrypted as it has to be; it is gone. `result`: the kind of failure, as reports name it."""

    def __init__(self, why: str, result: Result = Result.FAILED) -> None:
        super().__init__(why)
        self.result = result


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a server offers (EHLO). `size` 0: no limit is stated."""

    pipelining: bool = False
    chunking: bool = False
    eight_bit: bool = False
    utf8: bool = False
    starttls: bool = False
    size_offered: bool = False
    size: int = 0

    @classmethod
    def of(cls, reply: Reply) -> "Extensions":
        words = [line.upper().split() for line in reply.lines[1:] if line.strip()]
        names = {row[0] for row in words}
        sizes = [
            int(row[1]) for row in words if row[0] == "SIZE" and len(row) > 1 and row[1].isdigit() and len(row[1]) < 16
        ]
        return cls(
            pipelining="PIPELINING" in names,
            chunking="CHUNKING" in names,
            eight_bit="8BITMIME" in names,
            utf8="SMTPUTF8" in names,
            starttls="STARTTLS" in names,
            size_offered="SIZE" in names,
            size=sizes[0] if sizes else 0,
        )


class Wire(asyncio.Protocol):
    """Octets of one connection: writes, and replies to be waited for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._wanted = 0
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None
        self.lost: str = ""
        self.server_hung_up = False

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        try:
            self._replies.extend(self._reader.feed(data))
        except NotSmtp as error:
            self._lose(f"the server does not speak SMTP ({error})")
            self.abort()
            return
        waiter = self._waiter
        if waiter is not None and (len(self._replies) >= self._wanted or self._closing_reply()):
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def eof_received(self) -> bool:
        self.server_hung_up = True
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._lose(f"the connection was cut ({error})" if error else "the server closed the connection")

    # The session calls these.

    @property
    def usable(self) -> bool:
        """Whether another command may be sent: the line stands, and nothing unasked for has come."""
        return not self.lost and not self.server_hung_up and not self._replies and not self._reader.pending

    def write(self, data: bytes) -> None:
        if self.lost or self.transport is None:
            raise Cut(self.lost or "not connected")
        self.transport.write(data)

    async def flush(self, timeout: float) -> None:
        """Wait until what was written is in the kernel's hands. Raises Cut. (Asks now and then: only big mail comes here.)"""
        pause, waited = 0.001, 0.0
        while not self.lost and self.transport is not None and self.transport.get_write_buffer_size() > 0:
            if waited > timeout:
                self._lose("the server took the message too slowly")
                self.abort()
                break
            await asyncio.sleep(pause)
            waited += pause
            pause = min(0.05, pause * 2)
        if self.lost:
            raise Cut(self.lost)

    async def replies(self, count: int, timeout: float) -> list[Reply]:
        """The next `count` replies; fewer when one of them is a 421. Raises Cut with those that came."""
        if len(self._replies) < count and not self._closing_reply() and not self.lost:
            self._wanted = count
            self._waiter = self._loop.create_future()
            self._timer = self._loop.call_later(timeout, self._expire, timeout)
            try:
                await self._waiter
            finally:
                self._timer.cancel()
                self._waiter = None
        taken: list[Reply] = []
        while self._replies and len(taken) < count:
            reply = self._replies.popleft()
            taken.append(reply)
            if reply.code == 421:
                self._lose("the server closed the connection (421)")
                return taken
        if len(taken) < count:
            raise Cut(self.lost, tuple(taken))
        return taken

    def abort(self) -> None:
        self._lose("we hung up")
        if self.transport is not None:
            self.transport.abort()

    def _closing_reply(self) -> bool:
        return any(reply.code == 421 for reply in self._replies)

    def _expire(self, timeout: float) -> None:
        self._lose(f"no answer within {timeout:g} seconds")
        self.abort()

    def _lose(self, why: str) -> None:
        if not self.lost:
            self.lost = why
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Session:
    """A conversation from the greeting on."""

    def __init__(self, wire: Wire, *, host: str, address: str, timeouts: Timeouts, source: str = "") -> None:
        self.wire = wire
        self._source = source
        self.host = host
        self.address = address
        self.timeouts = timeouts
        self.extensions = Extensions()
        self.tls = ""  # protocol and cipher; "" in clear text
        self.proof = ""  # what the server was known by: dane, sts, or opportunistic (by nothing)
        self.messages = 0
        self.took_chunk = False  # whether the server has taken a BDAT in this conversation
        self.answered_at = 0.0  # monotonic: when it last answered to a whole message

    @property
    def usable(self) -> bool:
        return self.wire.usable

    @property
    def protection(self) -> str:
        """Protocol, cipher and proof in words, for the record: "none" in clear text."""
        return f"{self.tls} {self.proof}".rstrip() if self.tls else "none"

    @property
    def tls_object(self) -> Any:
        """The ssl.SSLObject of an encrypted conversation."""
        assert self.wire.transport is not None
        return self.wire.transport.get_extra_info("ssl_object")

    @property
    def source(self) -> str:
        """Our own address in this conversation, as the server sees it."""
        if self._source:
            return self._source
        name = self.wire.transport.get_extra_info("sockname") if self.wire.transport is not None else None
        return str(name[0]) if name else ""

    async def open(self, *, name: str, tls: ssl.SSLContext | None, required: bool = False) -> None:
        """Greeting, EHLO, STARTTLS when offered and `tls` is given, EHLO again. Raises Refused, TlsFailed, Cut.

        `required`: TlsFailed when the conversation would go on in clear text.
        """
        (greeting,) = await self.wire.replies(1, self.timeouts.greeting)
        if not 200 <= greeting.code < 300:
            raise Refused("greeting", greeting)
        await self._hello(name)
        if tls is not None and self.extensions.starttls:
            await self._start_tls(tls)
            await self._hello(name)
        if required and not self.tls:
            raise TlsFailed("the server offers no STARTTLS, or will not have it now", Result.NO_STARTTLS)

    async def command(self, line: bytes, timeout: float | None = None) -> Reply:
        """One command without CRLF, and its reply."""
        self.wire.write(line + b"\r\n")
        (reply,) = await self.wire.replies(1, timeout or self.timeouts.command)
        return reply

    async def close(self) -> None:
        """Say goodbye, without much waiting."""
        try:
            if self.wire.usable:
                self.wire.write(b"QUIT\r\n")
                await self.wire.replies(1, self.timeouts.quit)
        except Cut:
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        """Hang up at once: a message that is under way is not delivered, unless its final dot is out."""
        self.wire.abort()

    async def _hello(self, name: str) -> None:
        reply = await self.command(b"EHLO " + name.encode("ascii"))
        if reply.code == 421:
            raise Refused("ehlo", reply)
        if reply.code >= 500:  # a very old server
            reply = await self.command(b"HELO " + name.encode("ascii"))
            if not 200 <= reply.code < 300:
                raise Refused("ehlo", reply)
            self.extensions = Extensions()
            return
        if not 200 <= reply.code < 300:
            raise Refused("ehlo", reply)
        self.extensions = Extensions.of(reply)

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        reply = await self.command(b"STARTTLS")
        if reply.code != 220:
            if reply.code == 421:
                raise Refused("tls", reply)
            return  # opportunistic: go on in clear text
        if not self.wire.usable:
            self.abort()
            raise TlsFailed("the server sent octets behind its answer to STARTTLS")
        loop = asyncio.get_running_loop()
        assert self.wire.transport is not None
        try:
            transport = await asyncio.wait_for(
                loop.start_tls(self.wire.transport, self.wire, context, server_hostname=self.host),
                self.timeouts.greeting,
            )
        except (OSError, ssl.SSLError, TimeoutError, ConnectionError) as error:
            self.abort()
            raise TlsFailed(str(error)[:200] or type(error).__name__, _result_of(error)) from error
        if transport is None:
            raise TlsFailed("the connection was cut in the handshake")
        self.wire.transport = transport
        cipher = transport.get_extra_info("cipher")
        self.tls = f"{cipher[1]} {cipher[0]}" if cipher else "TLS"


def _result_of(error: Exception) -> Result:
    """What reports call a failed handshake. The numbers are OpenSSL's X509_V_ERR_*."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return Result.FAILED
    if error.verify_code == 10:  # CERT_HAS_EXPIRED
        return Result.EXPIRED
    if error.verify_code == 62:  # HOSTNAME_MISMATCH
        return Result.HOST_MISMATCH
    return Result.NOT_TRUSTED


async def connect(
    address: str, port: int, *, host: str, timeouts: Timeouts, source: str = "", proxy: Proxy | None = None
) -> Session:
    """A connection to an IP address, before the greeting; from `source`, through `proxy`. Raises Cut when it cannot be made."""
    try:
        wire = await asyncio.wait_for(_wire(address, port, source, proxy), timeouts.connect)
    except proxies.Refused as refused:
        raise Cut(str(refused)) from refused
    except TimeoutError as error:
        raise Cut(f"no connection within {timeouts.connect:g} seconds") from error
    except OSError as error:
        raise Cut(f"no connection ({error.strerror or error})") from error
    return Session(wire, host=host, address=address, timeouts=timeouts, source=source)


async def _wire(address: str, port: int, source: str, proxy: Proxy | None) -> Wire:
    loop = asyncio.get_running_loop()
    if proxy is not None:
        line = await proxies.connect(proxy, source=source, address=address, port=port)
    elif source:
        line = await _from(source, address, port)
    else:
        _, wire = await loop.create_connection(lambda: Wire(loop), address, port)
        return wire
    _, wire = await loop.create_connection(lambda: Wire(loop), sock=line)
    return wire


async def _from(source: str, address: str, port: int) -> socket.socket:
    """A connection that begins at one of our addresses. Raises OSError.

    The port is chosen at the connect, so that each receiver's address has all ports of ours, and not all of them together.
    """
    line = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_STREAM)
    try:
        line.setblocking(False)
        if sys.platform == "linux":
            line.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
        line.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(line, (address, port))
    except BaseException:
        line.close()
        raise
    return line


def unauthenticated_tls() -> ssl.SSLContext:
    """TLS that protects against listeners, not against impostors: what opportunistic STARTTLS can (RFC 7435)."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def verifying_tls() -> ssl.SSLContext:
    """TLS with a certificate that a public authority has signed for the very host (RFC 8461, section 4.2)."""
    context = ssl.create_default_context()
    context.hostname_checks_common_name = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
