"""A message as the sandbox's people see it: its headers, its links into our own house, whether it is one of many."""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from urllib.parse import urlsplit

from sending.mailroom.parts import open_message

_URL = re.compile(r"""https?://[^\s"'<>]{1,2000}""")
_ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>|([^<>\s,;]+@[^<>\s,;]+)")

#: where links of ours lead (paths on the link host): only these are ever followed, and only on this computer
PIXEL, CLICK, LEAVE = "/i/", "/c/", "/u/"


@dataclass(frozen=True)
class Links:
    """The request paths found in one message: `/i/…`, `/c/…` and the one-click `/u/…`; "" or () when there are none."""

    pixel: str = ""
    clicks: tuple[str, ...] = ()
    host: str = ""


def headers_of(raw: bytes) -> dict[str, str]:
    """The first header field of each name, unfolded, by its lower-case name."""
    head = raw[:65_536].partition(b"\r\n\r\n")[0]
    found: dict[str, str] = {}
    for line in re.sub(rb"\r\n[ \t]+", b" ", head).split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(name.decode("ascii", "replace").strip().lower(), value.decode("utf-8", "replace").strip())
    return found


def is_bulk(headers: dict[str, str]) -> bool:
    """Whether a message went to many: then people treat it as marketing, and not every copy is kept."""
    return headers.get("precedence", "").lower() == "bulk" or "list-unsubscribe-post" in headers


def readable(value: str) -> str:
    """A header's text with its encoded words decoded (RFC 2047)."""
    try:
        return str(make_header(decode_header(value)))[:998]
    except (MessageError, ValueError, UnicodeError, LookupError):
        return value[:998]


def address_in(value: str) -> str:
    """The first address in a header, lower-case; "" when there is none."""
    match = _ADDRESS.search(value[:5_000])
    return (match.group(1) or match.group(2)).lower() if match else ""


def leave_url(headers: dict[str, str]) -> tuple[str, str]:
    """Host and path of the one-click address (RFC 8058); empty when the message offers none."""
    if headers.get("list-unsubscribe-post", "").replace(" ", "").lower() != "list-unsubscribe=one-click":
        return "", ""
    for url in re.findall(r"<(https?://[^<>\s]+)>", headers.get("list-unsubscribe", "")):
        host, path = _ours(url, LEAVE)
        if path:
            return host, path
    return "", ""


def links_in(raw: bytes) -> Links:
    """The pixel and the tracked links of a message's HTML part."""
    html = next((part.text() for part in open_message(raw).walk() if part.kind == "text/html"), "")
    pixel = host = ""
    clicks: list[str] = []
    for url in _URL.findall(html.replace("&amp;", "&")):
        found_host, path = _ours(url, PIXEL)
        if path:
            pixel, host = path, found_host
            continue
        found_host, path = _ours(url, CLICK)
        if path and path not in clicks and len(clicks) < 200:
            clicks.append(path)
            host = host or found_host
    return Links(pixel=pixel, clicks=tuple(clicks), host=host)


def _ours(url: str, beginning: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    if not parts.path.startswith(beginning) or not parts.path.isascii():
        return "", ""
    return parts.netloc, parts.path + (f"?{parts.query}" if parts.query else "")
