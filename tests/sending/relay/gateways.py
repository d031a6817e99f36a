"""A small SOCKS5 server (RFC 1928, RFC 1929) and a small receiver of PROXY, version 2, in front of real SMTP conversations.

Both carry the conversation on to `to` on this computer, whatever address was asked for, and write down what was asked.
"""

import asyncio
import ipaddress
import struct
from dataclasses import dataclass, field
from typing import Self

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


@dataclass
class Gateway:
    """`asked`: (source, destination, port) of each conversation; SOCKS5 knows no source."""

    to: int
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await self.greet(reader, writer):
                there = await asyncio.open_connection("127.0.0.1", self.to)
                await self.connected(writer)
                await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        raise NotImplementedError

    async def connected(self, writer: asyncio.StreamWriter) -> None:
        return None


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while octets := await reader.read(65536):
        writer.write(octets)
        await writer.drain()
    writer.close()


@dataclass
class Socks(Gateway):
    """`login`: user and password that it wants; `reply`: what it answers to CONNECT; `bound`: the kind of address in that."""

    login: tuple[str, str] | None = None
    reply: int = 0
    bound: int = 1
    version: int = 5
    silent: bool = False
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.silent:
            await asyncio.sleep(60)
        version, count = await reader.readexactly(2)
        assert version == 5
        methods = await reader.readexactly(count)
        method = 2 if self.login else 0
        if method not in methods:
            writer.write(bytes((self.version, 0xFF)))
            return False
        writer.write(bytes((self.version, method)))
        if self.login and not await self._log_in(reader, writer):
            return False
        version, command, _, kind = await reader.readexactly(4)
        assert (version, command) == (5, 1)
        there = ipaddress.ip_address(await reader.readexactly({1: 4, 4: 16}[kind]))
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        self.asked.append(("", str(there), port))
        if self.reply:
            writer.write(self._answer(self.reply))
        return not self.reply

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        assert (await reader.readexactly(1)) == b"\x01"
        words = []
        for _ in range(2):
            (length,) = await reader.readexactly(1)
            words.append((await reader.readexactly(length)).decode())
        self.logins.append((words[0], words[1]))
        is_right = self.logins[-1] == self.login
        writer.write(bytes((1, 0 if is_right else 1)))
        return is_right

    async def connected(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self._answer(0))

    def _answer(self, reply: int) -> bytes:
        bound = {1: b"\x01" + bytes(4), 3: b"\x03\x05hello", 4: b"\x04" + bytes(16), 9: b"\x09"}[self.bound]
        return bytes((self.version, reply, 0)) + bound + bytes(2)


@dataclass
class Haproxy(Gateway):
    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        assert await reader.readexactly(12) == SIGNATURE
        command, kind, length = struct.unpack("!BBH", await reader.readexactly(4))
        assert command == 0x21 and (kind, length) in ((0x11, 12), (0x21, 36))
        body = await reader.readexactly(length)
        size = (length - 4) // 2
        here, there = (str(ipaddress.ip_address(body[at : at + size])) for at in (0, size))
        self.asked.append((here, there, struct.unpack("!H", body[-2:])[0]))
        return True
