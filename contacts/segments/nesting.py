"""Segments in segments: put together into one tree, with no rings, and with limits on the whole.

An inner segment is asked as it is now: who changes it changes every segment that contains it. An archived one goes on
being asked. What is wrong inside is told at the place of the condition, with the segment's name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from contacts.segments import tree
from contacts.segments.knowledge import Catalogue
from contacts.segments.reading import BadDefinition
from contacts.segments.tree import Condition, Group, Rule

MAX_NESTED = 5  # segments within segments
MAX_EXPANDED = 300  # conditions and groups of a segment with all that it contains


class BadNesting(BadDefinition):
    """The segments do not fit together, or one inside cannot be understood: told as it is at every place that it is seen from."""


def expand(rule: Rule, known: Catalogue, *, me: str = "", name: str = "this segment") -> Rule:
    """The rule with every segment's conditions in its place. `me` is the public id of the segment that it belongs to, so that
    a ring through it is seen before it is saved. Raises BadDefinition at the path of the condition that cannot be.
    """
    budget = iter(range(MAX_EXPANDED))
    trail = ((me, name),) if me else ()
    return _expand(rule, known, trail, budget, ())


def contained(definition: object) -> Iterator[str]:
    """The public ids of the segments that a definition names, however wrong it is otherwise."""
    for condition in _conditions(definition):
        if condition.get("about") == "segment" and isinstance(condition.get("value"), str):
            yield condition["value"]


def abouts(definition: object) -> Iterator[str]:
    """What its conditions are about, however wrong it is otherwise."""
    for condition in _conditions(definition):
        if isinstance(condition.get("about"), str):
            yield condition["about"]


def _conditions(definition: object) -> Iterator[Mapping[str, Any]]:
    waiting = [definition]
    while waiting:  # not by recursion: whatever is given may lie deep
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield node
            rules = node.get("rules")
            if isinstance(rules, list):
                waiting += rules


def containing(public_id: str, definitions: Mapping[str, Any]) -> list[str]:
    """The segments that contain this one, directly or through others, nearest first."""
    found: dict[str, None] = {}
    waiting = [public_id]
    while waiting:
        inner = waiting.pop(0)
        for outer, definition in definitions.items():
            if outer not in found and outer != public_id and inner in contained(definition):
                found[outer] = None
                waiting.append(outer)
    return list(found)


def _expand(
    rule: Rule, known: Catalogue, trail: tuple[tuple[str, str], ...], budget: Iterator[int], path: tuple[int, ...]
) -> Rule:
    if next(budget, None) is None:
        raise BadNesting(
            f"With the segments in it, this has more than {MAX_EXPANDED} conditions. Make it simpler.", path
        )
    if isinstance(rule, Group):
        return Group(
            rule.match, tuple(_expand(one, known, trail, budget, (*path, i)) for i, one in enumerate(rule.rules))
        )
    if rule.kind != "segment":
        return rule
    inner = _inner(rule, known, trail, budget, path)
    return Group("none", (inner,)) if rule.op == "not_in" else inner


def _inner(
    rule: Condition, known: Catalogue, trail: tuple[tuple[str, str], ...], budget: Iterator[int], path: tuple[int, ...]
) -> Rule:
    public_id = str(rule.value)
    segment = known.segments[public_id]
    names = [name for _, name in trail]
    ids = [one for one, _ in trail]
    if public_id in ids:
        ring = " → ".join(f"“{name}”" for name in (*names[ids.index(public_id) :], segment.name))
        raise BadNesting(f"That is a ring: {ring}. A segment cannot contain itself.", path)
    if len(trail) > MAX_NESTED:
        way = " → ".join(f"“{name}”" for name in (*names, segment.name))
        raise BadNesting(f"Segments may lie {MAX_NESTED} deep in each other, no deeper: {way}.", path)
    try:
        found = tree.parse(segment.definition, known)
        if not found.rules:
            # Everybody, or with "none" of nothing: everybody too.
            return found
        return _expand(found, known, (*trail, (public_id, segment.name)), budget, ())
    except BadNesting as bad:
        raise BadNesting(bad.why, path) from bad
    except BadDefinition as bad:
        why = f"The segment “{segment.name}” cannot be understood any more: {bad.why}"
        raise BadNesting(why, path) from bad
