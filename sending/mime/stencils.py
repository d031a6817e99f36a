"""A letter's body as a stencil: encoded once, then filled for each recipient by joining bytes.

multipart/alternative with plain text first and HTML last (RFC 2046 5.1.4), both quoted-printable in UTF-8. The boundary
holds "=_", which quoted-printable never makes, so no content can imitate it. What comes out is its own relaxed DKIM form.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

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


class Choosing(Protocol):
    """What a slot that chooses is filled with: the number of the part that was taken."""

    branch: int


class Shape(Protocol):
    """A part of a letter: n + 1 static chunks around n slots of the recipient's values."""

    @property
    def chunks(self) -> Sequence[str]: ...
    @property
    def slots(self) -> Sequence[int]: ...


class Stencil:
    """The body of one letter. A part is (chunks, slots): n + 1 static chunks around n slots of the recipient's values.

    `choices`: the slots that choose, with the parts to choose from; these are encoded once as well.
    """

    __slots__ = ("_choices", "_pieces", "_places", "_used")

    def __init__(
        self,
        *,
        text: tuple[Sequence[str], Sequence[int]],
        html: tuple[Sequence[str], Sequence[int]] | None,
        choices: Mapping[int, Sequence[Shape]] | None = None,
    ) -> None:
        pieces: list[bytes] = []
        places: list[tuple[int, int]] = []
        pending = b""
        for kind, part in ((b"plain", text), (b"html", html)):
            if part is None:
                continue
            pending += (_NEXT if pending or pieces else b"") + _PART % kind
            pending = _lay_out(part[0], part[1], pending, pieces, places)
        pieces.append(pending + _END)
        self._pieces = pieces
        self._places = places
        used = {slot for _, slot in places}
        self._choices: dict[int, list[_Branch]] = {}
        # Whatever a branch holds comes before it, so this finds the branches in branches too.
        for slot in sorted(choices or (), reverse=True):
            if slot in used:
                self._choices[slot] = [_Branch(each.chunks, each.slots) for each in (choices or {})[slot]]
                used.update(inner for branch in self._choices[slot] for _, inner in branch.places)
        self._used = sorted(used)

    def fill(self, values: Sequence[str]) -> bytes:
        """The body for one recipient; `values[slot]` is what stands in a slot, already escaped for its place."""
        piece = quoted.piece
        choices = self._choices
        encoded: dict[int, bytes] = {}
        for slot in self._used:
            if slot in choices:
                encoded[slot] = choices[slot][cast(Choosing, values[slot]).branch].fill(encoded)
            else:
                encoded[slot] = piece(values[slot])
        pieces = self._pieces.copy()
        for place, slot in self._places:
            pieces[place] = encoded[slot]
        return b"".join(pieces)


class _Branch:
    """One of the parts that a slot chooses from."""

    __slots__ = ("pieces", "places")

    def __init__(self, chunks: Sequence[str], slots: Sequence[int]) -> None:
        self.pieces: list[bytes] = []
        self.places: list[tuple[int, int]] = []
        self.pieces.append(_lay_out(chunks, slots, b"", self.pieces, self.places))

    def fill(self, encoded: Mapping[int, bytes]) -> bytes:
        if not self.places:
            return self.pieces[0]
        pieces = self.pieces.copy()
        for place, slot in self.places:
            pieces[place] = encoded[slot]
        return b"".join(pieces)


def _lay_out(
    chunks: Sequence[str], slots: Sequence[int], pending: bytes, pieces: list[bytes], places: list[tuple[int, int]]
) -> bytes:
    """Encoded chunks and empty places for slots, added to `pieces` and `places`. Returns what comes after the last slot."""
    if len(chunks) != len(slots) + 1:
        raise ValueError("a part with n slots has n + 1 chunks")
    for at, chunk in enumerate(chunks):
        pending += quoted.piece(chunk)
        if at < len(slots):
            pieces.append(pending)
            places.append((len(pieces), slots[at]))
            pieces.append(b"")
            pending = b""
    return pending
