"""Where a tracked link may lead: web addresses only, made fit for a Location header."""

from urllib.parse import quote, urlsplit, urlunsplit

MAX_CHARS = 8_000


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
