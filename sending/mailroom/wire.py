"""Cutting a client's bytes into SMTP command lines and message data, so that only CRLF ends a line and only CRLF.CRLF a message.

Policy: nothing is normalised. A bare CR or LF in a command is an error at once; in message data it is reported after the
true end of the data, so that a smuggled second message (`<LF>.<LF>` and its kin) is read as content and then refused.
"""

END_OF_DATA = b"\r\n.\r\n"


class BadLine(Exception):
    """A command line that is too long, or that carries a bare CR, a bare LF or a NUL. The line was taken off the wire."""


class BareNewline(Exception):
    """Message data with a CR or an LF that stands alone (RFC 5321, section 2.3.8). The data was taken off the wire."""


class TooBig(Exception):
    """Message data beyond the size limit. The data was read to its end and thrown away."""


class Wire:
    """A sans-I/O reader: bytes go in by `feed`, whole command lines and whole messages come out.

    line_limit: octets of a command line with its CRLF (RFC 5321, section 4.5.3.1.4 asks for at least 512).
    size_limit: octets of a message as it stood on the wire.
    """

    def __init__(self, *, line_limit: int = 2048, size_limit: int = 2_000_000) -> None:
        self._line_limit = line_limit
        self._size_limit = size_limit
        self.clear()

    def clear(self) -> None:
        """Forget everything that was fed and not yet taken (after STARTTLS: what was pipelined behind it is not trusted)."""
        self._buffer = bytearray()
        self._scanned = 0
        self._dropped = 0
        self._first = True

    @property
    def pending(self) -> int:
        """Octets held in memory."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what the socket gave."""
        self._buffer += data

    def command(self) -> bytes | None:
        """The next command line without its CRLF, or None until a whole one is here. Raises BadLine."""
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > self._line_limit:
                self._buffer.clear()
                raise BadLine("line too long")
            return None
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if len(line) > self._line_limit:
            raise BadLine("line too long")
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            raise BadLine("a line must end with CR LF and hold no other control character")
        return line[:-2]

    def data(self) -> bytes | None:
        """The message, dots unstuffed (RFC 5321, section 4.5.2), or None until its end is here. Raises TooBig, BareNewline.

        To be called repeatedly from the moment the client was told 354, until it gives something.
        """
        buffer = self._buffer
        if self._first and len(buffer) >= 3:
            self._first = False
            if buffer.startswith(b".\r\n"):
                del buffer[:3]
                self._finish()
                return b""
        end = buffer.find(END_OF_DATA, self._scanned)
        if end < 0:
            self._scanned = max(0, len(buffer) - len(END_OF_DATA) + 1)
            if self._scanned + self._dropped > self._size_limit:
                del buffer[: self._scanned]
                self._dropped += self._scanned
                self._scanned = 0
            return None
        if end + 2 + self._dropped > self._size_limit:
            del buffer[: end + len(END_OF_DATA)]
            self._finish()
            raise TooBig
        content = bytes(buffer[: end + 2])
        del buffer[: end + len(END_OF_DATA)]
        self._finish()
        crlf = content.count(b"\r\n")
        if content.count(b"\n") != crlf or content.count(b"\r") != crlf:
            raise BareNewline
        content = content.replace(b"\r\n.", b"\r\n")
        return content[1:] if content.startswith(b".") else content

    def chunk(self, most: int) -> bytes:
        """What is here of a chunk (RFC 3030), at most so many octets. To be called until they all have come."""
        part = bytes(self._buffer[:most])
        del self._buffer[:most]
        return part

    def _finish(self) -> None:
        self._scanned = 0
        self._dropped = 0
        self._first = True
