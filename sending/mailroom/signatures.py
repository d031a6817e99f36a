"""Checking who signed a mail (DKIM, RFC 6376): whether its From domain, or a domain above it, stands for it.

For reports that anybody could write: complaints (RFC 9477, section 3.2) and DMARC aggregates (RFC 7489, section 7.2.1.1).
The DNS is asked by the caller's function.
"""

import re
from collections.abc import Callable

from sending.mailroom import verification
from sending.mailroom.parts import open_message

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
    away: list[DnsAway] = []

    def texts(name: str) -> list[str]:
        try:
            record = lookup(name)
        except DnsAway as error:
            away.append(error)
            return []
        return [record.decode("ascii", "replace")] if record is not None else []

    for verdict in verification.verify(raw, texts):
        if verdict.passed and "." in verdict.domain and f".{author}".endswith("." + verdict.domain):
            return verdict.domain
    if away:
        raise away[0]
    return ""
