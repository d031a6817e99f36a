"""A receiver that follows a script, octet for octet: for conversations that a well-behaved server never has."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

CUT = object()  # hang up at once
HANG = object()  # say nothing any more


@dataclass
class Say:
    """After this many lines (or the end of the content, or lines and then a chunk), these octets; `pieces`: in so many writes,
    with pauses. `pause`: seconds before it speaks.
    """

    octets: bytes | object
    lines: int = 1
    content: bool = False
    pieces: int = 1
    chunk: bool = False
    pause: float = 0.0


GREETING = Say(b"220 mx.example ESMTP\r\n", lines=0)
EHLO = Say(b"250-mx.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000000\r\n")
PLAIN_EHLO = Say(b"250 mx.example\r\n")
ENVELOPE = Say(b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n", lines=3)
TAKEN = Say(b"250 2.0.0 queued\r\n", content=True)

CHUNKING_EHLO = Say(b"250-mx.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
ASKED = Say(b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 1 octet\r\n", lines=2, chunk=True)
CHUNK_TAKEN = Say(b"250 2.0.0 queued\r\n", lines=0, chunk=True)
ALL_TAKEN = Say(b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 queued\r\n", lines=2, chunk=True)


@dataclass
class Receiver:
    """Plays one script a connection; the last one again and again."""

    scripts: Sequence[Sequence[Say]]
    heard: list[bytes] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> "Receiver":
        self._server = await asyncio.start_server(self._play, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        begun = b""
        try:
            for say in script:
                if say.content:
                    content = b""
                    while not content.endswith(b"\r\n.\r\n") and content != b".\r\n":
                        content += await reader.readuntil(b"\n")
                    self.contents.append(content)
                for _ in range(0 if say.content else say.lines):
                    self.heard.append((await reader.readuntil(b"\n")).rstrip(b"\r\n"))
                if say.chunk:
                    command = (await reader.readuntil(b"\n")).rstrip(b"\r\n")
                    self.heard.append(command)
                    verb, octets, *last = command.split(b" ")
                    assert verb == b"BDAT", command
                    begun += await reader.readexactly(int(octets))
                    if last:
                        self.contents.append(begun)
                        begun = b""
                await asyncio.sleep(say.pause)
                if say.octets is CUT:
                    writer.transport.abort()
                    return
                if say.octets is HANG:
                    await asyncio.sleep(60)
                assert isinstance(say.octets, bytes)
                size = max(1, -(-len(say.octets) // say.pieces))
                for at in range(0, len(say.octets), size):
                    writer.write(say.octets[at : at + size])
                    await writer.drain()
                    if say.pieces > 1:
                        await asyncio.sleep(0.005)
            while line := await reader.readline():
                self.heard.append(line.rstrip(b"\r\n"))
                if line.upper().startswith(b"QUIT"):
                    writer.write(b"221 bye\r\n")
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
