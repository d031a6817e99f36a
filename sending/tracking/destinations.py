"""Where a tracked link may lead: web addresses only, made fit for a Location header; and where it may be led later."""

import posixpath
import re
from collections.abc import Collection, Iterable
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from sending.relay.addresses import Reach, may_connect

MAX_CHARS = 8_000
# Pages of one person, and links of one message (posthouse/hits.py): everybody else who clicked would act for that person.
PERSONAL = ("/c/", "/d/", "/i/", "/p/", "/s/", "/u/", "/v/")
# Names that are nobody's outside of one house (RFC 6761, 6762, 8375, and the one that ICANN has set aside).
_INSIDE = (".localhost", ".local", ".internal", ".home.arpa", ".onion")
# Browsers read more than names into a host: a backslash ends it, and percents are decoded (WHATWG URL, section 3.5).
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
TAG = "utm_"


def safe_destination(url: str) -> str | None:
    """The address for a Location header: http and https only, in ASCII; None when it is anything else."""
    url = url.strip()
    if not url or len(url) > MAX_CHARS or any(ord(c) < 32 or ord(c) == 127 for c in url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
        if parts.scheme not in {"http", "https"} or not host:
            return None
        netloc = parts.netloc
        if not netloc.isascii():
            netloc = host.encode("idna").decode("ascii") + (f":{parts.port}" if parts.port else "")
        kept = "/#%[]=:;$&()+,!?*@'~|"
        address = urlunsplit(
            (parts.scheme, netloc, quote(parts.path, kept), quote(parts.query, kept), quote(parts.fragment, kept))
        )
    except (ValueError, UnicodeError):
        return None
    return address if address.isascii() else None


def why_not(url: str, *, ours: Collection[str] = ()) -> str:
    """Why a link of a mail that was sent may not be led there, as a sentence; "" when it may. `ours`: the hosts of our pages."""
    if "{{" in url or "{%" in url:
        return "Write an address without merge fields: it is the same for everybody."
    if any(character.isspace() for character in url):
        return "An address has no spaces in it."
    safe = safe_destination(url)
    if safe is None:
        return "Write a whole web address, which begins with https:// or http://."
    parts = urlsplit(safe)
    host = (parts.hostname or "").rstrip(".")
    if parts.username is not None:
        return "Write the address without a user name: mail programs take that for fraud."
    if not _is_outside(host):
        return f"{host} is inside of a private network: nobody outside can open it."
    if is_personal(safe, ours=ours):
        return "That page belongs to one person or one message: everybody who clicked would act for them."
    return ""


def is_personal(url: str, *, ours: Collection[str]) -> bool:
    """Whether this is a page of ours that acts for one person: unsubscribe, preferences, web version, or a tracked link."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # As browsers and servers read a path: dots are followed, percents are decoded, and a backslash is a slash.
    path = posixpath.normpath(unquote(parts.path).replace("\\", "/")).lstrip("/")
    return (parts.hostname or "").rstrip(".") in ours and f"/{path}/".startswith(PERSONAL)


def with_tags_of(was: str, url: str) -> str:
    """The address with those tags for statistics (utm_source and its kin) of the other one that it does not have itself."""
    return with_tags(url, tags_of(was))


def with_tags(url: str, tags: Iterable[tuple[str, str]]) -> str:
    """The address with those of the tags (name, value) that it does not have itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    own = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    kept = [(name, value) for name, value in tags if name not in own]
    if not kept:
        return url
    query = "&".join(filter(None, (parts.query, urlencode(kept))))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


def tags_of(url: str) -> list[tuple[str, str]]:
    """The tags for statistics in an address."""
    try:
        query = urlsplit(url).query
        return [(name, value) for name, value in parse_qsl(query, max_num_fields=200) if name.startswith(TAG)]
    except ValueError:
        return []


def _is_outside(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        # A number in another spelling (0x7f000001, 127.1) is an address to browsers; a name has a letter in its last part.
        last = host.rpartition(".")[2]
        is_name = _NAME.fullmatch(host) is not None and not host.endswith(_INSIDE)
        return is_name and not last.isdigit() and not last.startswith("0x")
    return may_connect(host, Reach.INTERNET)
