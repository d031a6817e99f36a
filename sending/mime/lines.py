"""Line endings and octets of whole messages: what may go over the wire, before it is signed.

A bare CR or LF is a way to smuggle a second message past a careless receiver (the CVE-2023-51764 class), so none leaves
this house.
"""

import re

_STRAY = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_NUL = b"\0"


def normalise(message: bytes) -> bytes:
    """The message with every line break written as CRLF, ending with one, and without NUL octets."""
    if _NUL in message:
        message = message.replace(_NUL, b"")
    if _STRAY.search(message):
        message = _STRAY.sub(b"\r\n", message)
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def is_eight_bit(message: bytes) -> bool:
    """Whether the message holds octets above 127 and so needs 8BITMIME (RFC 6152)."""
    return not message.isascii()


def longest(message: bytes) -> int:
    """The octets of the longest line, without CRLF; RFC 5321 4.5.3.1.6 allows 998."""
    return max(map(len, message.split(b"\r\n")))


def stuff(message: bytes) -> bytes:
    """Dots doubled at the beginning of lines (RFC 5321 4.5.2), and CRLF at the end."""
    if b"\r\n." in message:
        message = message.replace(b"\r\n.", b"\r\n..")
    if message.startswith(b"."):
        message = b"." + message
    return message if message.endswith(b"\r\n") else message + b"\r\n"
