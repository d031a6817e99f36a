"""One client's conversation with our mail server (RFC 5321): commands in, the clerk's answers out, clocks and limits.

Trap: bytes that a client pipelines behind STARTTLS came in clear text and are thrown away (the CVE-2011-0411 class).
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable
from typing import TYPE_CHECKING, cast

from sending.mailroom.chunks import BadChunk, Chunks, has_bare_newline, read_chunk
from sending.mailroom.manners import Session
from sending.mailroom.paths import read_path
from sending.mailroom.wire import BadLine, BareNewline, TooBig, Wire

if TYPE_CHECKING:
    from sending.mailroom.reception import Reception

log = logging.getLogger(__name__)


class Conversation(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, reception: "Reception") -> None:
        self.reception = reception
        self.limits = reception.limits
        self.wire = Wire(line_limit=self.limits.line_octets, size_limit=self.limits.message_octets)
        self.session = Session(client="", server="")
        self.chunks = Chunks()
        self.task: asyncio.Task[None] | None = None
        self.in_data = False
        self.busy = False
        self.gone = False
        self.errors = 0
        self._transport: asyncio.Transport | None = None
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._out: list[bytes] = []
        self._counted = 0
        self._reading = True

    # --- the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.session.client = str((transport.get_extra_info("peername") or ("unknown",))[0])
        self.session.server = str((transport.get_extra_info("sockname") or ("unknown",))[0])
        self.reception.clients[self.session.client] += 1
        self.reception.conversations.add(self)
        self.task = asyncio.get_running_loop().create_task(self._run())

    def data_received(self, data: bytes) -> None:
        self.wire.feed(data)
        self._count()
        if not self.in_data and self._reading and self.wire.pending > 65_536:
            self._reading = False
            self._hold_reading(True)
        self._more.set()

    def eof_received(self) -> bool:
        self.gone = True
        self._more.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        self._more.set()
        self._room.set()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def dismiss(self) -> None:
        """Say goodbye to a client that is not in the middle of a message."""
        if not self.in_data and not self.busy and self.task is not None:
            self._say("421 4.3.2 Closing, please come back in a moment")
            self._flush()
            self.task.cancel()

    # --- the conversation

    async def _run(self) -> None:
        try:
            await self._converse()
        except asyncio.CancelledError:
            pass
        except TimeoutError:
            self._say("421 4.4.2 Nothing heard for too long")
        except Exception:
            log.exception("reception: a conversation with %s broke", self.session.client)
            self._say("421 4.3.0 Something broke here; please try again")
        finally:
            self._flush()
            if self._transport is not None:
                self._transport.close()
            self.wire.clear()
            self.chunks.forget()
            self._count()
            reception = self.reception
            reception.conversations.discard(self)
            reception.clients[self.session.client] -= 1
            if reception.clients[self.session.client] <= 0:
                del reception.clients[self.session.client]

    async def _converse(self) -> None:
        reception = self.reception
        if (
            len(reception.conversations) > self.limits.connections
            or reception.clients[self.session.client] > self.limits.connections_per_client
        ):
            self._say("421 4.7.0 Too many connections; please wait for one of them to end")
            return
        if not reception.connections.allows(self.session.client):
            self._say("421 4.7.0 You come too often; please come back in a minute")
            return
        greeting = await reception.clerk.greet(self.session)
        self._say(greeting)
        if not greeting.startswith("220"):
            return
        while not self.gone:
            try:
                line = self.wire.command()
            except BadLine as error:
                if not self._fault(f"500 5.5.2 {str(error).capitalize()}"):
                    return
                continue
            if line is None:
                self._flush()
                await self._wait(self.limits.idle_seconds)
                continue
            self._count()
            if not await self._obey(line):
                return

    async def _obey(self, line: bytes) -> bool:
        """Answer one command; False ends the conversation."""
        verb, _, rest = line.partition(b" ")
        verb = verb.upper()
        if verb == b"MAIL":
            return await self._mail(rest)
        if verb == b"RCPT":
            return await self._rcpt(rest)
        if verb == b"DATA":
            return await self._data()
        if verb == b"BDAT" and self.reception.chunking:
            return await self._bdat(rest)
        if verb in (b"EHLO", b"HELO"):
            return self._hello(verb, rest)
        if verb == b"RSET":
            self._start_over()
            return self._say("250 2.0.0 Forgotten")
        if verb == b"NOOP":
            return self._say("250 2.0.0 Fine")
        if verb == b"QUIT":
            self._say("221 2.0.0 Goodbye")
            return False
        if verb == b"STARTTLS":
            return await self._starttls()
        if verb == b"VRFY":
            return self._say("252 2.5.0 Send some mail and see")
        return self._fault("500 5.5.1 This is not a command that we know")

    def _hello(self, verb: bytes, rest: bytes) -> bool:
        name = rest.decode("ascii", "replace").strip()
        if not name:
            return self._fault("501 5.5.4 Tell us your name, please")
        self.session.helo = name[:255]
        self._start_over()
        if verb == b"HELO":
            return self._say(f"250 {self.reception.host_name}")
        words = [
            self.reception.host_name,
            "PIPELINING",
            f"SIZE {self.limits.message_octets}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
        ]
        if self.reception.chunking:
            words.append("CHUNKING")
        if self.reception.tls is not None and not self.session.tls:
            words.append("STARTTLS")
        for word in words[:-1]:
            self._say(f"250-{word}")
        return self._say(f"250 {words[-1]}")

    async def _mail(self, rest: bytes) -> bool:
        if not self.session.helo:
            return self._fault("503 5.5.1 Say EHLO first")
        if self.session.sender is not None:
            return self._fault("503 5.5.1 One sender at a time")
        path = read_path(rest, b"FROM:")
        if path is None:
            return self._fault("501 5.5.4 Syntax: MAIL FROM:<address>")
        sender, parameters = path
        size = parameters.get("SIZE", "")
        if size.isdigit() and (len(size) > 12 or int(size) > self.limits.message_octets):
            return self._fault(f"552 5.3.4 At most {self.limits.message_octets} octets are taken here")
        reply = await self._ask(self.reception.clerk.mail(self.session, sender))
        if reply.startswith("250"):
            self.session.sender = sender
            self.session.parameters = parameters
        return self._say(reply)

    async def _rcpt(self, rest: bytes) -> bool:
        if self.session.sender is None or self.chunks.begun:
            return self._fault("503 5.5.1 RCPT comes behind MAIL and before the message")
        path = read_path(rest, b"TO:")
        if path is None or not path[0]:
            return self._fault("501 5.5.4 Syntax: RCPT TO:<address>")
        if len(self.session.recipients) >= self.limits.recipients:
            return self._say("452 4.5.3 Too many recipients; send us the rest in another message")
        reply = await self._ask(self.reception.clerk.rcpt(self.session, path[0]))
        if reply.startswith("25"):
            self.session.recipients.append(path[0])
        return self._say(reply)

    async def _data(self) -> bool:
        if self.chunks.begun:
            return self._fault("503 5.5.1 A message is sent by DATA or by BDAT")
        if refusal := self._no_message_now():
            return self._fault(refusal) if refusal.startswith("503") else self._say(refusal)
        self.in_data = True
        self._say("354 Go ahead; end with a dot on a line of its own")
        self._flush()
        data: bytes | None = None
        refusal = ""
        try:
            async with asyncio.timeout(self.limits.data_seconds):
                while data is None:
                    data = self.wire.data()
                    self._count()
                    if data is None:
                        if self.gone:
                            return False
                        await self._wait(self.limits.idle_seconds)
        except TooBig:
            refusal = f"552 5.3.4 At most {self.limits.message_octets} octets are taken here"
        except BareNewline:
            refusal = "554 5.6.0 A CR or LF stands alone in this message (RFC 5321, 2.3.8)"
        finally:
            self.in_data = False
        if data is None:
            self._start_over()
            return self._fault(refusal)
        return await self._take(data)

    async def _bdat(self, rest: bytes) -> bool:
        """One chunk (RFC 3030). Its octets are read to their end whatever becomes of it; only an absurd count ends it all."""
        try:
            octets, last = read_chunk(rest)
        except BadChunk:
            self._say("501 5.5.4 Syntax: BDAT octets [LAST]; goodbye, for what follows cannot be told from commands")
            return False
        most = self.limits.message_octets
        if octets > 4 * most:
            self._say(f"552 5.3.4 At most {most} octets are taken here; goodbye")
            return False
        refusal = "" if self.chunks.begun else self._no_message_now()
        if not refusal and self.chunks.octets + octets > most:
            refusal = f"552 5.3.4 At most {most} octets are taken here"
        self.in_data = True
        try:
            async with asyncio.timeout(self.limits.data_seconds):
                while True:
                    part = self.wire.chunk(octets)
                    octets -= len(part)
                    if not refusal:
                        self.chunks.add(part)
                    self._count()
                    if not octets:
                        break
                    if self.gone:
                        return False
                    self._flush()
                    await self._wait(self.limits.idle_seconds)
        finally:
            self.in_data = False
        if refusal:
            self._start_over()
            return self._fault(refusal)
        if not last:
            return self._say(f"250 2.0.0 {self.chunks.octets} octets so far")
        data = self.chunks.take()
        if has_bare_newline(data):
            self._start_over()
            return self._fault("554 5.6.0 A CR or LF stands alone in this message (RFC 5321, 2.3.8)")
        return await self._take(data)

    def _no_message_now(self) -> str:
        """Why no message may begin; "" when one may."""
        if self.session.sender is None:
            return "503 5.5.1 MAIL comes before the message"
        if not self.session.recipients:
            return "503 5.5.1 No recipient was accepted"
        if not self.reception.messages.allows(self.session.client):
            return "451 4.7.0 Too many messages in a minute; please send this one again later"
        if self.reception.in_flight > self.limits.octets_in_flight:
            return "452 4.3.1 Too much mail at once; please try again in a moment"
        return ""

    async def _take(self, data: bytes) -> bool:
        reply = await self._ask(self.reception.clerk.take(self.session, data))
        self._start_over()
        return self._say(reply)

    def _start_over(self) -> None:
        self.session.start_over()
        self.chunks.forget()
        self._count()

    async def _starttls(self) -> bool:
        if self.reception.tls is None or self.session.tls or self._transport is None:
            return self._fault("502 5.5.1 There is no STARTTLS here now")
        if self.wire.pending:
            self._say("503 5.5.1 Nothing may be sent behind STARTTLS before our answer")
            return False
        # The old transport is paused before we answer, so not one octet of clear text can slip in behind the 220.
        self._transport.pause_reading()
        self._say("220 2.0.0 Ready")
        self._flush()
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(
                self._transport,
                self,
                self.reception.tls,
                server_side=True,
                ssl_handshake_timeout=self.limits.idle_seconds,
            )
        except (TimeoutError, OSError, ssl.SSLError):
            self.gone = True
            return False
        self._transport = cast(asyncio.Transport, transport)
        self.session.tls = True
        self.session.helo = ""
        self._start_over()
        return True

    async def _ask(self, answer: Awaitable[str]) -> str:
        self.busy = True
        try:
            return await answer
        finally:
            self.busy = False

    # --- small things

    def _say(self, line: str) -> bool:
        """Queue one reply line; False when it was a 421, which ends the conversation."""
        self._out.append(line.encode("ascii", "replace").replace(b"\r", b" ").replace(b"\n", b" ") + b"\r\n")
        return not line.startswith("421")

    def _fault(self, line: str) -> bool:
        self.errors += 1
        if self.errors >= self.limits.errors:
            return self._say("421 4.7.0 Too many errors; goodbye")
        return self._say(line)

    def _flush(self) -> None:
        if self._out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    async def _wait(self, seconds: float) -> None:
        """Until more bytes came, or the client went. Raises TimeoutError."""
        self._more.clear()
        if not self._reading:
            self._reading = True
            self._hold_reading(False)
        if self.reception.closing and not self.in_data:
            self.gone = True
            return
        async with asyncio.timeout(seconds):
            await self._room.wait()
            if not self.gone:
                await self._more.wait()

    def _hold_reading(self, hold: bool) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if hold:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _count(self) -> None:
        held = self.wire.pending + self.chunks.octets
        self.reception.in_flight += held - self._counted
        self._counted = held
