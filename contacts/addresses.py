"""Mail addresses: one spelling per mailbox, or the reason in plain words why it is none.

Policy: syntax only, no DNS. The domain becomes its A-label (RFC 5890), the key is the whole address
in lower case, so that Ann@Example.org and ann@example.org are one person. Local parts outside ASCII
(RFC 6531) and quoted ones (RFC 5321, 4.1.2) are refused: next to no receiver takes them.

Trap: a million rows go through here, so the plain majority takes a regular expression; everything
else goes to email-validator, and a property test holds the two to the same answers.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

import email_validator

MAX_ADDRESS = 254  # octets, RFC 5321 4.5.3.1.3 with erratum 1690 of RFC 3696
MAX_LOCAL = 64  # octets, RFC 5321 4.5.3.1.1
MAX_LABEL = 63  # octets, RFC 1035 2.3.4
MAX_TYPED = 1_000  # characters of input that we look at at all


class Flaw(StrEnum):
    """What is wrong with an address; the value is the stable code, `words` what we say."""

    EMPTY = "empty"
    NO_AT = "no_at"
    TWO_ATS = "two_ats"
    TOO_LONG = "too_long"
    LOCAL_TOO_LONG = "local_too_long"
    LOCAL_EMPTY = "local_empty"
    LOCAL_BAD = "local_bad"
    LOCAL_FOREIGN = "local_foreign"
    LOCAL_QUOTED = "local_quoted"
    DOMAIN_EMPTY = "domain_empty"
    DOMAIN_BAD = "domain_bad"
    DOMAIN_NO_DOT = "domain_no_dot"
    DOMAIN_NUMERIC = "domain_numeric"
    DOMAIN_RESERVED = "domain_reserved"
    SPACE = "space"
    CONTROL = "control"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Flaw.EMPTY: "The address is empty.",
    Flaw.NO_AT: "There is no @ in the address.",
    Flaw.TWO_ATS: "There is more than one @: keep one address in the cell.",
    Flaw.TOO_LONG: f"The address is longer than {MAX_ADDRESS} characters, the most that mail allows.",
    Flaw.LOCAL_TOO_LONG: f"The part before the @ is longer than {MAX_LOCAL} characters, the most that mail allows.",
    Flaw.LOCAL_EMPTY: "There is nothing before the @.",
    Flaw.LOCAL_BAD: "The part before the @ has a character or a dot where none may be.",
    Flaw.LOCAL_FOREIGN: "The part before the @ has letters outside a-z, which most mail servers refuse.",
    Flaw.LOCAL_QUOTED: "The part before the @ needs quotes, which most mail servers refuse.",
    Flaw.DOMAIN_EMPTY: "There is nothing after the @.",
    Flaw.DOMAIN_BAD: "The part after the @ is not a well-formed domain name.",
    Flaw.DOMAIN_NO_DOT: "The domain after the @ has no dot: is its ending missing?",
    Flaw.DOMAIN_NUMERIC: "The part after the @ must be a domain name, not a number.",
    Flaw.DOMAIN_RESERVED: "The domain after the @ is reserved and can never receive mail.",
    Flaw.SPACE: "There is a space inside the address.",
    Flaw.CONTROL: "There is an invisible control character inside the address.",
}


class Address(NamedTuple):
    """A well-formed address. `address` is how we write to it, `key` how we find it, `domain` is in A-labels."""

    address: str
    key: str
    domain: str


class InvalidAddress(ValueError):
    """This is no address that mail could reach; `flaw` says why, `str()` says it in words."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.words)
        self.flaw = flaw


_PLAIN = re.compile(
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*+)"
    r"@((?:[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+\.)++[A-Za-z]{2,63})"
)
PLAIN_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*+")
_ENDING = re.compile(r"[A-Za-z]\Z")
_WRAPPED = re.compile(r"[^<>]*<([^<>]+)>")
_SAME_DOMAIN = {
    "googlemail.com": "gmail.com",
    "protonmail.com": "proton.me",
    "protonmail.ch": "proton.me",
    "pm.me": "proton.me",
    "ya.ru": "yandex.ru",
    "yandex.com": "yandex.ru",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
}
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad"
_RESERVED = frozenset(email_validator.SPECIAL_USE_DOMAIN_NAMES)


