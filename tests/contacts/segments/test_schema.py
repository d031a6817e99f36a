"""The published schema says what the parser takes: whatever parses is valid, and every random segment does and is."""

import copy
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.segments import tree
from contacts.segments.reading import BadDefinition
from contacts.segments.schema import schema
from tests.contacts.segments import trees

SCHEMA = schema()
TYPES = {
    "object": lambda one: isinstance(one, dict),
    "array": lambda one: isinstance(one, list),
    "string": lambda one: isinstance(one, str),
    "integer": lambda one: isinstance(one, int) and not isinstance(one, bool),
    "number": lambda one: isinstance(one, int | float) and not isinstance(one, bool),
    "null": lambda one: one is None,
}
KNOWN = {
    *("$schema", "title", "description", "$ref", "$defs", "type", "required", "properties", "enum", "const", "items"),
    *("minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "pattern", "anyOf", "allOf", "not"),
}


def is_valid(value, shape) -> bool:
    """As much of JSON Schema (draft 2020-12) as our schema uses."""
    assert set(shape) <= KNOWN, set(shape) - KNOWN
    if "$ref" in shape and not is_valid(value, SCHEMA["$defs"][shape["$ref"].rpartition("/")[2]]):
        return False
    if "type" in shape:
        types = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
        if not any(TYPES[name](value) for name in types):
            return False
    if "enum" in shape and not any(value == one and type(value) is type(one) for one in shape["enum"]):
        return False
    if "const" in shape and value != shape["const"]:
        return False
    if "anyOf" in shape and not any(is_valid(value, one) for one in shape["anyOf"]):
        return False
    if "allOf" in shape and not all(is_valid(value, one) for one in shape["allOf"]):
        return False
    if "not" in shape and is_valid(value, shape["not"]):
        return False
    if isinstance(value, dict):
        if not set(shape.get("required", ())) <= set(value):
            return False
        return all(is_valid(value[name], one) for name, one in shape.get("properties", {}).items() if name in value)
    if isinstance(value, list):
        if not shape.get("minItems", 0) <= len(value) <= shape.get("maxItems", len(value)):
            return False
        return all(is_valid(one, shape["items"]) for one in value) if "items" in shape else True
    if isinstance(value, str):
        if not shape.get("minLength", 0) <= len(value) <= shape.get("maxLength", len(value)):
            return False
        return re.search(shape["pattern"], value) is not None if "pattern" in shape else True
    if isinstance(value, int | float) and not isinstance(value, bool):
        return shape.get("minimum", value) <= value <= shape.get("maximum", value)
    return True


def parses(definition) -> bool:
    try:
        tree.parse(definition, trees.catalogue())
    except BadDefinition:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(trees.DEFINITIONS)
def test_every_random_segment_parses_and_is_valid(definition):
    tree.parse(definition, trees.catalogue())
    assert is_valid(definition, SCHEMA), definition


ODD = (
    st.none() | st.booleans() | st.integers(-2, 200_000) | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})
)
ODD |= st.sampled_from(
    ["news", "1", ["1"], "within", "ever", "2026-01-01", ["2026-01-01", "2026-02-01"], "c1", ["form"], " 5 "]
)
NAMES = (
    "about",
    "op",
    "value",
    "times",
    "campaign",
    "latest",
    "when",
    "days",
    "from",
    "to",
    "topic",
    "source",
    "match",
    "rules",
)


@settings(max_examples=600, deadline=None)
@given(st.data(), trees.DEFINITIONS)
def test_what_is_not_valid_does_not_parse(data, definition):
    """Segments with something changed, left out or put in. (The schema cannot know names, and says less of numbers as text.)"""
    odd = copy.deepcopy(definition)
    node = odd
    while node.get("rules") and data.draw(st.booleans()):
        node = data.draw(st.sampled_from(node["rules"]))
    name = data.draw(st.sampled_from(NAMES))
    if data.draw(st.booleans()):
        node.pop(name, None)
    else:
        node[name] = data.draw(ODD)
    if not is_valid(odd, SCHEMA):
        assert not parses(odd), odd


@pytest.mark.parametrize(
    "definition",
    [
        [],
        {"match": "some", "rules": []},
        {"match": "all"},
        {"match": "all", "rules": [{"about": "field:city", "op": "is"}]},
        {"match": "all", "rules": [{"about": "field:city", "op": "is", "value": " "}]},
        {"match": "all", "rules": [{"about": "field:city", "op": "sings", "value": "x"}]},
        {"match": "all", "rules": [{"about": "score", "op": "ge", "value": 101}]},
        {"match": "all", "rules": [{"about": "activity:opened", "op": "at_least", "times": 0}]},
        {"match": "all", "rules": [{"about": "activity:opened", "op": "never", "campaign": "c1", "latest": 2}]},
        {"match": "all", "rules": [{"about": "activity:opened", "op": "never", "when": "within"}]},
        {"match": "all", "rules": [{"about": "consent", "op": "given", "source": ["rumour"]}]},
        {"match": "all", "rules": [{"about": "tag", "op": "any_of", "value": []}]},
    ],
)
def test_nonsense_is_neither(definition):
    assert not is_valid(definition, SCHEMA)
    assert not parses(definition)
