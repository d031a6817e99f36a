"""Definitions of segments: what is understood, what is refused and in which words, and never a crash."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.segments import tree, wording
from contacts.segments.knowledge import Catalogue, Inner, Send, Thing
from contacts.segments.reading import BadDefinition

CATALOGUE = Catalogue(
    kinds={
        "city": "text",
        "visits": "number",
        "joined": "date",
        "vip": "boolean",
        "seen": "datetime",
        "size": "choice",
        "likes": "multi",
    },
    labels={
        "city": "City",
        "visits": "Visits",
        "joined": "Joined",
        "vip": "VIP",
        "seen": "Seen",
        "size": "Size",
        "likes": "Likes",
    },
    topics={"news": Thing(1, "News")},
    tags={"1": Thing(1, "vip"), "2": Thing(2, "staff")},
    imports={"i": Thing(1, "list.csv")},
    forms={"f": Thing(1, "Footer")},
    campaigns={"c": Send(1, "Autumn", datetime(2026, 3, 1, tzinfo=UTC))},
    segments={"s": Inner("Regulars", {"match": "all", "rules": []})},
    providers={"Gmail": ("gmail.com",), "Other": ()},
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
        (of(on("field:city", "is", "Oslo"), match="none"), "everybody except those whose City is “Oslo”"),
        (
            of(on("field:vip", "yes"), of(on("tag", "any_of", ["1"]), on("suppressed", "yes"), match="none")),
            "people whose VIP is yes and not those (who carry the tag “vip” or who are on the do-not-send list)",
        ),
        (of(on("field:likes", "all_of", ["tea", "rum"])), "people who have “tea” and “rum” in Likes"),
        (
            of(on("field:joined", "between", ["2026-01-01", "2026-02-01"])),
            "people whose Joined is between 2026-01-01 and 2026-02-01",
        ),
        (of(on("field:joined", "ago", 1)), "people whose Joined is more than 1 day ago"),
        (of(on("field:joined", "yearly_next", 7)), "people whose Joined has its anniversary within the next 7 days"),
        (of(on("field:joined", "yearly_today")), "people whose Joined has its anniversary today"),
        (of({"about": "activity:opened", "op": "at_least", "times": 1}), "people who opened a campaign"),
        (
            of({"about": "activity:opened", "op": "at_least", "times": 2, "latest": 5}),
            "people who opened at least 2 of the last 5 campaigns",
        ),
        (
            of({"about": "activity:clicked", "op": "never", "when": "within", "days": 90}),
            "people who clicked in no campaign within the last 90 days",
        ),
        (
            of({"about": "activity:sent", "op": "at_least", "campaign": "c"}),
            "people who were sent the campaign “Autumn”",
        ),
        (
            of({"about": "activity:sent", "op": "never", "campaign": "c"}),
            "people of whom it is not so that they were sent the campaign “Autumn”",
        ),
        (
            of(
                {
                    "about": "activity:opened",
                    "op": "at_most",
                    "times": 3,
                    "when": "between",
                    "from": "2026-01-01",
                    "to": "2026-02-01",
                }
            ),
            "people who opened at most 3 campaigns between 2026-01-01 and 2026-02-01",
        ),
        (
            of(
                {
                    "about": "consent",
                    "op": "given",
                    "topic": "news",
                    "source": ["form", "import"],
                    "when": "within",
                    "days": 30,
                }
            ),
            "people who agreed to get News by sign-up form or import within the last 30 days",
        ),
        (of({"about": "consent", "op": "not_confirmed"}), "people who did not confirm by double opt-in"),
        (of(on("score", "ge", 40)), "people whose Engagement score is at least 40"),
        (of(on("provider", "is_not", "Gmail")), "people whose mailbox is not with Gmail"),
        (of(on("source", "is", "form")), "people who came by sign-up form"),
        (of(on("import", "is", "i")), "people who came with the import “list.csv”"),
        (of(on("form", "is_not", "f")), "people who did not come by the sign-up form “Footer”"),
        (of(on("segment", "not_in", "s")), "people who are not in the segment “Regulars”"),
        (
            of(on("suppressed", "because", ["invalid"])),
            "people who are on the do-not-send list (the address does not exist)",
        ),
        (of(on("topic", "pending", "news")), "people who are waiting to confirm News"),
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
        (of(on("topic", "subscribed", "gone")), "topic is gone. Choose another", (0,)),
        (of(on("tag", "any_of", ["9"])), "tag is gone", (0,)),
        (of(on("tag", "any_of", [])), "Choose a tag", (0,)),
        (of(on("tag", "any_of", "1")), "Choose a tag", (0,)),
        (of(on("tag", "any_of", [["1"]])), "Choose a tag", (0,)),
        (of(on("import", "is", None)), "Choose an import", (0,)),
        (of(on("segment", "in", "gone")), "segment is gone", (0,)),
        (of(on("provider", "is", "Nobody")), "provider is gone", (0,)),
        (of(on("source", "is", "thin air")), "way", (0,)),
        (of(on("suppressed", "because", ["boredom"])), "reason", (0,)),
        (of(on("score", "ge", 101)), "0 to 100", (0,)),
        (of(on("score", "ge", "many")), "0 to 100", (0,)),
        (of({"about": "activity:danced", "op": "never"}), "no field", (0,)),
        (of({"about": "activity:opened", "op": "at_least", "times": 0}), "how often", (0,)),
        (of({"about": "activity:opened", "op": "at_least", "times": "x"}), "how often", (0,)),
        (of({"about": "activity:opened", "op": "at_least", "times": 10**9}), "how often", (0,)),
        (of({"about": "activity:opened", "op": "never", "campaign": "gone"}), "campaign is gone", (0,)),
        (of({"about": "activity:opened", "op": "never", "campaign": {"a": 1}}), "Choose a campaign", (0,)),
        (of({"about": "activity:opened", "op": "never", "campaign": "c", "latest": 3}), "not both", (0,)),
        (of({"about": "activity:opened", "op": "never", "latest": -3}), "how many campaigns", (0,)),
        (of({"about": "activity:opened", "op": "never", "when": "sometimes"}), "Choose when", (0,)),
        (of({"about": "activity:opened", "op": "never", "when": "within"}), "days", (0,)),
        (
            of(
                {"about": "activity:opened", "op": "never", "when": "between", "from": "2026-02-01", "to": "2026-01-01"}
            ),
            "turn the two",
            (0,),
        ),
        (of({"about": "consent", "op": "given", "topic": "gone"}), "topic is gone", (0,)),
        (of({"about": "consent", "op": "given", "source": "form"}), "way", (0,)),
        (of(on("field:joined", "between", ["2026-01-01"])), "two dates", (0,)),
        (of(on("field:joined", "between", ["2026-02-01", "2026-01-01"])), "turn the two", (0,)),
        (of(on("field:joined", "on", "20260101")), "year-month-day", (0,)),
        (of(on("field:joined", "next", True)), "days", (0,)),
        (of(on("field:likes", "any_of", "tea")), "at least one", (0,)),
        (of(on("field:likes", "any_of", ["a\x00"])), "character", (0,)),
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
        | st.dictionaries(
            st.sampled_from(
                ["match", "rules", "about", "op", "value", "times", "campaign", "latest", "when", "days", "source", "x"]
            ),
            inner,
            max_size=5,
        )
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


def test_ten_thousand_fields_are_no_trouble():
    many = Catalogue(
        kinds={f"f{n}": "text" for n in range(10_000)}, labels={f"f{n}": f"Field {n}" for n in range(10_000)}
    )
    rule = tree.parse(of(*[on(f"field:f{n * 100}", "is", "x") for n in range(99)]), many)
    assert len(list(tree.conditions(rule))) == 99
