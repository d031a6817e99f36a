"""One HTTPS request to a stranger's server, for a small answer (RFC 9112): policies are fetched and reports handed in by it.

Policy: the name is a stranger's word. Its addresses are asked once, all of them are checked, and the connection goes to one
that was checked. The certificate must be good for the name. No redirect is followed, no proxy asked, and time and size end.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from sending.relay.addresses import Reach, may_connect
from sending.relay.dns import Dns, NoSuchDomain, Unknown

MOST_HEAD = 32 * 1024
USER_AGENT = "Posthouse/1.0"

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r?$)")
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9])?\Z")
_TARGET = re.compile(r"/[!-~]{0,2000}\Z")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}\Z")


class Failed(Exception):
    """No answer was had. `of_certificate`: the server's certificate was not accepted."""

    def __init__(self, why: str, *, of_certificate: bool = False) -> None:
        super().__init__(why)
        self.of_certificate = of_certificate


@dataclass(frozen=True, slots=True)
class Limits:
    """Where requests may go and what they may cost. `port`: for tests, whose servers cannot listen at 443."""

    reach: Reach = Reach.INTERNET
    port: int = 443
    seconds: float = 20.0
    most: int = 64 * 1024
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer, with its whole body. Header names are in lower case; the first of each."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def ask(host: str, target: str, *, dns: Dns, limits: Limits, body: bytes = b"", content_type: str = "") -> Answer:
    """GET, or POST when there is a `content_type`. `host`: A-labels in lower case. Raises Failed."""
    if not _NAME.match(host) or ".." in host or not _TARGET.match(target):
        raise Failed(f"https://{host}{target} cannot be asked"[:200])
    try:
        async with asyncio.timeout(limits.seconds):
            address = await _address(host, dns, limits.reach)
            return await _talk(host, address, target, limits, body, content_type)
    except TimeoutError as error:
        raise Failed(f"{host} gives no answer within {limits.seconds:g} seconds") from error
    except ssl.SSLCertVerificationError as error:
        raise Failed(
            f"the certificate of {host} is not accepted: {error.verify_message}", of_certificate=True
        ) from error
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise Failed(f"{host} does not answer as HTTP asks") from error
    except OSError as error:
        raise Failed(f"{host} cannot be reached ({error.strerror or error})"[:200]) from error


async def _address(host: str, dns: Dns, reach: Reach) -> str:
    found: list[str] = []
    for answer in await asyncio.gather(dns.a(host), dns.aaaa(host), return_exceptions=True):
        if isinstance(answer, NoSuchDomain):
            raise Failed(f"there is no host {host}")
        if isinstance(answer, BaseException) and not isinstance(answer, Unknown):
            raise answer
        if not isinstance(answer, BaseException):
            found += [str(record) for record in answer.records]
    if not found:
        raise Failed(f"the DNS gives no address of {host}")
    if not all(may_connect(address, reach) for address in found):
        raise Failed(f"{host} has an address that may not be connected to from here")
    return found[0]


async def _talk(host: str, address: str, target: str, limits: Limits, body: bytes, content_type: str) -> Answer:
    reader, writer = await asyncio.open_connection(
        address, limits.port, ssl=limits.tls, server_hostname=host, limit=MOST_HEAD
    )
    try:
        head = [
            f"{'POST' if content_type else 'GET'} {target} HTTP/1.1",
            f"Host: {host}",
            f"User-Agent: {USER_AGENT}",
            "Accept-Encoding: identity",
            "Connection: close",
        ]
        if content_type:
            head += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
        writer.write("\r\n".join([*head, "", ""]).encode("ascii") + body)
        await writer.drain()
        status, headers = await _head(reader)
        return Answer(status, headers, await _body(reader, headers, limits.most) if _has_body(status) else b"")
    finally:
        writer.transport.abort()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    for _ in range(5):  # interim answers come before the real one (RFC 9110, section 15.2)
        first, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        found = _STATUS.match(first)
        if found is None:
            raise ValueError("no status line")
        status = int(found.group(1))
        if status >= 200:
            headers: dict[str, str] = {}
            for line in rest.decode("latin-1").split("\r\n"):
                name, colon, value = line.partition(":")
                if colon:
                    headers.setdefault(name.strip().lower(), value.strip())
            return status, headers
    raise ValueError("too many interim answers")


def _has_body(status: int) -> bool:
    return status not in (204, 304)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str], most: int) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _chunks(reader, most)
    length = headers.get("content-length")
    if length is not None:
        if not length.isdecimal() or len(length) > 12 or int(length) > most:
            raise Failed(f"the answer has more than {most} octets")
        return await reader.readexactly(int(length))
    body = b""
    while len(body) <= most:
        more = await reader.read(most + 1 - len(body))
        if not more:
            return body
        body += more
    raise Failed(f"the answer has more than {most} octets")


async def _chunks(reader: asyncio.StreamReader, most: int) -> bytes:
    body = bytearray()
    while True:
        size = (await reader.readuntil(b"\r\n"))[:-2].partition(b";")[0].strip()
        if not _CHUNK.match(size):
            raise ValueError("no chunk")
        if (octets := int(size, 16)) == 0:
            return bytes(body)
        if len(body) + octets > most:
            raise Failed(f"the answer has more than {most} octets")
        body += await reader.readexactly(octets)
        if await reader.readexactly(2) != b"\r\n":
            raise ValueError("a chunk without an end")
