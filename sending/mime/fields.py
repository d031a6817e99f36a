"""Header fields: text and addresses into safe, folded octets (RFC 5322 2.2.3, RFC 2047).

The trap: a line break inside of a value would begin another header. Every value passes through `clean`, which turns
controls and line breaks into blanks, before anything else is done with it.
"""

import base64
import re

MAX_LINE = 998  # RFC 5322 2.1.1, without CRLF
SOFT_LINE = 76
_CONTROLS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ATOM_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+", re.ASCII)
_ENCODED_WORD_BYTES = 45  # 60 base64 characters, with "=?utf-8?b?" and "?=" 72
_LOOKS_ENCODED = "=?"


def clean(text: str) -> str:
    """One line: runs of controls, blanks and line breaks become one blank."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return _CONTROLS.sub(" ", text).strip()


def unstructured(name: bytes, text: str) -> bytes:
    """`Name: text` with CRLF, folded at blanks; what is not ASCII, or cannot be folded, in encoded words."""
    value = clean(text)
    if value.isascii() and _LOOKS_ENCODED not in value:
        folded = _fold(len(name) + 2, value.split(" "))
        if folded is not None:
            return name + b": " + folded + b"\r\n"
    return name + b": " + b"\r\n ".join(encoded_words(value)) + b"\r\n"


def unfolded(name: bytes, value: str) -> bytes:
    """`Name: value` on one line, for headers that must not be folded. ValueError when it is not ASCII or too long."""
    line = name + b": " + clean(value).encode("ascii") + b"\r\n"
    if len(line) > MAX_LINE + 2:
        raise ValueError(f"{name.decode()} is longer than {MAX_LINE} characters and may not be folded")
    return line


def mailbox(name: bytes, display: str, address: str) -> bytes:
    """`Name: Display <address>` with CRLF; the display name quoted or in encoded words. The address may hold UTF-8."""
    spec = b"<" + clean(address).replace(" ", "").encode("utf-8") + b">"
    phrase = clean(display)
    if not phrase:
        return name + b": " + spec[1:-1] + b"\r\n"
    if phrase.isascii() and _LOOKS_ENCODED not in phrase and len(phrase) < 200:
        if not _ATOM_PHRASE.fullmatch(phrase):
            phrase = '"' + phrase.replace("\\", "\\\\").replace('"', '\\"') + '"'
        words = phrase.encode("ascii")
    else:
        words = b"\r\n ".join(encoded_words(phrase))
    last = len(words) - (words.rfind(b"\n") + 1)
    glue = b"\r\n " if last + len(spec) + 1 > SOFT_LINE - len(name) else b" "
    return name + b": " + words + glue + spec + b"\r\n"


def encoded_words(text: str) -> list[bytes]:
    """RFC 2047 words in UTF-8 and base64, none longer than 75 octets and no character cut in two."""
    octets = text.encode("utf-8")
    words: list[bytes] = []
    begin = 0
    while begin < len(octets) or not words:
        end = begin + _ENCODED_WORD_BYTES
        while end < len(octets) and octets[end] & 0xC0 == 0x80:  # in the middle of a character
            end -= 1
        words.append(b"=?utf-8?b?" + base64.b64encode(octets[begin:end]) + b"?=")
        begin = end
    return words


def _fold(used: int, words: list[str]) -> bytes | None:
    """Words on lines of about 76 characters; None when one is too long for a line of its own."""
    lines: list[str] = []
    line = ""
    for word in words:
        if len(word) > SOFT_LINE:
            return None
        if line and used + len(line) + 1 + len(word) > SOFT_LINE:
            lines.append(line)
            line, used = word, 1
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return "\r\n ".join(lines).encode("ascii")
