"""Asking a web address whether it answers, without ever being led into our own house.

Policy: the address is a tenant's word, and so is every redirect. Each host name is asked once of the DNS, one of its
addresses is checked, and the connection goes to that very address: a name that changes its mind between the check and the
use changes nothing. Only http and https at ports 80 and 443, only public addresses, no proxy, no cookie, no more than the
head of an answer, and all of it within `SECONDS`.
"""

import asyncio
import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

from sending.relay.addresses import Reach, may_connect
from sending.relay.dns import Dns, NoSuchDomain, Unknown

SECONDS = 12.0  # for one link, its redirects included
CONNECT_SECONDS = 5.0
MOST_REDIRECTS = 5
MOST_HEAD = 64 * 1024  # bytes of status line and headers (RFC 9112)
MOST_ADDRESS = 2_000
AT_ONCE = 8
AT_ONE_HOST = 2
USER_AGENT = "Posthouse-LinkCheck/1.0 (asks whether links of a mail answer, before it is sent)"
DEFAULT_PORTS = {"http": 80, "https": 443}

# What servers answer who take us for a robot: the page may well be there for people.
_SHY = frozenset({401, 403, 405, 406, 407, 418, 429, 451, 501, 999})
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r?$)")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

Word = Literal["pass", "warn", "fail", ""]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of asking. `status` "": it could not be found out. `code`: of the last answer; `size`: bytes it announces."""

    status: Word
    detail: str
    code: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Where connections may go. `ports`: for tests and labs, where servers do not listen at 80 and 443."""

    reach: Reach = Reach.INTERNET
    ports: frozenset[int] = frozenset(DEFAULT_PORTS.values())
    seconds: float = SECONDS
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)


class _No(Exception):
    """The end of asking, with what to say."""

    def __init__(self, status: Word, detail: str, code: int | None = None) -> None:
        self.reply = Reply(status, detail, code)
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class _Answer:
    code: int
    headers: dict[str, str]


def may_ask(address: str) -> bool:
    """Whether this is a web address that can be asked at all: whole, http or https, not too long."""
    if len(address) > MOST_ADDRESS or "{{" in address or "{%" in address:
        return False
    try:
        split = urlsplit(address)
        return split.scheme.lower() in DEFAULT_PORTS and bool(split.hostname)
    except ValueError:
        return False


def ask_all(addresses: Iterable[str], *, dns: Dns, limits: Limits | None = None) -> dict[str, Reply]:
    """Ask many addresses, a few at once and fewer at one host. Never raises for what an address does."""
    return asyncio.run(_all(list(dict.fromkeys(addresses)), dns, limits or Limits()))


async def _all(addresses: list[str], dns: Dns, limits: Limits) -> dict[str, Reply]:
    gate = asyncio.Semaphore(AT_ONCE)
    hosts: dict[str, asyncio.Semaphore] = {}

    async def one(address: str) -> Reply:
        host = (urlsplit(address).hostname or "") if may_ask(address) else ""
        async with hosts.setdefault(host, asyncio.Semaphore(AT_ONE_HOST)), gate:
            return await ask(address, dns=dns, limits=limits)

    replies = await asyncio.gather(*(one(address) for address in addresses))
    return dict(zip(addresses, replies, strict=True))


async def ask(address: str, *, dns: Dns, limits: Limits) -> Reply:
    """Ask one address: HEAD, and GET where HEAD is not understood. Never raises for what the address does."""
    try:
        async with asyncio.timeout(limits.seconds):
            return await _follow(address, dns, limits)
    except _No as no:
        return no.reply
    except TimeoutError:
        return Reply("warn", f"No answer within {limits.seconds:.0f} seconds.")


async def _follow(address: str, dns: Dns, limits: Limits) -> Reply:
    first = address
    for _ in range(MOST_REDIRECTS + 1):
        answer = await _one(address, "HEAD", dns, limits)
        if answer.code >= 400:  # not every server knows HEAD, and some say 404 to it
            answer = await _one(address, "GET", dns, limits)
        if answer.code not in _REDIRECTS or not answer.headers.get("location"):
            return _judge(answer, moved_to="" if address == first else address)
        try:
            address = urljoin(address, answer.headers["location"])
        except ValueError:
            raise _No("warn", "It sends people on to what is no web address.", answer.code) from None
        if not may_ask(address):
            raise _No("warn", "It sends people on to what is no web address.", answer.code)
    raise _No("warn", f"It sends people on more than {MOST_REDIRECTS} times.")


