"""The merge plan: a letter cut into static chunks and holes, ready for a million recipients, storable as JSON.

A part with n holes has n + 1 chunks. The same hole in several places is one slot, computed once for each recipient. What
a slot needs of other slots comes before it.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

from sending.merging.language import MergeError, Problem

VERSION = 2  # 1 had values, links and the pixel; such plans are read as they are

Context = Literal["html", "url", "whole_url", "header", "text"]
CONTEXTS: tuple[Context, ...] = ("html", "url", "whole_url", "header", "text")
Kind = Literal["value", "link", "pixel", "expression", "choice", "liquid"]
KINDS_OF_1 = ("value", "link", "pixel")
KINDS: tuple[Kind, ...] = (*KINDS_OF_1, "expression", "choice", "liquid")  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Part:
    """Static chunks and, between them, the numbers of the slots that fill the holes. `len(chunks) == len(slots) + 1`."""

    chunks: tuple[str, ...]
    slots: tuple[int, ...]

    def join(self, filled: list[str]) -> str:
        """This part with its holes filled; `filled` is what `fill` returned for one recipient."""
        if not self.slots:
            return self.chunks[0]
        pieces = [""] * (2 * len(self.slots) + 1)
        pieces[0::2] = self.chunks
        pieces[1::2] = [filled[slot] for slot in self.slots]
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Hole:
    """What is filled in for each recipient.

    value: a name with a fallback, escaped for its context. link: a tracked link by index. pixel: the open pixel.
    expression: `source`, a value with filters, escaped for its context. choice: the first of `parts` whose condition is met;
    the last has none; or, where conditions need variables, the one whose number the template `source` gives. liquid: the
    template `source`, in which whatever it puts out is escaped for its place.
    `names` and `gaps` are for the last three: what is looked up, and what leaves a gap when it is missing. A `guarded` value
    stands where it is surely there.
    """

    kind: Kind
    name: str = ""
    context: Context = "html"
    default: str = ""
    link: int = -1
    guarded: bool = False
    source: str = ""
    conditions: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    names: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


_OPTIONAL = tuple(each.name for each in fields(Hole))[5:]


@dataclass(frozen=True)
class Plan:
    """A compiled letter. `links` are the targets of tracked links: the hole `link` i leads to `links[i]`."""

    subject: Part
    html: Part
    text: Part
    slots: tuple[Hole, ...]
    links: tuple[str, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """Every merge name the letter uses."""
        return frozenset(hole.name for hole in self.slots if hole.kind == "value").union(
            *(hole.names for hole in self.slots)
        )

    @cached_property
    def contact_fields(self) -> frozenset[str]:
        """The contact's fields the letter uses, without `contact.`: what a claim has to fetch."""
        return frozenset(name.removeprefix("contact.") for name in self.names if name.startswith("contact."))

    @cached_property
    def unguarded_fields(self) -> frozenset[str]:
        """The contact's fields used at least once without a fallback or a condition: an empty one leaves a gap."""
        plain = {hole.name for hole in self.slots if hole.kind == "value" and not hole.default and not hole.guarded}
        gaps = plain.union(*(hole.gaps for hole in self.slots))
        return frozenset(name.removeprefix("contact.") for name in gaps if name.startswith("contact."))

    @cached_property
    def computes(self) -> bool:
        """Whether there is more to it than values, links and the pixel: only then a merge may take long."""
        return any(hole.kind not in KINDS_OF_1 for hole in self.slots)

    @cached_property
    def choices(self) -> dict[int, tuple[Part, ...]]:
        """The slots that choose among parts, with these."""
        return {number: hole.parts for number, hole in enumerate(self.slots) if hole.kind == "choice"}

    def to_json(self) -> dict[str, Any]:
        """Plain lists, strings and numbers; `from_json` gives an equal plan. What version 1 can say is said in it."""
        return {
            "version": 1 if all(hole.kind in KINDS_OF_1 and not hole.guarded for hole in self.slots) else VERSION,
            "parts": {
                name: _part_json(part)
                for name, part in (("subject", self.subject), ("html", self.html), ("text", self.text))
            },
            "slots": [_hole_json(hole) for hole in self.slots],
            "links": list(self.links),
        }

    @classmethod
    def from_json(cls, data: Any) -> "Plan":
        """The plan that `to_json` wrote. Raises MergeError for anything else."""
        try:
            if data["version"] not in (1, VERSION):
                raise ValueError("unknown version")
            slots = tuple(_hole(*row) for row in data["slots"])
            links = tuple(str(link) for link in data["links"])
            parts = [_part(data["parts"][name], len(slots)) for name in ("subject", "html", "text")]
            if any(hole.kind == "link" and not 0 <= hole.link < len(links) for hole in slots):
                raise ValueError("a link that is not there")
            for number, hole in enumerate(slots):
                if any(slot >= number for part in hole.parts for slot in part.slots):
                    raise ValueError("a choice of what comes after it")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MergeError([Problem(f"This is not a merge plan of version {VERSION}.", 0, 0)]) from error
        return cls(parts[0], parts[1], parts[2], slots, links)


def _part_json(part: Part) -> dict[str, Any]:
    return {"chunks": list(part.chunks), "slots": list(part.slots)}


def _hole_json(hole: Hole) -> list[Any]:
    row: list[Any] = [hole.kind, hole.name, hole.context, hole.default, hole.link]
    more = {name: getattr(hole, name) for name in _OPTIONAL if getattr(hole, name)}
    if more:
        if "parts" in more:
            more["parts"] = [_part_json(part) for part in hole.parts]
        row.append({name: list(value) if isinstance(value, tuple) else value for name, value in more.items()})
    return row


def _hole(kind: Any, name: Any, context: Any, default: Any, link: Any, more: Any = None) -> Hole:
    if kind not in KINDS or context not in CONTEXTS or not isinstance(link, int):
        raise ValueError("unknown hole")
    more = more or {}
    if not set(more) <= set(_OPTIONAL):
        raise ValueError("unknown property")
    hole = Hole(
        kind,
        str(name),
        context,
        str(default),
        link,
        guarded=bool(more.get("guarded")),
        source=str(more.get("source", "")),
        conditions=_strings(more.get("conditions", ())),
        parts=tuple(_part(part, None) for part in more.get("parts", ())),
        names=_strings(more.get("names", ())),
        gaps=_strings(more.get("gaps", ())),
    )
    if kind == "choice" and (not hole.parts or (not hole.source and len(hole.conditions) != len(hole.parts) - 1)):
        raise ValueError("conditions and parts do not fit")
    if kind in ("expression", "liquid") and not hole.source:
        raise ValueError("a source is missing")
    return hole


def _strings(data: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in data)


def _part(data: Any, slot_count: int | None) -> Part:
    part = Part(tuple(str(chunk) for chunk in data["chunks"]), tuple(int(slot) for slot in data["slots"]))
    if len(part.chunks) != len(part.slots) + 1 or any(
        slot < 0 or (slot_count is not None and slot >= slot_count) for slot in part.slots
    ):
        raise ValueError("chunks and slots do not fit")
    return part
