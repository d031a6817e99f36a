"""How an address begins, as whoever reads mail would read it: what cannot be seen does not count."""

import re

_INVISIBLE = re.compile("[\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")


def visible(address: str) -> str:
    """The address without blanks and controls, which browsers skip."""
    return _INVISIBLE.sub("", address)


def scheme_of(address: str) -> str:
    """`javascript` of " Java\\tScript:…"; "" where there is none (RFC 3986, 3.1)."""
    found = _SCHEME.match(visible(address))
    return found.group(1).lower() if found else ""
