"""Random letters for random people: the plan's chunks and holes make what the interpreter makes, stored or not, and MIME
carries it unharmed."""

import email
import email.policy
import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sending.merging import MergeError, Plan, compile_plan, fill, known_names, merge
from sending.mime import fields, stencils
from sending.mime.stencils import Stencil

FIELDS = ("first_name", "plan", "points", "interests", "vip", "joined", "site")
KNOWN = known_names(FIELDS)
NAMES = st.sampled_from([f"contact.{name}" for name in FIELDS])
literals = st.sampled_from(
    ["'gold'", '"tea"', "3", "0", "-2.5", "true", "false", "nil", "blank", "empty", "''", "'2026-01-01'"]
)
filters = st.lists(
    st.sampled_from(
        [
            "default: 'x & <y>'",
            "default: ''",
            "default: ' '",
            "upcase",
            "downcase",
            "append: '!'",
            "append: contact.first_name",
            "plus: 1",
            "times: contact.points",
            "divided_by: 0",
            "split: 'a'",
            "join: '-'",
            "first",
            "size",
            "sort | uniq",
            "truncate: 5",
            "number: 1",
            "money: 'EUR'",
            "percent",
            "date: 'long'",
            "date: '%d.%m.%Y %H:%M'",
            "plus_days: 3",
            "replace: 'a', '{{ contact.vip }}'",
        ]
    ),
    max_size=4,
)
outputs = st.builds(lambda name, chain: "{{ " + " | ".join([name, *chain]) + " }}", NAMES, filters)
operands = st.one_of(NAMES, literals)
comparisons = st.one_of(
    NAMES,
    st.builds(
        lambda left, operator, right: f"{left} {operator} {right}",
        NAMES,
        st.sampled_from(["==", "!=", "<", ">", "<=", ">=", "contains"]),
        operands,
    ),
)
conditions = st.lists(comparisons, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([" and ", " or "]).map(lambda joint: joint.join(parts))
)
words = st.text(st.sampled_from("ab{}% <>&\"'=.\n\r\té\u2028"), max_size=12).map(
    lambda text: re.sub(r"\{[{%]", "{ ", text).replace("<", "&lt;")
)
pieces = st.one_of(
    words,
    outputs,
    st.just("<a href='https://a.example/x?y=1&amp;z=2'>a</a>"),
    outputs.map(lambda output: f"<a href='https://b.example/?q={output}' title=\"{output}\">b</a>"),
    outputs.map(lambda output: f"<a href='{output}'>c</a>"),
    st.sampled_from(
        ["{{ unsubscribe_url }}", "<a href='{{ unsubscribe_url }}'>u</a>", "{%- assign v = 'new' -%}", "{{ v }}"]
    ),
    outputs.map(lambda output: f"{{% assign v = {output[3:-3]} %}}"),
)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.lists(inner, max_size=3).map("".join)
    return st.one_of(
        st.builds(lambda c, a, b: f"{{% if {c} %}}{a}{{% else %}}{b}{{% endif %}}", conditions, many, many),
        st.builds(
            lambda c, a, d, b: f"{{% if {c} %}}{a}{{% elsif {d} %}}{b}{{% endif %}}", conditions, many, conditions, many
        ),
        st.builds(lambda c, a, b: f"{{% unless {c} %}}{a}{{% else %}}{b}{{% endunless %}}", conditions, many, many),
        st.builds(
            lambda n, v, a, b: f"{{% case {n} %}}{{% when {v} %}}{a}{{% else %}}{b}{{% endcase %}}",
            NAMES,
            literals,
            many,
            many,
        ),
        st.builds(
            lambda n, a, b: (
                f"{{% for i in {n} limit: 4 %}}{a}{{{{ i }}}}{{{{ forloop.index }}}}{{% else %}}{b}{{% endfor %}}"
            ),
            NAMES,
            many,
            many,
        ),
        st.builds(
            lambda o, c: f"<a href='{{% if {c} %}}https://d.example{{% else %}}{o}{{% endif %}}'>l</a>",
            outputs,
            conditions,
        ),
    )


