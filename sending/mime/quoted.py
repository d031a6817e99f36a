"""Quoted-printable in pieces (RFC 2045 6.7), so that static chunks are encoded once and only the holes a recipient.

Every piece begins at the start of a line and ends with a line break (a soft one where the text has none), so pieces can be
joined in any order. Beyond the RFC, each line is already what relaxed DKIM canonicalisation makes of it (RFC 6376 3.4.4: no
runs of blanks, no blanks at the end) and never begins with a dot (RFC 5321 4.5.2) or "From ". The bytes that are sent are
therefore the bytes that are hashed, and nothing has to be stuffed.
"""

import re

SOFT = b"=\r\n"
MAX_LINE = 76

_BREAK = re.compile(r"\r\n|\r|\n")
# What may stand as it is: no "=", no blanks. (Addresses of tracked links are nothing else.)
_PLAIN = re.compile(r"[!-<>-~]+", re.ASCII)
_UNITS = [bytes((byte,)) if 33 <= byte <= 126 and byte != 0x3D else b"=%02X" % byte for byte in range(256)]
_BLANK = 0x20
_DOT = 0x2E


def piece(text: str) -> bytes:
    """One piece of a quoted-printable body in UTF-8; b"" for no text. Lone surrogates become question marks."""
    if _PLAIN.fullmatch(text):
        plain = text.encode("ascii")
        if len(plain) < MAX_LINE:
            if plain[0] != _DOT:
                return plain + SOFT
        elif _DOT not in plain[:: MAX_LINE - 1]:
            step = MAX_LINE - 1
            return SOFT.join([plain[at : at + step] for at in range(0, len(plain), step)]) + SOFT
    if not text:
        return b""
    lines = _BREAK.split(text)
    encoded = [_line(line.encode("utf-8", "replace")) for line in lines]
    if not encoded[-1]:
        return b"\r\n".join(encoded)
    return b"\r\n".join(encoded) + SOFT


def _line(raw: bytes) -> bytes:
    """One line of text, broken softly where it is too long, without its line break."""
    done: list[bytes] = []
    line = bytearray()
    last = len(raw) - 1
    blank_before = False
    for at, byte in enumerate(raw):
        if byte == _BLANK and not blank_before and at != last:
            unit, blank_before = b" ", True
        else:
            unit, blank_before = _UNITS[byte], False
        if len(line) + len(unit) > MAX_LINE - 1:  # leave room for the "=" of a soft break
            done.append(bytes(line) + SOFT)
            line.clear()
        if not line and (byte == _DOT or (byte == 0x46 and raw[at : at + 5] == b"From ")):
            unit = b"=%02X" % byte
        line += unit
    done.append(bytes(line))
    return b"".join(done)
