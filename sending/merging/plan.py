"""The merge plan: a letter cut into static chunks and holes, ready for a million recipients, storable as JSON.

A part with n holes has n + 1 chunks. The same hole in several places is one slot, computed once for each recipient.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from sending.merging.language import MergeError, Problem

VERSION = 1

Context = Literal["html", "url", "whole_url", "header", "text"]
CONTEXTS: tuple[Context, ...] = ("html", "url", "whole_url", "header", "text")
Kind = Literal["value", "link", "pixel"]


@dataclass(frozen=True, slots=True)
class Hole:
    """What is filled in for each recipient: a value escaped for its context, a tracked link by index, or the open pixel."""

    kind: Kind
    name: str = ""
    context: Context = "html"
    default: str = ""
    link: int = -1


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
        return frozenset(hole.name for hole in self.slots if hole.kind == "value")

    @cached_property
    def contact_fields(self) -> frozenset[str]:
        """The contact's fields the letter uses, without `contact.`: what a claim has to fetch."""
        return frozenset(name.removeprefix("contact.") for name in self.names if name.startswith("contact."))

    @cached_property
    def unguarded_fields(self) -> frozenset[str]:
        """The contact's fields used at least once without a fallback: an empty one leaves a gap in the letter."""
        return frozenset(
            hole.name.removeprefix("contact.")
            for hole in self.slots
            if hole.kind == "value" and hole.name.startswith("contact.") and not hole.default
        )

    def to_json(self) -> dict[str, Any]:
        """Plain lists, strings and numbers; `from_json` gives an equal plan."""
        return {
            "version": VERSION,
            "parts": {
                name: {"chunks": list(part.chunks), "slots": list(part.slots)}
                for name, part in (("subject", self.subject), ("html", self.html), ("text", self.text))
            },
            "slots": [[hole.kind, hole.name, hole.context, hole.default, hole.link] for hole in self.slots],
            "links": list(self.links),
        }

    @classmethod
    def from_json(cls, data: Any) -> "Plan":
        """The plan that `to_json` wrote. Raises MergeError for anything else."""
        try:
            if data["version"] != VERSION:
                raise ValueError("unknown version")
            slots = tuple(_hole(*row) for row in data["slots"])
            links = tuple(str(link) for link in data["links"])
            parts = [_part(data["parts"][name], len(slots)) for name in ("subject", "html", "text")]
            if any(hole.kind == "link" and not 0 <= hole.link < len(links) for hole in slots):
                raise ValueError("a link that is not there")
        except (KeyError, TypeError, ValueError) as error:
            raise MergeError([Problem(f"This is not a merge plan of version {VERSION}.", 0, 0)]) from error
        return cls(parts[0], parts[1], parts[2], slots, links)


def _hole(kind: Any, name: Any, context: Any, default: Any, link: Any) -> Hole:
    if kind not in ("value", "link", "pixel") or context not in CONTEXTS or not isinstance(link, int):
        raise ValueError("unknown hole")
    return Hole(kind, str(name), context, str(default), link)


def _part(data: Any, slot_count: int) -> Part:
    part = Part(tuple(str(chunk) for chunk in data["chunks"]), tuple(int(slot) for slot in data["slots"]))
    if len(part.chunks) != len(part.slots) + 1 or any(not 0 <= slot < slot_count for slot in part.slots):
        raise ValueError("chunks and slots do not fit")
    return part