letters = st.lists(st.recursive(pieces, blocks, max_leaves=4), max_size=4).map("".join)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(min_value=10**20),
    st.text(st.characters(), max_size=20),
    st.sampled_from(
        [
            "gold",
            "tea",
            "  ",
            "2026-01-01",
            "2026-03-01T10:00:00Z",
            "javascript:x",
            "https://e.example/?a&b",
            "\r\nBcc: x",
        ]
    ),
    st.sampled_from(["{{ contact.vip }}", "{% if true %}", "<b>", "\"'", "\x00\u202e\ud800"]),
)
people = st.fixed_dictionaries(
    {},
    optional={
        **{f"contact.{name}": st.one_of(scalars, st.lists(scalars, max_size=6)) for name in FIELDS},
        "reader.locale": st.sampled_from(["de", "fr", "", "xx"]),
    },
)


def compiled(source: str, context: str, *, interpret: bool) -> Plan | None:
    parts = {"subject": "", "html": "", "text": "", context: source}
    try:
        return compile_plan(**parts, known=KNOWN, interpret=interpret)
    except MergeError:
        return None


@settings(max_examples=80, deadline=None)
@given(letters, st.sampled_from(["html", "text", "subject"]), people)
def test_chunks_make_what_the_interpreter_makes(source: str, context: str, person: dict[str, Any]) -> None:
    plan = compiled(source, context, interpret=False)
    if plan is None:
        return
    values = {**person, "unsubscribe_url": "https://l.example/u/t"}
    whole = compiled(source, context, interpret=True)
    assert whole is not None
    links = [f"https://l.example/c/{number}" for number in range(len(plan.links))]
    merged = merge(plan, values, links=links, pixel="https://l.example/i.gif")
    assert whole.links == plan.links
    assert merge(whole, values, links=links, pixel="https://l.example/i.gif") == merged
    assert whole.names >= plan.names  # it also looks up what is assigned and never used
    stored = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert stored == plan
    assert merge(stored, values, links=links, pixel="https://l.example/i.gif") == merged


@settings(max_examples=30, deadline=None)
@given(letters, letters, people)
def test_mime_carries_what_was_merged(html: str, text: str, person: dict[str, Any]) -> None:
    try:
        plan = compile_plan(
            "{% if contact.vip %}a {% endif %}{{ contact.first_name | upcase }}", html, text, known=KNOWN
        )
    except MergeError:
        return
    filled = fill(plan, person)
    subject = plan.subject.join(filled)
    assert len(subject.splitlines()) <= 1
    head = fields.unstructured(b"Subject", subject)
    stencil = Stencil(
        text=(plan.text.chunks, plan.text.slots), html=(plan.html.chunks, plan.html.slots), choices=plan.choices
    )
    body = stencil.fill(filled)
    assert max(map(len, body.split(b"\r\n"))) <= 78 and b"\n" not in body.replace(b"\r\n", b"")
    message = email.message_from_bytes(
        head + stencils.CONTENT_TYPE + b"MIME-Version: 1.0\r\n\r\n" + body, policy=email.policy.default
    )
    assert message.keys() == ["Subject", "Content-Type", "MIME-Version"]
    for part, merged in zip(message.iter_parts(), (plan.text.join(filled), plan.html.join(filled)), strict=True):
        assert part.get_payload(decode=True).decode().rstrip("\r\n") == lines(merged)


def lines(merged: str) -> str:
    return re.sub(r"\r\n|\r|\n", "\r\n", merged).rstrip("\r\n")


@settings(max_examples=30, deadline=None)
@given(letters, people)
def test_no_value_makes_an_element_or_an_attribute(source: str, person: dict[str, Any]) -> None:
    plan = compiled(source, "html", interpret=False)
    if plan is None:
        return
    allowed = {"a", "img"}
    merged = merge(plan, person).html
    assert {tag.lower() for tag in re.findall(r"<\s*/?\s*([A-Za-z]+)", merged)} <= allowed
    for tag in re.findall(r"<a ([^>]*)>", merged):
        assert re.fullmatch(r"""href='[^'<>]*'( title="[^"<>]*")?""", tag), tag
        assert not re.match(r"href='\s*(javascript|data|vbscript):", tag, re.IGNORECASE)
