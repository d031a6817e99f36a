"""A sink of our own that takes everything and keeps nothing: `python -m bench.send_receiver HOST:PORT [OPTION...]`.

Options: `pipelining`, `chunking`, `tls` are what it offers; `away=SECONDS` answers as a server does that is so long a round trip
away. Everything that it hears is held back by that time, octets in flight are not limited.
"""

import asyncio
import ssl
import sys

import uvloop

from posthouse.sandbox.world import certificate

END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One conversation."""

    def __init__(self, offers: frozenset[str], away: float, tls: ssl.SSLContext | None) -> None:
        self._offers, self._away, self._tls = offers, away, tls
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._in_data = False
        self._octets = 0  # of a chunk that are still to come
        self._is_last = False
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        fresh = not hasattr(self, "_transport")
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        if fresh:
            self._loop.call_later(self._away, self._write, b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        if self._away:
            self._loop.call_later(self._away, self._take, data)
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        self._buffer += data
        said: list[bytes] = []
        while self._step(said):
            pass
        if said:
            self._write(b"".join(said))

    def _write(self, octets: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(octets)

    def _step(self, said: list[bytes]) -> bool:
        """Take one thing off the buffer; False when there is no whole one."""
        if self._in_data:
            end = self._buffer.find(END)
            if end < 0:
                del self._buffer[: -len(END)]
                return False
            del self._buffer[: end + len(END)]
            self._in_data = False
            said.append(b"250 2.0.0 taken\r\n")
            return True
        if self._octets:
            part = min(self._octets, len(self._buffer))
            del self._buffer[:part]
            self._octets -= part
            if self._octets:
                return False
            said.append(b"250 2.0.0 taken\r\n")
            return True
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._obey(line, said)
        return True

    def _obey(self, line: bytes, said: list[bytes]) -> None:
        verb = line[:4].upper()
        if verb == b"EHLO":
            words = ["sink", "8BITMIME", *sorted(word.upper() for word in self._offers)]
            if self._tls is not None:
                words.append("STARTTLS")
            said.extend(f"250{'-' if word is not words[-1] else ' '}{word}\r\n".encode() for word in words)
        elif verb == b"DATA":
            self._in_data = True
            self._buffer[:0] = b"\r\n"  # so that a lone dot is found as well
            said.append(b"354 go\r\n")
        elif verb == b"BDAT" and "chunking" in self._offers:
            self._octets = int(line.split()[1])
            if not self._octets:
                said.append(b"250 2.0.0 taken\r\n")
        elif verb == b"STAR" and self._tls is not None:
            task = self._loop.create_task(self._start_tls(self._tls))
            self._tasks.add(task)
        elif verb == b"QUIT":
            said.append(b"221 2.0.0 bye\r\n")
            self._loop.call_soon(self._transport.close)
        else:
            said.append(
                b"250 2.0.0 ok\r\n" if verb in (b"MAIL", b"RCPT", b"RSET", b"NOOP", b"HELO") else b"500 what?\r\n"
            )

    async def _start_tls(self, tls: ssl.SSLContext) -> None:
        self._transport.pause_reading()
        self._write(b"220 2.0.0 go\r\n")
        self._tls = None
        transport = await self._loop.start_tls(self._transport, self, tls, server_side=True)
        assert transport is not None
        self._transport = transport


async def serve(address: str, port: int, options: list[str]) -> None:
    away = sum(float(option.partition("=")[2]) for option in options if option.startswith("away="))
    offers = frozenset(options) & {"pipelining", "chunking"}
    tls = certificate(("sink.example",)) if "tls" in options else None
    server = await asyncio.get_running_loop().create_server(
        lambda: Sink(frozenset(offers), away, tls), address, port, backlog=1000
    )
    await server.serve_forever()


if __name__ == "__main__":
    host, _, number = sys.argv[1].rpartition(":")
    uvloop.run(serve(host, int(number), sys.argv[2:]))
