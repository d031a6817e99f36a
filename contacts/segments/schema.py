"""The JSON schema (draft 2020-12) of a segment's definition, made from the same tables that the parser reads."""

from typing import Any

from contacts.segments import nesting, reading, tree

_TEXT = {"type": "string", "minLength": 1, "maxLength": reading.MAX_TEXT, "pattern": r"\S"}
_NAME = {"type": "string", "minLength": 1, "maxLength": reading.MAX_TEXT}
_DATE = {"type": "string", "pattern": r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$"}
_DAYS = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": reading.MAX_DAYS},
        {"type": "string", "pattern": r"^\s*[0-9]{1,5}\s*$"},
    ]
}


def _whole(least: int, most: int) -> dict[str, Any]:
    return {
        "anyOf": [
            {"type": "integer", "minimum": least, "maximum": most},
            {"type": "string", "pattern": r"^\s*[0-9]{1,5}\s*$"},
        ]
    }


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": reading.MAX_CHOICES, "items": item}


_VALUES: dict[str, dict[str, Any]] = {
    "text": _TEXT,
    "texts": _list_of(_TEXT),
    "number": {"type": ["number", "string"]},
    "date": _DATE,
    "dates": {"type": "array", "minItems": 2, "maxItems": 2, "items": _DATE},
    "days": _DAYS,
    "score": _whole(0, 100),
    "name": _NAME,
    "names": _list_of(_NAME),
    "way": {"enum": list(tree.SOURCES)},
    "reasons": _list_of({"enum": list(tree.REASONS)}),
}
_WHEN = [
    {"properties": {"when": {"enum": ["", "ever", None]}}},
    {"required": ["when", "days"], "properties": {"when": {"enum": ["within", "ago"]}, "days": _DAYS}},
    {"required": ["when", "from", "to"], "properties": {"when": {"const": "between"}, "from": _DATE, "to": _DATE}},
]


def schema() -> dict[str, Any]:
    """The schema as a dict. What is an organization's own (fields, topics, tags, campaigns) can only be described."""
    by_kind: dict[str, list[str]] = {}
    for about, kind in tree.BUILT_IN.items():
        by_kind.setdefault(kind, []).append(about)
    conditions = [
        shape
        for kind, names in by_kind.items()
        if kind != "consent"
        for shape in _condition({"const": names[0]} if len(names) == 1 else {"enum": names}, kind)
    ]
    field = {"type": "string", "pattern": "^field:[-a-zA-Z0-9_]{1,60}$"}
    for kind in dict.fromkeys(tree.KIND_OF_FIELD.values()):
        conditions += _condition(field, kind)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Segment",
        "description": (
            f"Groups lie at most {tree.MAX_DEPTH} deep and hold at most {tree.MAX_RULES} rules in all, and at most "
            f"{nesting.MAX_EXPANDED} with the segments that they contain. Fields, topics, tags, imports, forms, campaigns "
            "and segments are the organization's own: by key, by public id, tags by their number as text."
        ),
        "$ref": "#/$defs/group",
        "$defs": {
            "group": {
                "type": "object",
                "required": ["match", "rules"],
                "properties": {
                    "match": {"enum": list(tree.MATCHES)},
                    "rules": {
                        "type": "array",
                        "maxItems": tree.MAX_RULES,
                        "items": {"anyOf": [{"$ref": "#/$defs/group"}, {"$ref": "#/$defs/condition"}]},
                    },
                },
            },
            "condition": {
                "type": "object",
                "not": {"anyOf": [{"required": ["match"]}, {"required": ["rules"]}]},
                "anyOf": [*conditions, *_consent(), *_activity()],
            },
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
        shapes.append({"required": required, "properties": properties})
    return shapes


def _consent() -> list[dict[str, Any]]:
    """`topic` and `source` left out mean any; `when` left out means ever."""
    properties = {
        "about": {"const": "consent"},
        "op": {"enum": list(tree.OPS["consent"])},
        "topic": {"type": ["string", "null"], "maxLength": reading.MAX_TEXT},
        "source": {
            "anyOf": [
                {"enum": ["", None]},
                {"type": "array", "maxItems": reading.MAX_CHOICES, "items": {"enum": list(tree.CONSENT_SOURCES)}},
            ]
        },
    }
    return [{"required": ["about", "op"], "properties": properties, "anyOf": _WHEN}]


def _activity() -> list[dict[str, Any]]:
    """`campaign` (one) and `latest` (the last so many) left out mean any; `times` left out means once."""
    about = {"enum": [f"activity:{deed}" for deed in tree.DEEDS]}
    which = [
        {"properties": {"campaign": _NAME, "latest": {"enum": [0, "", None]}}, "required": ["campaign"]},
        {
            "properties": {
                "campaign": {"enum": ["", None]},
                "latest": {"anyOf": [{"enum": [0, "", None]}, _whole(1, 1_000)]},
            }
        },
    ]
    shapes = []
    for ops, times in ((["at_least"], _whole(1, 10_000)), (["at_most", "exactly"], _whole(0, 10_000)), (["never"], {})):
        properties = {"about": about, "op": {"enum": ops}, "times": times}
        shapes.append(
            {"required": ["about", "op"], "properties": properties, "allOf": [{"anyOf": which}, {"anyOf": _WHEN}]}
        )
    return shapes


def _value_name(kind: str, op: str) -> str:
    if op in tree.NO_VALUE:
        return "none"
    if op in tree.DAYS_VALUE:
        return "days"
    if kind in ("day", "moment", "created"):
        return "dates" if op == "between" else "date"
    by_kind = {
        "source": "way",
        "suppressed": "reasons",
        "score": "score",
        "tag": "names",
        "number": "number",
        "multi": "texts",
    }
    if kind in by_kind:
        return by_kind[kind]
    if kind in ("topic", "import", "form", "segment", "provider"):
        return "name"
    return "texts" if op == "one_of" else "text"
