"""A message that comes in chunks (BDAT, RFC 3030): what the command asks for, and what has come so far.

Policy: octets are counted, never searched: nothing inside of a chunk can end it. What is no whole command tells no count, so
what follows it cannot be told from commands and the conversation must end.
"""

MOST_DIGITS = 12


class BadChunk(Exception):
    """No such command as `BDAT octets [LAST]`."""


def read_chunk(rest: bytes) -> tuple[int, bool]:
    """The octets of a BDAT command's argument, and whether it is the last one. Raises BadChunk."""
    words = rest.split(b" ")
    if len(words) > 2 or not words[0].isdigit() or len(words[0]) > MOST_DIGITS:
        raise BadChunk
    if len(words) == 2 and words[1].upper() != b"LAST":
        raise BadChunk
    return int(words[0]), len(words) == 2


class Chunks:
    """The chunks of one message."""

    def __init__(self) -> None:
        self.begun = False
        self.octets = 0
        self._parts: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        self.begun = True
        self.octets += len(chunk)
        self._parts.append(chunk)

    def take(self) -> bytes:
        """All of it; begins anew."""
        whole = b"".join(self._parts)
        self.forget()
        return whole

    def forget(self) -> None:
        self.begun, self.octets = False, 0
        self._parts.clear()


def has_bare_newline(message: bytes) -> bool:
    """Whether a CR or an LF stands alone (RFC 5321, section 2.3.8)."""
    pairs = message.count(b"\r\n")
    return message.count(b"\n") != pairs or message.count(b"\r") != pairs
