"""A plan survives its storage as JSON, and nothing else passes for one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.merging import MergeError, Plan, compile_plan, merge

words = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=40)
fields = st.sampled_from(["contact.first_name", "contact.city", "brand.name", "unsubscribe_url"])
holes = st.builds(lambda name, default: f'{{{{ {name} | default: "{default.replace(chr(34), "")}" }}}}', fields, words)
sources = st.lists(
    st.one_of(words.map(lambda w: w.replace("{", "")), holes, st.just('<a href="https://a.example/1">x</a>')),
    max_size=8,
).map("".join)


@given(sources, sources, sources)
def test_a_plan_survives_json(subject: str, html: str, text: str) -> None:
    try:
        plan = compile_plan(subject, html, text)
    except MergeError:
        return
    again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    values = {"contact.first_name": "Zoë <b>", "unsubscribe_url": "https://l.example/u/x"}
    assert merge(again, values) == merge(plan, values)


def test_a_plan_knows_its_fields_and_its_gaps() -> None:
    plan = compile_plan("{{ contact.first_name | default: 'you' }}", "<p>{{ contact.city }}</p>", "{{ brand.name }}")
    assert plan.names == {"contact.first_name", "contact.city", "brand.name"}
    assert plan.contact_fields == {"first_name", "city"}
    assert plan.unguarded_fields == {"city"}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"version": 2},
        {"version": 1, "parts": {}, "slots": [], "links": []},
        {**compile_plan("a", "b", "c").to_json(), "slots": [["spell", "x", "html", "", 0]]},
        {**compile_plan("a", '<a href="https://a.example">b</a>', "c").to_json(), "links": []},
    ],
)
def test_what_is_no_plan_is_refused(data: object) -> None:
    with pytest.raises(MergeError, match="not a merge plan"):
        Plan.from_json(data)
