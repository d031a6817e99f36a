"""What is the same in a thousand replies: their words without addresses, numbers of connections and names of queue files.

Used twice: judgements are remembered by it (the same words need not be judged again), and a wave of identical refusals is
known by it.
"""

import re

MAX_TEXT = 600

_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]{1,128}@[^\s<>()\[\]\"',;:]{1,255}")
_IPV4 = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_IPV6 = re.compile(r"\b(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{0,4}\b|\b(?:[0-9a-f]{1,4}:){2,6}:[0-9a-f:]*", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9_+.-]{10,}")
_DIGITS = re.compile(r"\d+")


def nameless(text: str) -> str:
    """A reply's words without anybody's mail address: to be kept where nobody looks for a person to be forgotten."""
    return _ADDRESS.sub("someone@somewhere", text[:MAX_TEXT])


def plain(text: str) -> str:
    """A reply's words with addresses, IP addresses and identifiers replaced. Short numbers stay: [TSS04], S3140."""
    text = nameless(text)
    text = _IPV4.sub("192.0.2.0", text)
    text = _IPV6.sub("::", text)
    return _WORD.sub(_identifier, text)


def of(*, provider: str, domain: str, code: int, status: str, text: str) -> str:
    """By what two refusals are one and the same: where, the codes, and the words without any number. At most 300 characters."""
    where = place_of(provider=provider, domain=domain)
    words = _DIGITS.sub("0", plain(text)).lower()
    return f"{where}|{code} {status}|{words}"[:300]


def place_of(*, provider: str, domain: str) -> str:
    """Where a message was tried: the mailbox provider if it is known, else the domain."""
    return provider if provider and provider != "Other" else domain.lower()


def _identifier(match: re.Match[str]) -> str:
    word = match.group()
    return "ID" if sum(c.isdigit() for c in word) >= 4 else word
