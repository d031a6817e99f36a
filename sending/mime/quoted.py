"""Quoted-printable in pieces (RFC 2045 6.7), so that static chunks are encoded once and only the holes a recipient.

Every piece begins at the start of a line and ends with a line break (a soft one where the text has none), so pieces can be
joined in any order. Beyond the RFC, each line is already what relaxed DKIM canonicalisation makes of it (RFC 6376 3.4.4: no
runs of blanks, no blanks at the end) and never begins with a dot (RFC 5321 4.5.2) or "From ". The bytes that are sent are
therefore the bytes that are hashed, and nothing has to be stuffed.
"""

import re
from functools import lru_cache

SOFT = b"=\r\n"
MAX_LINE = 76
SHORT = 200  # characters

_BREAK = re.compile(r"\r\n|\r|\n")
# What may stand as it is, in words with one blank between them: most of what is merged.
_WORDS = re.compile(r"[!-<>-~]+(?: [!-<>-~]+)*", re.ASCII)
# What has to be written as =XX: what is not printable ASCII, "=", blanks before blanks and at the end of a line.
_ODD = re.compile(rb"[^!-<>-~ ]| (?= |\Z)")
# As much as fits on a line without cutting an =XX in two, with room for two characters more at its beginning.
_FOLD = re.compile(rb".{1,73}(?<!=)(?<!=.)")
_DOT = 0x2E


def piece(text: str) -> bytes:
    """One piece of a quoted-printable body in UTF-8; b"" for no text. Lone surrogates become question marks."""
    # Addresses of tracked links are nothing but what may stand as it is, without blanks.
    if text and text.isascii() and text.isprintable() and "=" not in text and " " not in text:
        plain = text.encode("ascii")
        if len(plain) < MAX_LINE:
            if plain[0] != _DOT:
                return plain + SOFT
        elif _DOT not in plain[:: MAX_LINE - 1]:
            step = MAX_LINE - 1
            return SOFT.join([plain[at : at + step] for at in range(0, len(plain), step)]) + SOFT
    elif len(text) <= MAX_LINE - 3 and _WORDS.fullmatch(text):
        plain = text.encode("ascii")
        if not plain.startswith((b".", b"From ")):
            return plain + SOFT
    if not text:
        return b""
    return _again(text) if len(text) <= SHORT else _anything(text)


def _anything(text: str) -> bytes:
    lines = _BREAK.split(text)
    encoded = [_line(line.encode("utf-8", "replace")) for line in lines]
    if not encoded[-1]:
        return b"\r\n".join(encoded)
    return b"\r\n".join(encoded) + SOFT


# Names, addresses of senders and fall-backs come again and again.
_again = lru_cache(maxsize=4096)(_anything)


def _line(raw: bytes) -> bytes:
    """One line of text, broken softly where it is too long, without its line break."""
    escaped = _ODD.sub(lambda odd: b"=%02X" % odd[0][0], raw)
    lines = _FOLD.findall(escaped) if len(escaped) > MAX_LINE - 3 else [escaped]
    for at, line in enumerate(lines):
        if line.startswith((b".", b"From ")):
            lines[at] = b"=%02X" % line[0] + line[1:]
    return SOFT.join(lines)
