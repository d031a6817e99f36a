"""The segment builder's form: controls named by their place in the tree (r.0.1.about), to and from a definition.

A definition under construction may be unfinished; contacts.segments.tree judges it when it is counted or saved.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from contacts.segments import reading, tree
from contacts.segments.tree import MAX_DEPTH, NO_VALUE

PARTS = (
    *("match", "about", "op", "value", "until", "times", "which", "latest", "when", "days", "from", "to"),
    *("topic", "source"),
)
_NAME = re.compile(rf"r((?:\.\d{{1,3}})*)\.({'|'.join(PARTS)})")
_MOVE = re.compile(r"(add|group|remove|up|down):((?:\d{1,3}(?:\.\d{1,3})*)?)")
LATEST = "latest"  # the choice "any of the last …" beside campaigns' public ids
MAX_CONTROLS = 5_000
Path = tuple[int, ...]
Node = dict[str, Any]


class Posted(Protocol):
    """What a form sent: a QueryDict, or a dict of lists in its clothes."""

    def getlist(self, key: str) -> Sequence[str]: ...

    def __iter__(self) -> Any: ...


def empty() -> Node:
    return {"match": "all", "rules": []}


def definition_from(post: Posted) -> Node:
    """The definition that the posted controls draw; places that make no sense are passed over."""
    nodes: dict[Path, dict[str, list[str]]] = {}
    for count, name in enumerate(post):
        found = _NAME.fullmatch(name)
        if found is not None and count < MAX_CONTROLS:
            place = tuple(int(part) for part in found[1].split(".")[1:])
            if len(place) <= MAX_DEPTH:
                values = [str(value)[: reading.MAX_TEXT * 20] for value in post.getlist(name)]
                nodes.setdefault(place, {})[found[2]] = values
    root = _group(nodes.get((), {}))
    built: dict[Path, Node] = {(): root}
    for place in sorted(nodes, key=lambda place: (len(place), place)):
        if not place or place[:-1] not in built or "rules" not in built[place[:-1]]:
            continue
        node = _group(nodes[place]) if "match" in nodes[place] else _condition(nodes[place])
        built[place] = node
        built[place[:-1]]["rules"].append(node)
    return root


def moved(definition: Node, move: str) -> tuple[Node, Path | None]:
    """The definition after a press of a button: "add:0.1" (a condition to that group), "group:", "remove:0.1.2", "up:0.1",
    "down:0.1"; and the place that somebody at the keyboard goes on from. Up and down lead through groups: into one that is
    next, and out of one at its edge.
    """
    found = _MOVE.fullmatch(move)
    if found is None:
        return definition, None
    what, place = found[1], [int(part) for part in found[2].split(".") if part]
    node: Node = definition
    trail: list[tuple[Node, int]] = []
    for index in place:
        rules = node.get("rules")
        if rules is None or index >= len(rules):
            return definition, None
        trail.append((node, index))
        node = rules[index]
    if what in ("add", "group"):
        if "rules" not in node:
            return definition, None
        fresh: Node = {"about": "", "op": "", "value": ""}
        node["rules"].append({"match": "any", "rules": [fresh]} if what == "group" else fresh)
        node = fresh
    elif not trail:
        return definition, None
    elif what == "remove":
        parent, index = trail[-1]
        del parent["rules"][index]
        node = parent
    else:
        _step(trail, node, down=what == "down")
    return definition, _place_of(node, definition)


def _place_of(wanted: Node, node: Node, place: Path = ()) -> Path | None:
    if node is wanted:
        return place
    for index, rule in enumerate(node.get("rules", ())):
        if (found := _place_of(wanted, rule, (*place, index))) is not None:
            return found
    return None


def _step(trail: list[tuple[Node, int]], node: Node, *, down: bool) -> None:
    parent, index = trail[-1]
    rules = parent["rules"]
    beside = index + (1 if down else -1)
    if not 0 <= beside < len(rules):
        if len(trail) > 1:  # out of the group, to the side where it was going
            outer, at = trail[-2]
            rules.pop(index)
            outer["rules"].insert(at + 1 if down else at, node)
        return
    neighbour = rules[beside]
    rules.pop(index)
    if "rules" in neighbour and "rules" not in node and len(trail) + 1 <= MAX_DEPTH:
        neighbour["rules"].insert(0 if down else len(neighbour["rules"]), node)
    else:
        rules.insert(beside, node)


def _one(node: Mapping[str, list[str]], part: str) -> str:
    values = node.get(part) or [""]
    return values[0].strip()


def _group(node: Mapping[str, list[str]]) -> Node:
    match = _one(node, "match")
    return {"match": match if match in tree.MATCHES else "all", "rules": []}


def _condition(node: Mapping[str, list[str]]) -> Node:
    about, op = _one(node, "about"), _one(node, "op")
    found: Node = {"about": about, "op": op}
    if about.startswith("activity:"):
        return found | _activity(node, op)
    if about == "consent":
        sources = [value for value in node.get("source", ()) if value]
        return (
            found
            | ({"topic": topic} if (topic := _one(node, "topic")) else {})
            | ({"source": sources} if sources else {})
            | _when(node)
        )
    if op in NO_VALUE:
        return found
    if op == "between":
        return found | {"value": [_one(node, "value"), _one(node, "until")]}
    if op == "one_of" or (op in tree.LIST_OPS or op == "because"):
        values = node.get("value", ())
        if op == "one_of" or (about.startswith("field:") and len(values) < 2):
            values = [part for value in values for part in re.split(r"[\n,;]+", value)]
        return found | {"value": [value.strip() for value in values if value.strip()]}
    return found | {"value": _one(node, "value")}


def _activity(node: Mapping[str, list[str]], op: str) -> Node:
    found: Node = {} if op == "never" else {"times": _one(node, "times") or "1"}
    which = _one(node, "which")
    if which == LATEST:
        found["latest"] = _one(node, "latest") or "5"
    elif which:
        found["campaign"] = which
    return found | _when(node)


def _when(node: Mapping[str, list[str]]) -> Node:
    how = _one(node, "when")
    if how in ("", "ever"):
        return {}
    if how == "between":
        return {"when": how, "from": _one(node, "from"), "to": _one(node, "to")}
    return {"when": how, "days": _one(node, "days")}
