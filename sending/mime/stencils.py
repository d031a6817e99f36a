"""A letter's body as a stencil: encoded once, then filled for each recipient by joining bytes.

multipart/alternative with plain text first and HTML last (RFC 2046 5.1.4), both quoted-printable in UTF-8. The boundary
holds "=_", which quoted-printable never makes, so no content can imitate it. What comes out is its own relaxed DKIM form.
"""

from collections.abc import Sequence

from sending.mime import quoted

BOUNDARY = b"=_posthouse_"
CONTENT_TYPE = b'Content-Type: multipart/alternative; boundary="' + BOUNDARY + b'"\r\n'

_PART = (
    b"--"
    + BOUNDARY
    + b"\r\nContent-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
)
_NEXT = b"\r\n"
_END = b"\r\n--" + BOUNDARY + b"--\r\n"


class Stencil:
    """The body of one letter. A part is (chunks, slots): n + 1 static chunks around n slots of the recipient's values."""

    __slots__ = ("_pieces", "_places", "_used")

    def __init__(
        self, *, text: tuple[Sequence[str], Sequence[int]], html: tuple[Sequence[str], Sequence[int]] | None
    ) -> None:
        pieces: list[bytes] = []
        places: list[tuple[int, int]] = []
        pending = b""
        for kind, part in ((b"plain", text), (b"html", html)):
            if part is None:
                continue
            chunks, slots = part
            if len(chunks) != len(slots) + 1:
                raise ValueError("a part with n slots has n + 1 chunks")
            pending += (_NEXT if pending or pieces else b"") + _PART % kind
            for at, chunk in enumerate(chunks):
                pending += quoted.piece(chunk)
                if at < len(slots):
                    pieces.append(pending)
                    places.append((len(pieces), slots[at]))
                    pieces.append(b"")
                    pending = b""
        pieces.append(pending + _END)
        self._pieces = pieces
        self._places = places
        self._used = sorted({slot for _, slot in places})

    def fill(self, values: Sequence[str]) -> bytes:
        """The body for one recipient; `values[slot]` is what stands in a slot, already escaped for its place."""
        piece = quoted.piece
        encoded = {slot: piece(values[slot]) for slot in self._used}
        pieces = self._pieces.copy()
        for place, slot in self._places:
            pieces[place] = encoded[slot]
        return b"".join(pieces)
