"""The segment builder's form: controls named by their place in the tree (r.0.1.about), to and from a definition.

A definition under construction may be unfinished; contacts.segments.tree judges it when it is counted or saved.
"""

import re
from collections.abc import Mapping
from typing import Any

from contacts.segments import tree
from contacts.segments.tree import MAX_DEPTH, NO_VALUE, OPS, Catalogue
from contacts.segments.wording import OP_WORDS, label_of

_NAME = re.compile(r"r((?:\.\d{1,3})*)\.(match|about|op|value)")
_MOVE = re.compile(r"(add|group|remove):((?:\d{1,3}(?:\.\d{1,3})*)?)")
Path = tuple[int, ...]


def empty() -> dict[str, Any]:
    return {"match": "all", "rules": []}


def definition_from(post: Mapping[str, str]) -> dict[str, Any]:
    """The definition that the posted controls draw; places that make no sense are passed over."""
    nodes: dict[Path, dict[str, Any]] = {}
    for name in post:
        found = _NAME.fullmatch(name)
        if found is not None:
            place = tuple(int(part) for part in found[1].split(".")[1:])
            if len(place) <= MAX_DEPTH:
                nodes.setdefault(place, {})[found[2]] = str(post[name])[: tree.MAX_TEXT * 20]
    root = _group(nodes.get((), {}))
    built: dict[Path, dict[str, Any]] = {(): root}
    for place in sorted(nodes, key=lambda place: (len(place), place)):
        if not place or place[:-1] not in built or "rules" not in built[place[:-1]]:
            continue
        node = _group(nodes[place]) if "match" in nodes[place] else _condition(nodes[place])
        built[place] = node
        built[place[:-1]]["rules"].append(node)
    return root


def moved(definition: dict[str, Any], move: str) -> dict[str, Any]:
    """The definition after a press of a button: "add:0.1" (a condition to that group), "group:", "remove:0.1.2"."""
    found = _MOVE.fullmatch(move)
    if found is None:
        return definition
    what, place = found[1], [int(part) for part in found[2].split(".") if part]
    node = definition
    parent, index = None, 0
    for index in place:
        rules = node.get("rules")
        if rules is None or index >= len(rules):
            return definition
        parent, node = node, rules[index]
    if what == "remove":
        if parent is not None:
            del parent["rules"][index]
    elif "rules" in node:
        fresh = {"about": "", "op": "", "value": ""}
        node["rules"].append({"match": "any", "rules": [fresh]} if what == "group" else fresh)
    return definition


def drawn(definition: Mapping[str, Any], catalogue: Catalogue, trouble: tree.BadDefinition | None) -> dict[str, Any]:
    """What the template draws: the tree with names of controls, choices, and the trouble at its place."""
    return _draw(definition, catalogue, (), trouble)


def subjects(catalogue: Catalogue) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a condition may be about, in two groups."""
    always = [(about, label_of(about, catalogue)) for about in tree.BUILT_IN if about != "topic" or catalogue.topics]
    own = [(f"field:{key}", label) for key, label in catalogue.labels.items()]
    return [("Fields", own), ("Everybody has", always)]


def _group(node: Mapping[str, Any]) -> dict[str, Any]:
    return {"match": "any" if node.get("match") == "any" else "all", "rules": []}


def _condition(node: Mapping[str, Any]) -> dict[str, Any]:
    about, op, value = node.get("about", ""), node.get("op", ""), node.get("value", "").strip()
    if op in NO_VALUE:
        return {"about": about, "op": op}
    if op == "one_of":
        return {"about": about, "op": op, "value": [one.strip() for one in re.split(r"[\n,;]+", value) if one.strip()]}
    return {"about": about, "op": op, "value": value}


def _draw(
    node: Mapping[str, Any], catalogue: Catalogue, place: Path, trouble: tree.BadDefinition | None
) -> dict[str, Any]:
    dotted = ".".join(map(str, place))
    drawn: dict[str, Any] = {
        "place": dotted,
        "name": f"r.{dotted}" if dotted else "r",
        "trouble": trouble.why if trouble is not None and trouble.path == place else "",
        "depth": len(place),
    }
    if "rules" in node:
        rules = [_draw(rule, catalogue, (*place, i), trouble) for i, rule in enumerate(node["rules"])]
        return drawn | {
            "is_group": True,
            "match": node.get("match", "all"),
            "rules": rules,
            "may_nest": len(place) + 2 < MAX_DEPTH,
        }
    return drawn | _draw_condition(node, catalogue)


def _draw_condition(node: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    about = str(node.get("about") or "")
    try:
        kind, _ = tree.kind_of(about, catalogue)
    except KeyError:
        kind = ""
    ops = OPS.get(kind, ())
    op = node.get("op") if node.get("op") in ops else (ops[0] if ops else "")
    value = node.get("value", "")
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return {
        "is_group": False,
        "about": about,
        "kind": kind,
        "ops": [(one, OP_WORDS[one].replace(" … days", "")) for one in ops],
        "op": op,
        "value": "" if value is None else str(value),
        "control": _control(kind, str(op)),
    }


def _control(kind: str, op: str) -> str:
    if not kind or op in NO_VALUE:
        return ""
    if kind == "topic":
        return "topic"
    if op in tree.DAYS_VALUE:
        return "days"
    if kind in ("day", "moment", "created"):
        return "date"
    return "number" if kind == "number" else "text"
