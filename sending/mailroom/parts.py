"""Opening a foreign message: its MIME parts, cut with hard limits on size, depth, number and header length.

Policy: a message is evidence, so a broken one is read as far as it goes and never refused here. Every step is linear in the
size of the message; what lies beyond a limit is left out, and `Part.cut` says so.
"""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

MAX_DEPTH = 6
MAX_PARTS = 40
MAX_HEADER_OCTETS = 32_768
MAX_BODY_OCTETS = 4_000_000
MAX_CONTENT_TYPE = 2_000  # the standard library reads its parameters in quadratic time

_HEADERS = BytesHeaderParser(policy=compat32)
_BLANK = re.compile(rb"\r?\n\r?\n")
_LEADING_BLANK = re.compile(rb"\r?\n")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One MIME part. `kind` is its lower-case content type, `body` its decoded octets (of a leaf), `children` its parts."""

    kind: str
    headers: Message
    body: bytes = b""
    children: tuple["Part", ...] = ()
    cut: bool = False

    def header(self, name: str) -> str:
        """A header's value on one line, at most 998 characters; "" when it is not there."""
        try:
            value = str(self.headers.get(name, ""))
        except (MessageError, ValueError, UnicodeError):
            return ""
        return _SPACES.sub(" ", value).strip()[:998]

    def words(self, name: str) -> str:
        """A header's value as a reader sees it: encoded words (RFC 2047) decoded, on one line."""
        value = self.header(name)
        if "=?" not in value:
            return value
        try:
            decoded = str(make_header(decode_header(value)))
        except (MessageError, ValueError, UnicodeError, LookupError):
            return value
        return _SPACES.sub(" ", decoded).strip()[:998]

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type, lower-case (`report-type`)."""
        try:
            value = self.headers.get_param(name, "")
        except (MessageError, ValueError, UnicodeError, LookupError):
            return ""
        return (value[2] if isinstance(value, tuple) else str(value)).lower()[:200]

    def text(self) -> str:
        """The body as text, whatever its character set claims to be."""
        charset = self.parameter("charset") or "utf-8"
        try:
            return self.body.decode(charset, "replace")
        except (LookupError, ValueError):  # no such code, or a NUL in its name
            return self.body.decode("utf-8", "replace")

    def walk(self) -> "list[Part]":
        """This part and all below it, in order."""
        found = [self]
        for child in self.children:
            found.extend(child.walk())
        return found


@dataclass
class _Budget:
    parts: int = MAX_PARTS
    cut: bool = field(default=False)


def open_message(raw: bytes) -> Part:
    """The tree of a message's parts. Never raises for what a stranger wrote."""
    return _open(raw, depth=0, budget=_Budget(), inherited="text/plain")


def _open(raw: bytes, *, depth: int, budget: _Budget, inherited: str) -> Part:
    budget.parts -= 1
    head, body, cut = _halves(raw)
    try:
        headers = _HEADERS.parsebytes(head)
    except (MessageError, ValueError, UnicodeError, IndexError, RecursionError):
        headers = Message()
        cut = True
    if len(str(headers.get("content-type", ""))) > MAX_CONTENT_TYPE:
        del headers["content-type"]
        cut = True
    kind = _kind(headers, inherited)
    if kind.startswith("multipart/"):
        boundary = _boundary(headers)
        if boundary and depth < MAX_DEPTH:
            child_kind = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            children = []
            for piece in _pieces(body, boundary):
                if budget.parts <= 0:
                    cut = True
                    break
                children.append(_open(piece, depth=depth + 1, budget=budget, inherited=child_kind))
            return Part(kind=kind, headers=headers, children=tuple(children), cut=cut)
        return Part(kind=kind, headers=headers, body=body[:MAX_BODY_OCTETS], cut=True)
    decoded = _decode(body, headers)
    if kind in ("message/rfc822", "message/global") and depth < MAX_DEPTH and budget.parts > 0:
        inner = _open(decoded, depth=depth + 1, budget=budget, inherited="text/plain")
        return Part(kind=kind, headers=headers, children=(inner,), cut=cut)
    return Part(kind=kind, headers=headers, body=decoded[:MAX_BODY_OCTETS], cut=cut or len(decoded) > MAX_BODY_OCTETS)


def _halves(raw: bytes) -> tuple[bytes, bytes, bool]:
    leading = _LEADING_BLANK.match(raw)
    if leading:
        return b"", raw[leading.end() :], False
    blank = _BLANK.search(raw)
    head, body = (raw[: blank.start()], raw[blank.end() :]) if blank else (raw, b"")
    if len(head) <= MAX_HEADER_OCTETS:
        return head, body, False
    return head[: head.rfind(b"\n", 0, MAX_HEADER_OCTETS) + 1], body, True


def _kind(headers: Message, inherited: str) -> str:
    if "content-type" not in headers:
        return inherited
    try:
        return headers.get_content_type().lower()
    except (MessageError, ValueError, UnicodeError, LookupError):
        return "text/plain"


def _boundary(headers: Message) -> bytes:
    try:
        boundary = headers.get_boundary("") or ""
    except (MessageError, ValueError, UnicodeError, LookupError):
        return b""
    # RFC 2046, section 5.1.1: 1 to 70 characters. Longer ones are seen in the wild; none needs more than this.
    return boundary.encode("utf-8", "surrogateescape") if len(boundary) <= 200 else b""


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """The octets between the delimiter lines; a missing last delimiter ends at the end."""
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    pieces: list[bytes] = []
    start = -1
    for match in delimiter.finditer(body):
        if start >= 0:
            pieces.append(body[start : match.start()])
        if match.group(1):
            return pieces
        after = _LEADING_BLANK.match(body, match.end())
        start = after.end() if after else match.end()
        if len(pieces) > MAX_PARTS:
            return pieces
    if start >= 0:
        pieces.append(body[start:])
    return pieces


def _decode(body: bytes, headers: Message) -> bytes:
    encoding = str(headers.get("content-transfer-encoding", "")).strip().lower()
    if encoding == "base64":
        try:
            return base64.b64decode(re.sub(rb"[^A-Za-z0-9+/]", b"", body) + b"==")
        except (binascii.Error, ValueError):
            return b""
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    return body