def _judge(answer: _Answer, *, moved_to: str) -> Reply:
    code = answer.code
    length = answer.headers.get("content-length", "")
    size = int(length) if length.isdecimal() and len(length) < 12 else None
    if 200 <= code < 400:
        host = urlsplit(moved_to).hostname if moved_to else ""
        return Reply("pass", f"It answers, and sends people on to {host}." if host else "It answers.", code, size)
    if code in (404, 410):
        return Reply("fail", f"There is no such page ({code}).", code)
    if code in _SHY:
        return Reply("warn", f"It answers {code}: perhaps only to robots. Open it yourself.", code)
    if code >= 500:
        return Reply("warn", f"Its server has trouble ({code}).", code)
    return Reply("warn", f"It answers {code}.", code)


async def _one(address: str, method: str, dns: Dns, limits: Limits) -> _Answer:
    """One request to one address that was checked."""
    scheme, host, port, target = _split(address)
    if port not in limits.ports:
        raise _No("warn", f"It leads to port {port}; only 80 and 443 are asked.")
    ip = await _resolve(host, dns, limits)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(
                ip,
                port,
                ssl=limits.tls if scheme == "https" else None,
                server_hostname=host if scheme == "https" else None,
                limit=MOST_HEAD,
            )
    except ssl.SSLError as error:
        raise _No("warn", f"Its certificate is not accepted ({_tls_words(error)}): browsers warn people.") from error
    except TimeoutError as error:
        raise _No("warn", f"{host} does not take connections.") from error
    except (OSError, UnicodeError, ValueError) as error:
        raise _No("warn", f"{host} refuses connections.") from error
    try:
        named = f"[{host}]" if ":" in host else host
        if port != DEFAULT_PORTS[scheme]:
            named += f":{port}"
        writer.write(
            f"{method} {target} HTTP/1.1\r\nHost: {named}\r\nUser-Agent: {USER_AGENT}\r\nAccept: */*\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\n\r\n".encode("ascii")
        )
        await writer.drain()
        return await _head(reader)
    except asyncio.IncompleteReadError as error:
        raise _No("warn", "Its server hangs up without an answer.") from error
    except (asyncio.LimitOverrunError, ValueError) as error:
        raise _No("warn", "Its server answers in a way that is not HTTP.") from error
    except OSError as error:
        raise _No("warn", "Its server breaks the connection off.") from error
    finally:
        writer.transport.abort()  # nothing of the body is wanted, however much of it there is


async def _head(reader: asyncio.StreamReader) -> _Answer:
    for _ in range(5):  # 1xx answers come before the real one (RFC 9110, 15.2)
        raw = await reader.readuntil(b"\r\n\r\n")
        first, _, rest = raw.partition(b"\r\n")
        found = _STATUS.match(first)
        if found is None:
            raise ValueError("no status line")
        code = int(found.group(1))
        if code >= 200:
            return _Answer(code, _headers(rest))
    raise ValueError("too many interim answers")


def _headers(raw: bytes) -> dict[str, str]:
    """By lower-case name; the first of each."""
    headers: dict[str, str] = {}
    for line in raw.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return headers


def _split(address: str) -> tuple[str, str, int, str]:
    """Scheme, host as A-labels, port, and the request's target, which is ASCII without spaces or controls."""
    try:
        split = urlsplit(address)
        scheme, host = split.scheme.lower(), (split.hostname or "").rstrip(".")
        port = split.port or DEFAULT_PORTS.get(scheme, 0)
        ascii_host = host if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise _No("fail", "It leads to no web server.") from error
    if scheme not in DEFAULT_PORTS or not re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", ascii_host):
        raise _No("fail", "It leads to no web server.")
    path = quote(split.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(split.query, safe='/%:@!$&()*+,;=~-._?[]')}" if split.query else ""
    return scheme, ascii_host.lower(), port, path + query


async def _resolve(host: str, dns: Dns, limits: Limits) -> str:
    """One address that may be connected to. All of a name's addresses are looked at: one bad one refuses the name."""
    try:
        ip_address(host)
        found = [host]
    except ValueError:
        found = await _addresses(host, dns)
    if not found:
        raise _No("fail", f"There is no web server at {host}.")
    if not all(may_connect(address, limits.reach) for address in found):
        raise _No("fail", f"{host} is inside of a private network: nobody outside can open it.")
    return found[0]


async def _addresses(host: str, dns: Dns) -> list[str]:
    records: list[str] = []
    unknown = False
    for answer in await asyncio.gather(dns.a(host), dns.aaaa(host), return_exceptions=True):
        if isinstance(answer, NoSuchDomain):
            raise _No("fail", f"There is no host named {host}.") from answer
        if isinstance(answer, Unknown):
            unknown = True
        elif isinstance(answer, BaseException):
            raise answer
        else:
            records += [str(each) for each in answer.records]
    if unknown and not records:
        raise _No("", f"The DNS gave no answer about {host}.")
    return records


def _tls_words(error: ssl.SSLError) -> str:
    return (getattr(error, "verify_message", "") or error.reason or "TLS").replace("_", " ").lower()[:80]
