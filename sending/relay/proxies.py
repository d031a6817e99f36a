"""Conversations that begin at an address of another computer: through SOCKS5 (RFC 1928, RFC 1929), or through HAProxy, told by
the PROXY protocol, version 2, which address to take.

Policy: a proxy is part of the house, so its password is sent to it and to nobody else, and never written down; what it
answers is foreign input all the same, and every answer has a time and a size.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, ip_address
from urllib.parse import unquote, urlsplit

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"  # of PROXY, version 2
_PROXY, _TCP4, _TCP6 = 0x21, 0x11, 0x21
_VERSION, _CONNECT = 5, 1
_NO_LOGIN, _LOGIN, _NONE_FITS = 0, 2, 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4
_REFUSALS = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "no answer in time",
    7: "command not supported",
    8: "kind of address not supported",
}
_SCHEMES = {"socks5": 1080, "haproxy": 0}  # and the usual port; 0: there is none


class Kind(StrEnum):
    SOCKS5 = "socks5"
    HAPROXY = "haproxy"


class BadProxy(ValueError):
    """Not a proxy as it is written here; the text says what is wrong, without the password."""


class Refused(Exception):
    """The proxy made no connection; the text says why and never has the password in it."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it is, and how to log in. `password` is in no text of this object."""

    kind: Kind
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{f'{self.user}@' if self.user else ''}{host}:{self.port}"


def read(text: str, *, password: str = "") -> Proxy:
    """socks5://[user[:password]@]host:port or haproxy://host:port. `password` is used where the text has none.

    The host is an IP address: a name would have to be asked for before every conversation. Raises BadProxy.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        host = str(ip_address(parts.hostname or ""))
        kind = Kind(parts.scheme)
    except ValueError as error:
        raise BadProxy(
            "A proxy is written socks5://user:password@192.0.2.1:1080 or haproxy://192.0.2.1:2525, with an IP address."
        ) from error
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise BadProxy("A proxy has an address and a port, and nothing behind them.")
    user, secret = unquote(parts.username or ""), unquote(parts.password or "") or password
    if kind is Kind.HAPROXY and (user or secret):
        raise BadProxy("HAProxy knows no user and no password; let it accept this computer's address only.")
    if (secret and not user) or max(len(user.encode()), len(secret.encode())) > 255:
        raise BadProxy("A SOCKS5 login is a user and a password of at most 255 octets each.")
    port = port or _SCHEMES[kind]
    if not port:
        raise BadProxy("haproxy:// needs a port.")
    return Proxy(kind, host, port, user, secret)


async def connect(proxy: Proxy, *, source: str, address: str, port: int) -> socket.socket:
    """A socket that leads to address:port from `source`, through the proxy. Raises Refused.

    Trap: nothing is read beyond the proxy's own answer, so that the server's greeting stays in the socket.
    """
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in proxy.host else socket.AF_INET
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        line.setblocking(False)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await loop.sock_connect(line, (proxy.host, proxy.port))
        except OSError as error:
            raise Refused(f"the proxy {proxy} cannot be reached ({error.strerror or error})") from error
        try:
            if proxy.kind is Kind.HAPROXY:
                await loop.sock_sendall(line, header(source=source, address=address, port=port))
            else:
                await _socks(line, proxy, address, port)
        except OSError as error:
            raise Refused(f"the proxy {proxy} hung up ({error.strerror or error})") from error
    except BaseException:
        line.close()
        raise
    return line


def header(*, source: str, address: str, port: int) -> bytes:
    """PROXY, version 2: begin at `source`, with any port, and go to address:port. Both of one family (ValueError)."""
    here, there = ip_address(source), ip_address(address)
    if here.version != there.version:
        raise ValueError(f"{source} does not lead to {address}")
    kind = _TCP4 if isinstance(here, IPv4Address) else _TCP6
    body = here.packed + there.packed + struct.pack("!HH", 0, port)
    return SIGNATURE + struct.pack("!BBH", _PROXY, kind, len(body)) + body


async def _socks(line: socket.socket, proxy: Proxy, address: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    methods = bytes((_NO_LOGIN, _LOGIN) if proxy.user else (_NO_LOGIN,))
    await loop.sock_sendall(line, bytes((_VERSION, len(methods))) + methods)
    version, method = await _exactly(line, 2, proxy)
    if version != _VERSION:
        raise Refused(f"{proxy} does not speak SOCKS5")
    if method == _NONE_FITS:
        raise Refused(f"the proxy {proxy} wants {'another login' if proxy.user else 'a login'}")
    if method == _LOGIN and proxy.user:
        user, password = proxy.user.encode(), proxy.password.encode()
        await loop.sock_sendall(line, bytes((1, len(user))) + user + bytes((len(password),)) + password)
        _, status = await _exactly(line, 2, proxy)
        if status:
            raise Refused(f"the proxy {proxy} does not accept the login")
    elif method != _NO_LOGIN:
        raise Refused(f"the proxy {proxy} chose a login that was not offered")
    there = ip_address(address)
    kind = _IPV4 if isinstance(there, IPv4Address) else _IPV6
    await loop.sock_sendall(line, bytes((_VERSION, _CONNECT, 0, kind)) + there.packed + struct.pack("!H", port))
    version, reply, _, kind = await _exactly(line, 4, proxy)
    if version != _VERSION:
        raise Refused(f"{proxy} does not speak SOCKS5")
    if reply:
        raise Refused(f"the proxy {proxy} made no connection: {_REFUSALS.get(reply, f'reply {reply}')}")
    if kind == _NAME:
        (rest,) = await _exactly(line, 1, proxy)
    elif kind in (_IPV4, _IPV6):
        rest = 4 if kind == _IPV4 else 16
    else:
        raise Refused(f"{proxy} does not speak SOCKS5")
    await _exactly(line, rest + 2, proxy)


async def _exactly(line: socket.socket, count: int, proxy: Proxy) -> bytes:
    loop = asyncio.get_running_loop()
    got = b""
    while len(got) < count:
        more = await loop.sock_recv(line, count - len(got))
        if not more:
            raise Refused(f"the proxy {proxy} hung up")
        got += more
    return got
