"""The JSON schema (draft 2020-12) of a segment's definition, made from the same tables that the parser reads."""

from typing import Any

from contacts.segments import tree


def schema() -> dict[str, Any]:
    """The schema as a dict. Fields are the organization's own, so their keys are only described."""
    by_kind: dict[str, list[str]] = {}
    for about, kind in tree.BUILT_IN.items():
        by_kind.setdefault(kind, []).append(about)
    conditions = [
        _condition({"const": names[0]} if len(names) == 1 else {"enum": names}, kind) for kind, names in by_kind.items()
    ]
    field = {"type": "string", "pattern": "^field:[-a-zA-Z0-9_]{1,60}$"}
    conditions += [_condition(field, kind) for kind in dict.fromkeys(tree.KIND_OF_FIELD.values())]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Segment",
        "description": f"Groups lie at most {tree.MAX_DEPTH} deep and hold at most {tree.MAX_RULES} rules in all.",
        "$ref": "#/$defs/group",
        "$defs": {
            "group": {
                "type": "object",
                "required": ["match", "rules"],
                "properties": {
                    "match": {"enum": ["all", "any"]},
                    "rules": {
                        "type": "array",
                        "maxItems": tree.MAX_RULES,
                        "items": {"anyOf": [{"$ref": "#/$defs/group"}, {"$ref": "#/$defs/condition"}]},
                    },
                },
            },
            "condition": {"anyOf": [shape for shapes in conditions for shape in shapes]},
        },
    }


def _condition(about: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The shapes of conditions of one kind: operators that take the same value stand together."""
    by_value: dict[str, list[str]] = {}
    for op in tree.OPS[kind]:
        by_value.setdefault(_value_name(kind, op), []).append(op)
    shapes = []
    for name, ops in by_value.items():
        required = ["about", "op"] if name == "none" else ["about", "op", "value"]
        properties: dict[str, Any] = {"about": about, "op": {"enum": ops}}
        if name != "none":
            properties["value"] = _VALUES[name]
        shapes.append({"type": "object", "required": required, "properties": properties})
    return shapes


def _value_name(kind: str, op: str) -> str:
    if op in tree.NO_VALUE:
        return "none"
    if op in tree.DAYS_VALUE:
        return "days"
    if kind in ("day", "moment", "created"):
        return "date"
    if op == "one_of":
        return "texts"
    return "number" if kind == "number" else "text"


_TEXT = {"type": "string", "minLength": 1, "maxLength": tree.MAX_TEXT}
_VALUES: dict[str, dict[str, Any]] = {
    "text": _TEXT,
    "texts": {"type": "array", "minItems": 1, "maxItems": tree.MAX_CHOICES, "items": _TEXT},
    "number": {"type": ["number", "string"]},
    "date": {"type": "string", "format": "date"},
    "days": {"type": ["integer", "string"], "minimum": 1, "maximum": tree.MAX_DAYS},
}