def parse(text: str) -> Address:
    """The address that `text` spells; white space around it, `mailto:` and `Name <...>` are forgiven.

    Raises InvalidAddress, and nothing else whatever the text.
    """
    match = _PLAIN.fullmatch(text)
    if match is not None and len(text) <= MAX_ADDRESS:
        local, domain = match.groups()
        domain = domain.lower()
        if (
            len(local) <= MAX_LOCAL
            and (len(domain) <= MAX_LABEL or max(map(len, domain.split("."))) <= MAX_LABEL)
            and domain.rpartition(".")[2] not in _RESERVED
        ):
            return Address(f"{local}@{domain}", f"{local.lower()}@{domain}", domain)
    return _parse_carefully(_tidy(text))


def key_of(text: str) -> str | None:
    """The key of the address that `text` spells, or None if it spells none."""
    try:
        return parse(text).key
    except InvalidAddress:
        return None


def is_address(text: str) -> bool:
    return key_of(text) is not None


def canonical(key: str) -> str:
    """The mailbox that a key most likely leads to: without what follows a plus, and for Gmail without dots.

    Two keys with one canonical form are probably one person. Never an address to write to: the key says how they gave it.
    """
    local, at, domain = key.rpartition("@")
    domain = _SAME_DOMAIN.get(domain, domain)
    base = local.partition("+")[0]
    if domain == "gmail.com":
        base = base.replace(".", "")
    return f"{base or local}{at}{domain}"


def masked(address: str) -> str:
    """An address as it is shown to somebody who may not be its owner: `m•••@example.org`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}" if at else "•••"


def _tidy(text: str) -> str:
    if len(text) > MAX_TYPED:
        raise InvalidAddress(Flaw.TOO_LONG)
    text = text.strip().strip(_INVISIBLE).strip()
    wrapped = _WRAPPED.fullmatch(text)
    if wrapped is not None:
        text = wrapped.group(1).strip()
    if text[:7].lower() == "mailto:":
        text = text[7:].strip()
    return text


def _parse_carefully(text: str) -> Address:
    flaw = _obvious_flaw(text)
    if flaw is not None:
        raise InvalidAddress(flaw)
    try:
        valid = email_validator.validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=False,
            allow_quoted_local=True,
            allow_domain_literal=False,
            allow_display_name=False,
            allow_empty_local=False,
            strict=True,
        )
    except (email_validator.EmailNotValidError, UnicodeError) as refused:
        raise InvalidAddress(_judge(text)) from refused
    local, domain = valid.ascii_local_part or "", valid.ascii_domain.lower()
    if local.startswith('"'):
        raise InvalidAddress(Flaw.LOCAL_QUOTED)
    address = f"{local}@{domain}"
    if not local or len(address) > MAX_ADDRESS or len(local) > MAX_LOCAL:
        raise InvalidAddress(Flaw.TOO_LONG if local else Flaw.LOCAL_EMPTY)
    return Address(address, address.lower(), domain)


def _obvious_flaw(text: str) -> Flaw | None:
    if not text:
        return Flaw.EMPTY
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in text):
        return Flaw.CONTROL
    if "@" not in text:
        return Flaw.NO_AT
    if len(text.encode()) > MAX_ADDRESS:
        return Flaw.TOO_LONG
    return None


def _judge(text: str) -> Flaw:
    """Why email-validator refused it, looked up from the text and not from the library's English."""
    local, _, domain = text.rpartition("@")
    quoted = local.startswith('"') and local.endswith('"') and len(local) > 1
    if not quoted and "@" in local:
        return Flaw.TWO_ATS
    if not local:
        return Flaw.LOCAL_EMPTY
    if not domain:
        return Flaw.DOMAIN_EMPTY
    if not quoted and any(c.isspace() for c in text):
        return Flaw.SPACE
    if not local.isascii():
        return Flaw.LOCAL_FOREIGN
    if len(local) > MAX_LOCAL:
        return Flaw.LOCAL_TOO_LONG
    if quoted:
        return Flaw.LOCAL_QUOTED
    if _PLAIN.fullmatch(f"{local}@example.org") is None:
        return Flaw.LOCAL_BAD
    labels = domain.lower().split(".")
    if labels[-1] in _RESERVED:
        return Flaw.DOMAIN_RESERVED
    if len(labels) == 1 and not domain.startswith("["):
        return Flaw.DOMAIN_NO_DOT
    if domain.startswith("[") or (domain.isascii() and labels[-1] and not _ENDING.search(labels[-1])):
        return Flaw.DOMAIN_NUMERIC if domain.strip("[]0123456789.:") == "" else Flaw.DOMAIN_BAD
    return Flaw.DOMAIN_BAD
