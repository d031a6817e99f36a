"""Definitions of segments: what is understood, what is refused and in which words, and never a crash."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.segments import tree, wording
from contacts.segments.schema import schema
from contacts.segments.tree import BadDefinition, Catalogue

CATALOGUE = Catalogue(
    kinds={
        "city": "text",
        "visits": "number",
        "joined": "date",
        "vip": "boolean",
        "seen": "datetime",
        "size": "choice",
    },
    labels={"city": "City", "visits": "Visits", "joined": "Joined", "vip": "VIP", "seen": "Seen", "size": "Size"},
    topics={"news": "News"},
)


def of(*rules, match="all"):
    return {"match": match, "rules": list(rules)}


def on(about, op, value=None):
    return {"about": about, "op": op, "value": value}


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (of(), "everybody"),
        (of(on("field:city", "is", "Oslo")), "people whose City is “Oslo”"),
        (
            of(on("field:city", "one_of", ["Oslo", "Rome"]), on("topic", "subscribed", "news")),
            "people whose City is one of “Oslo” or “Rome” and who are subscribed to News",
        ),
        (
            of(
                on("field:vip", "yes"), of(on("field:visits", "ge", "3"), on("field:joined", "within", 30), match="any")
            ),
            "people whose VIP is yes and (whose Visits is at least 3 or whose Joined is within the last 30 days)",
        ),
        (of(on("created", "before", "2026-01-31")), "people whose Added is before 2026-01-31"),
        (of(on("language", "is_not", "de")), "people whose Language is not “de”"),
        (of(on("field:size", "empty")), "people whose Size is empty"),
    ],
)
def test_a_definition_says_itself_in_words(definition, words):
    assert wording.describe(tree.parse(definition, CATALOGUE), CATALOGUE) == words


def nested(depth):
    rule = on("field:city", "is", "x")
    for _ in range(depth):
        rule = of(rule)
    return rule


@pytest.mark.parametrize(
    ("definition", "words", "path"),
    [
        (None, "object", ()),
        ([], "object", ()),
        (on("field:city", "is", "x"), "begins with a group", ()),
        ({"match": "some", "rules": []}, "all", ()),
        ({"match": "all", "rules": {}}, "list of rules", ()),
        (of(of()), "empty", (0,)),
        (of(on("", "is", "x")), "Choose what", (0,)),
        (of(on("field:nope", "is", "x")), "no field", (0,)),
        (of(on("field:city", "gt", "x")), "cannot be asked", (0,)),
        (of(on("field:city", "is", " ")), "Write what", (0,)),
        (of(on("field:city", "is", "x" * 501)), "longer", (0,)),
        (of(on("field:city", "is", "a\x00b")), "character", (0,)),
        (of(on("field:city", "is", "\ud800")), "character", (0,)),
        (of(on("field:city", "one_of", [])), "at least one", (0,)),
        (of(on("field:city", "one_of", ["x"] * 501)), "500", (0,)),
        (of(on("field:visits", "eq", "many")), "number", (0,)),
        (of(on("field:visits", "eq", "NaN")), "number", (0,)),
        (of(on("field:visits", "eq", True)), "number", (0,)),
        (of(on("field:visits", "eq", "1e999999")), "number", (0,)),
        (of(on("field:joined", "on", "31.01.2026")), "year-month-day", (0,)),
        (of(on("field:joined", "on", "0001-01-01")), "years", (0,)),
        (of(on("field:joined", "within", "-3")), "days", (0,)),
        (of(on("field:joined", "within", "²")), "days", (0,)),
        (of(on("topic", "subscribed", "gone")), "topic", (0,)),
        (of(on("field:city", "is", "ok"), of(on("topic", "subscribed", None))), "topic", (1, 0)),
        (nested(6), "deep", (0,) * 5),
        (of(*[on("field:city", "is", "x")] * 101), "room", (100,)),
    ],
)
def test_nonsense_is_refused_at_its_place(definition, words, path):
    with pytest.raises(BadDefinition, match=words) as refused:
        tree.parse(definition, CATALOGUE)
    assert refused.value.path == path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["match", "rules", "about", "op", "value", "x"]), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_a_tree_or_a_refusal(definition):
    with contextlib.suppress(BadDefinition):
        assert isinstance(tree.parse(definition, CATALOGUE), tree.Group)


def test_a_very_deep_definition_is_refused_at_once():
    with pytest.raises(BadDefinition):
        tree.parse(nested(900), CATALOGUE)


def test_the_published_schema_knows_every_operator():
    shapes = schema()["$defs"]["condition"]["anyOf"]
    for about, kind in {**tree.BUILT_IN, "field:x": "text", "field:y": "number"}.items():
        ops = {
            op
            for shape in shapes
            for op in shape["properties"]["op"]["enum"]
            if shape["properties"]["about"].get("const") == about
            or about in shape["properties"]["about"].get("enum", ())
            or (about.startswith("field:") and "pattern" in shape["properties"]["about"])
        }
        assert set(tree.OPS[kind]) <= ops
