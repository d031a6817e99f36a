"""Checking who signed a mail (DKIM, RFC 6376): whether its From domain, or a domain above it, stands for it.

For reports that anybody could write: complaints (RFC 9477, section 3.2) and DMARC aggregates (RFC 7489, section 7.2.1.1).
The DNS is asked by the caller's function.
"""

import re
from collections.abc import Callable

import dkim

from sending.mailroom.parts import open_message

MOST_SIGNATURES = 5
MIN_KEY_BITS = 1024
ALGORITHMS = ("rsa-sha256", "ed25519-sha256")  # RFC 8301 and RFC 8463; SHA-1 proves nothing any more
_ADDRESS = re.compile(r"@([A-Za-z0-9.-]{1,253})")


class DnsAway(Exception):
    """The DNS gives no answer now: nothing can be said of the signature, and the sender should come back."""


# A name to its TXT record's octets, None when it has none. Raises DnsAway.
Lookup = Callable[[str], bytes | None]


def signed_by(raw: bytes, lookup: Lookup) -> str:
    """The domain of a valid signature that stands for the From address, lower case; "" when there is none.

    Raises DnsAway when a signature might be valid and its key cannot be looked up now.
    """
    message = open_message(raw)
    authors = _ADDRESS.findall(message.header("from"))
    signatures = message.headers.get_all("dkim-signature", [])
    if len(authors) != 1 or len(message.headers.get_all("from", [])) != 1 or not signatures:
        return ""
    author = authors[0].lower().strip(".")
    away: DnsAway | None = None
    for number, signature in enumerate(signatures[:MOST_SIGNATURES]):
        domain = _tag(str(signature), "d")
        if not domain or "." not in domain or not f".{author}".endswith("." + domain) or _tag(str(signature), "l"):
            continue  # a signature that leaves a part of the body uncovered proves nothing of a report
        if _tag(str(signature), "a") not in ALGORITHMS:
            continue
        try:
            if _verify(raw, number, lookup):
                return domain
        except DnsAway as error:
            away = error
    if away is not None:
        raise away
    return ""


def _verify(raw: bytes, number: int, lookup: Lookup) -> bool:
    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        return lookup(name.decode("ascii", "replace"))

    try:
        return bool(dkim.DKIM(raw, minkey=MIN_KEY_BITS).verify(idx=number, dnsfunc=ask))
    except DnsAway:
        raise
    except Exception:  # noqa: BLE001  (whatever the library makes of a stranger's octets, it is no valid signature)
        return False


def _tag(signature: str, name: str) -> str:
    match = re.search(rf"(?:^|;)\s*{name}\s*=\s*([^;\s]{{1,253}})", signature)
    return match.group(1).lower().strip(".") if match else ""
