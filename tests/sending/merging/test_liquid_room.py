"""Conditions, loops, variables and filters: what they make, where they may stand, what they cost, and that bombs are refused."""

import json
import time
import tracemalloc
from typing import Any

import pytest

from sending.merging import Merged, MergeError, Plan, Unmergeable, compile_plan, fill, known_names, merge
from sending.merging.compiling import MAX_WORK
from sending.merging.values import MAX_VALUE

KNOWN = known_names(["points", "plan", "interests", "joined", "met_at", "vip", "site"])


def made(html: str, *, subject: str = "", text: str = "", **contact: Any) -> Merged:
    """The merge through a stored plan, which must be what the interpreter makes of the same letter."""
    values = {f"contact.{key}": value for key, value in contact.items()}
    plan = compile_plan(subject, html, text, known=KNOWN, track_opens=False)
    stored = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert stored == plan
    merged = merge(stored, values)
    assert merge(compile_plan(subject, html, text, known=KNOWN, track_opens=False, interpret=True), values) == merged
    return merged


@pytest.mark.parametrize(
    ("source", "contact", "words"),
    [
        ("{% if contact.first_name %}a{% endif %}", {"first_name": "Ann"}, "a"),
        ("{% if contact.first_name %}a{% endif %}", {"first_name": "  "}, ""),  # blank is missing
        ("{% if contact.vip %}a{% else %}b{% endif %}", {"vip": False}, "b"),
        ("{% if contact.vip == false %}a{% else %}b{% endif %}", {"vip": False}, "a"),
        ("{% if contact.vip == true %}a{% else %}b{% endif %}", {"vip": True}, "a"),
        ("{% if contact.plan == 'gold' %}a{% elsif contact.plan == 'tin' %}b{% else %}c{% endif %}", {"plan": "tin"}, "b"),
        ("{% if contact.plan == blank %}a{% endif %}", {}, "a"),
        ("{% if contact.plan == '' %}a{% endif %}", {"plan": ""}, "a"),
        ("{% if contact.plan != nil %}a{% endif %}", {"plan": "x"}, "a"),
        ("{% if contact.plan == empty %}a{% endif %}", {"plan": []}, "a"),
        ("{% if contact.points > 3 and contact.points <= 5 %}a{% endif %}", {"points": 5}, "a"),
        ("{% if contact.points > 3 or contact.vip %}a{% endif %}", {"vip": True}, "a"),
        ("{% if contact.points > 3 %}a{% else %}b{% endif %}", {"points": "many"}, "b"),  # cannot be compared
        ("{% if contact.points >= contact.plan %}a{% else %}b{% endif %}", {"points": 3, "plan": "x"}, "b"),
        ("{% if contact.joined < '2026-01-01' %}a{% endif %}", {"joined": "2025-03-01"}, "a"),
        ("{% if contact.interests contains 'tea' %}a{% endif %}", {"interests": ["coffee", "tea"]}, "a"),
        ("{% if contact.plan contains 'old' %}a{% endif %}", {"plan": "gold"}, "a"),
        ("{% if contact.plan contains 'old' %}a{% else %}b{% endif %}", {}, "b"),
        ("{% if contact.interests.size > 1 %}a{% endif %}", {"interests": ["coffee", "tea"]}, "a"),
        ("{% unless contact.vip %}a{% else %}b{% endunless %}", {}, "a"),
        ("{% unless contact.vip %}a{% else %}b{% endunless %}", {"vip": True}, "b"),
        ("{% case contact.plan %}{% when 'a', 'b' %}1{% when 'c or d' %}2{% else %}3{% endcase %}", {"plan": "b"}, "1"),
        ("{% case contact.plan %} {% when 'a', 'b' %}1{% when 'c or d' %}2{% else %}3{% endcase %}", {"plan": "c or d"}, "2"),
        ("{% case contact.points %}{% when 1 or 2 %}1{% endcase %}", {"points": 2}, "1"),
        ("{% case contact.points %}{% when 1 %}1{% endcase %}", {}, ""),
        ("{% if contact.vip %}{% if contact.plan %}{{ contact.plan }}!{% endif %}{% endif %}", {"vip": True, "plan": "a"}, "a!"),
        ("{% for i in contact.interests %}{{ i }},{% endfor %}", {"interests": ["a", "b"]}, "a,b,"),
        ("{% for i in contact.interests reversed limit: 1 %}{{ i }},{% endfor %}", {"interests": ["a", "b"]}, "a,"),
        ("{% for i in contact.interests %}{{ i }}{% unless forloop.last %}, {% endunless %}{% else %}none{% endfor %}", {}, "none"),
        ("{% for i in contact.plan %}{{ i }}{% endfor %}", {"plan": "abc"}, "abc"),
        ("{% for n in (1..3) %}{{ n }}{% endfor %}", {}, "123"),
        ("{% for i in contact.interests offset: 1 %}{{ i | upcase }}{% endfor %}", {"interests": [1, "b"]}, "B"),
        ("{% assign n = contact.first_name | default: 'you' %}{{ n | upcase }}", {}, "YOU"),
        ("{% assign n = 1 %}{% if n == 1 %}a{% endif %}{% assign n = n | plus: 1 %}{{ n }}", {}, "a2"),
        ("{% if contact.vip %}{% assign d = 20 %}{% else %}{% assign d = 10 %}{% endif %}{{ d }}%", {"vip": True}, "20%"),
        ("{% if contact.vip %}{% assign d = 20 %}{{ d }}{% endif %}[{{ d }}]", {}, "[]"),
        ("{% for i in contact.interests %}{% assign l = i %}{% endfor %}{{ l }}", {"interests": ["a", "b"]}, "b"),
        ("a {%- if contact.vip -%} b {%- endif %} c", {"vip": True}, "ab c"),
        ("a {{- contact.plan -}} c", {"plan": "x"}, "axc"),
        ("{{ contact.interests[1] }}{{ contact.interests.first }}{{ contact.interests.last }}", {"interests": ["a", "b"]}, "bab"),
        ("{ {{ contact.plan }} } %}", {"plan": "x"}, "{ x } %}"),
        ("{% for i in contact.interests %}{ {{ i }}{ } %} {% endfor %}", {"interests": ["a"]}, "{ a{ } %} "),
    ],
)  # fmt: skip
def test_makes(source: str, contact: dict[str, Any], words: str) -> None:
    assert made(source, **contact).html == words


@pytest.mark.parametrize(
    ("source", "value", "words"),
    [
        ("upcase", "straße", "STRASSE"),
        ("capitalize", "ANN", "Ann"),
        ("titlecase", "o’brien VAN dyk", "O’brien Van Dyk"),
        ("truncate: 5", "abcdefgh", "abcd…"),
        ("truncatewords: 2", "a b c", "a b…"),
        ("replace: 'a', 'b' | append: '!' | prepend: '?'", "aa", "?bb!"),
        ("remove: 'a'", "aba", "b"),
        ("slice: -2, 2", "abcd", "cd"),
        ("split: ',' | join: ' - '", "a,b", "a - b"),
        ("split: ',' | sort | uniq | reverse | first", "b,a,b", "b"),
        ("size", "abcd", "4"),
        ("plus: 1 | times: 3 | minus: 1", 2, "8"),
        ("plus: 0.2", 0.1, "0.3"),
        ("divided_by: 2", 7, "3"),
        ("divided_by: 0 | default: 'none'", 7, "none"),
        ("modulo: 3", 7, "1"),
        ("round: 1", 1.26, "1.3"),
        ("round", 2.5, "3"),
        ("ceil", 1.1, "2"),
        ("at_least: 5", 3, "5"),
        ("plus: 1 | default: 'no number'", "x", "no number"),
        ("times: 1000000000 | times: 1000000000 | default: 'too much'", 5, "too much"),
        ("number", 1234567.5, "1,234,567.5"),
        ("number: 2", 1234.5, "1,234.50"),
        ("money: 'EUR'", 12.5, "€12.50"),
        ("percent", 0.2, "20%"),
        ("percent: 1", 0.205, "20.5%"),
        ("date", "2026-03-01", "Mar 1, 2026"),
        ("date: 'long'", "2026-03-01", "March 1, 2026"),
        ("date: '%-d %B %Y, %A'", "2026-03-01", "1 March 2026, Sunday"),
        ("date: 'long' | default: 'soon'", "around Easter", "soon"),
        ("plus_days: 14 | date: 'short'", "2026-03-01", "3/15/26"),
        ("default: 'x'", False, "no"),  # an answer, not a gap
    ],
)  # fmt: skip
def test_filters(source: str, value: object, words: str) -> None:
    assert made(f"{{{{ contact.plan | {source} }}}}", plan=value).html == words


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "March 5, 2026 | 1,234.5 | €9.90 | 9:30 AM"),
        ("de-AT", "5. März 2026 | 1.234,5 | € 9,90 | 09:30"),
        ("fr", "5 mars 2026 | 1 234,5 | 9,90 € | 09:30"),
        ("es", "5 de marzo de 2026 | 1.234,5 | 9,90 € | 9:30"),
        ("pt_BR", "5 de março de 2026 | 1.234,5 | € 9,90 | 09:30"),
        ("xx-nowhere", "March 5, 2026 | 1,234.5 | €9.90 | 9:30 AM"),
        ("", "5. März 2026 | 1.234,5 | 9,90 € | 09:30"),  # the organization's
    ],
)
def test_dates_and_numbers_are_the_readers(locale: str, words: str) -> None:
    plan = compile_plan(
        "",
        "",
        "{{ contact.joined | date: 'long' }} | {{ contact.points | number }} | {{ contact.price | money: 'EUR' }} | "
        "{{ contact.met_at | time }}",
    )
    merged = merge(
        plan,
        {
            "contact.joined": "2026-03-05",
            "contact.points": 1234.5,
            "contact.price": 9.9,
            "contact.met_at": "2026-03-05T08:30:00Z",
            "reader.locale": locale,
            "organization.locale": "de",
            "organization.time_zone": "Europe/Berlin",
        },
    )
    assert " ".join(merged.text.replace("\u202f", " ").replace("\xa0", " ").split()) == words


def test_a_value_is_escaped_where_it_stands_also_in_branches_and_loops() -> None:
    evil = '"><script>&'
    html = (
        '{% if contact.vip %}<p title="{{ contact.plan }}">{{ contact.plan }}</p>{% endif %}'
        '{% for i in contact.interests %}<a href="https://x.example/?q={{ i }}">{{ i }}</a><a href="{{ i }}">w</a>{% endfor %}'
    )
    merged = made(
        html,
        subject="{% if contact.vip %}{{ contact.plan }}{% endif %}",
        vip=True,
        plan=evil,
        interests=[evil, "javascript:x"],
    )
    assert "<script>" not in merged.html
    assert 'title="&quot;&gt;&lt;script&gt;&amp;"' in merged.html
    assert "?q=%22%3E%3Cscript%3E%26" in merged.html
    assert merged.html.count('href="#"') == 2
    assert (
        made(
            "", subject="a{% for i in contact.interests %}{{ i }}{% endfor %}", interests=["\r\nBcc: x", "\x00y"]
        ).subject
        == "aBcc: xy"
    )


def test_what_a_value_contains_is_never_a_template() -> None:
    source = (
        "{% for i in contact.interests %}{{ i }}{% endfor %}{% if contact.plan %}{{ contact.plan | upcase }}{% endif %}"
    )
    plan = "{{ contact.email }}"
    merged = made(source, interests=[plan, "{% if true %}"], plan=plan, email="secret@example.com")
    assert "secret" not in merged.html.lower() and "{{ contact.email }}" in merged.html


def test_an_address_leads_away_only_from_its_beginning() -> None:
    source = "<a href='{% if contact.vip %}https://a.example/{% endif %}{{ contact.site }}'>x</a>"
    assert (
        made(source, vip=True, site="https://evil.example").html
        == "<a href='https://a.example/https%3A%2F%2Fevil.example'>x</a>"
    )
    assert "javascript:" not in made(source, site="javascript:x").html
    either = "<a href='{% if contact.vip %}https://a.example/{% else %}{{ contact.site }}{% endif %}'>x</a>"
    assert made(either, site="https://b.example").html == "<a href='https://b.example'>x</a>"


def test_links_in_branches_and_loops_are_tracked() -> None:
    html = (
        "{% if contact.vip %}<a href='https://a.example'>a</a>{% endif %}"
        "{% for i in contact.interests %}<a href='https://b.example'>{{ i }}</a>{% endfor %}"
        "<a href='{% if contact.vip %}https://c.example{% else %} https://d.example {% endif %}'>x</a>"
        "<a href='https://e.example/{% if contact.vip %}1{% endif %}'>never</a>"
    )
    plan = compile_plan("", html, "", known=KNOWN)
    assert plan.links == ("https://a.example", "https://b.example", "https://c.example", "https://d.example")
    merged = merge(plan, {"contact.vip": True, "contact.interests": ["x", "y"]}, links=["l:a", "l:b", "l:c", "l:d"])
    assert merged.html == (
        "<a href='l:a'>a</a><a href='l:b'>x</a><a href='l:b'>y</a><a href='l:c'>x</a><a href='https://e.example/1'>never</a>"
    )


def test_the_text_part_keeps_its_paragraphs() -> None:
    source = "Hi\n\n{% if contact.vip %}\n\nyou are\n\n{% else %}\n\nyou may be\n\n{% endif %}\n\nend\n"
    assert made("", text=source, vip=True).text == "Hi\n\nyou are\n\nend\n"
    assert made("", text=source).text == "Hi\n\nyou may be\n\nend\n"
    assert (
        made("", text="a\n{% for i in contact.interests %}\n- {{ i }}\n{% endfor %}\n\nb\n", interests=["x", "y"]).text
        == "a\n- x\n- y\n\nb\n"
    )


# --- names and gaps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "gaps"),
    [
        ("{{ contact.plan }}", {"plan"}),
        ("{{ contact.plan | upcase }}", {"plan"}),
        ("{{ contact.plan | upcase | default: 'x' }}", set()),
        ("{{ contact.plan | default: contact.first_name }}", set()),
        ("{% if contact.plan %}{{ contact.plan }}{% endif %}", set()),
        ("{% if contact.plan %}a{% else %}{{ contact.plan }}{% endif %}", {"plan"}),
        ("{% unless contact.plan %}a{% else %}{{ contact.plan | upcase }}{% endunless %}", set()),
        ("{% if contact.plan == blank %}a{% else %}{{ contact.plan }}{% endif %}", set()),
        ("{% if contact.plan != '' %}{{ contact.plan }}{% endif %}", set()),
        ("{% if contact.plan and contact.site %}{{ contact.plan }}{{ contact.site }}{% endif %}", set()),
        ("{% if contact.plan or contact.site %}{{ contact.plan }}{{ contact.site }}{% endif %}", {"plan", "site"}),
        ("{% if contact.plan == blank or contact.site == '' %}{% else %}{{ contact.plan }}{{ contact.site }}{% endif %}", set()),
        ("{% if contact.plan == 'a' %}b{% elsif contact.site %}{{ contact.site }}{{ contact.plan }}{% endif %}", {"plan"}),
        ("{% if contact.plan == contact.site %}{{ contact.plan }}{% endif %}", {"plan"}),
        ("{% if contact.points > 3 %}{{ contact.points | number }}{% endif %}", set()),
        ("{% case contact.plan %}{% when 'a' %}{{ contact.plan }}{% endcase %}", set()),
        ("{% if contact.plan %}{{ contact.plan }}{% endif %}{{ contact.plan }}", {"plan"}),
        ("{% if contact.interests.size > 0 %}{{ contact.interests | join: ', ' }}{% endif %}", set()),
        ("{% for i in contact.interests %}{{ i }}{{ contact.plan }}{% endfor %}", {"plan"}),
        ("{% if contact.plan %}{% for i in contact.interests %}{{ i }}{{ contact.plan }}{% endfor %}{% endif %}", set()),
    ],
)  # fmt: skip
def test_a_plan_knows_its_gaps(source: str, gaps: set[str]) -> None:
    for interpret in (False, True):
        plan = compile_plan("", source, "", known=KNOWN, interpret=interpret)
        assert plan.unguarded_fields == gaps
        assert {name for name in KNOWN if name in source} == plan.names


def test_plans_of_version_1_merge_as_ever() -> None:
    data = {
        "version": 1,
        "parts": {
            "subject": {"chunks": ["Hi ", ""], "slots": [0]},
            "html": {"chunks": ["<b>", "</b><a href='", "'>", ""], "slots": [1, 2, 3]},
            "text": {"chunks": ["t"], "slots": []},
        },
        "slots": [
            ["value", "contact.first_name", "header", "you", -1],
            ["value", "contact.first_name", "html", "you", -1],
            ["link", "", "html", "", 0],
            ["pixel", "", "html", "", -1],
        ],
        "links": ["https://a.example"],
    }
    plan = Plan.from_json(data)
    assert merge(plan, {"contact.first_name": "<Ann>"}, links=["l"]) == Merged(
        "Hi <Ann>", "<b>&lt;Ann&gt;</b><a href='l'>", "t"
    )
    assert plan.to_json() == data


@pytest.mark.parametrize(
    "row",
    [
        ["choice", "", "html", "", -1, {"conditions": ["contact.x"], "parts": [{"chunks": ["a"], "slots": []}]}],
        ["choice", "", "html", "", -1, {"conditions": [], "parts": [{"chunks": ["a", "b"], "slots": [0]}]}],
        ["expression", "", "html", "", -1],
        ["liquid", "", "html", "", -1, {"spell": "x"}],
    ],
)
def test_plans_that_do_not_fit_are_refused(row: list[Any]) -> None:
    part = {"chunks": ["", ""], "slots": [0]}
    with pytest.raises(MergeError, match="not a merge plan"):
        Plan.from_json(
            {"version": 2, "parts": {"subject": part, "html": part, "text": part}, "slots": [row], "links": []}
        )


# --- where blocks may stand ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p {% if contact.vip %}class='a'{% endif %}>", "cannot stand among a tag's attributes"),
        ("<p style='{% if contact.vip %}color:red{% endif %}'>", "cannot stand in the attribute style"),
        ("<!-- {% if contact.vip %} --> {% endif %}", "cannot stand in a comment"),
        ("<style>{% if contact.vip %}a{}{% endif %}</style>", "cannot stand in <style>"),
        ("<p title='{% if contact.vip %}a'>{% endif %}</p>", "stands in another place"),
        ("{% if contact.vip %}<p title='{% else %}a'>{% endif %}</p>", "stands in another place"),
    ],
)
def test_blocks_stand_whole(html: str, words: str) -> None:
    with pytest.raises(MergeError) as caught:
        compile_plan("", "\n" + html, "", known=KNOWN)
    assert any(words in problem.message and problem.line == 2 for problem in caught.value.problems)


# --- bombs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bomb",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% for i in (1..100) %}{% for j in (1..100) %}{% for k in (1..100) %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% for i in contact.interests %}{% for j in contact.interests %}{{ contact.plan | upcase }}{% endfor %}{% endfor %}",
        "{% if contact.vip %}" * 1000 + "{% endif %}" * 1000,
        "{% if contact.vip %}" * 100_000,
        "{% endif %}" * 100_000,
        "{{ contact.plan" + " | append: contact.plan" * 21 + " }}",
        "{{ contact.plan" + "[" * 400 + " }}",
        "{% if contact.vip" + " and contact.vip" * 10_000 + " %}{% endif %}",
        "".join(f"{{{{ contact.plan{' | append: contact.plan' * 18} | append: '{n}' }}}}" for n in range(400)),
        "{% assign x = contact.plan %}" + "{% assign x = x | append: x %}{{ x }}" * 300,
        "{{ " * 100_000,
        "{%" * 100_000,
        "{{ contact.plan | " + "(" * 400 + " }}",
        "{% case contact.plan %}" + "{% when 'a' %}" * 3000 + "{% endcase %}",
    ],
)
def test_bombs_are_refused_at_once(bomb: str) -> None:
    began = time.process_time()
    with pytest.raises(MergeError) as caught:
        compile_plan("", bomb, "", known=KNOWN)
    assert time.process_time() - began < 5
    assert len(caught.value.problems) <= 50


@pytest.mark.parametrize(
    "source",
    [
        "{% assign x = contact.plan %}" + "{% assign x = x | append: x %}" * 60 + "{{ x }}",
        "{{ contact.plan" + " | append: contact.plan" * 19 + " }}",
        "{% for i in contact.interests %}{% for j in contact.interests limit: 10 %}{{ i }}{% endfor %}{% endfor %}",
        "{{ contact.plan | split: '' | join: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}",
        "{{ contact.plan | replace: 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' | replace: 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}",
    ],
)
def test_what_is_allowed_ends_soon_and_stays_small(source: str) -> None:
    plan = compile_plan("", source, "", known=KNOWN)
    values = {"contact.plan": "a" * 50_000, "contact.interests": ["a" * 50] * 10_000}
    merge(plan, values)
    began = time.process_time()
    merged = merge(plan, values)
    assert time.process_time() - began < 0.5
    assert len(merged.html) <= 4 * MAX_VALUE + 1000 * 60


def test_a_value_in_place_of_each_letter_of_another_takes_no_room() -> None:
    plan = compile_plan("", "{{ contact.plan | replace: 'a', contact.site }}", "", known=KNOWN)
    values = {"contact.plan": "a" * 10_000, "contact.site": "b" * 10_000}
    merge(plan, values)
    tracemalloc.start()
    merged = merge(plan, values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert merged.html == "b" * (MAX_VALUE - 1) + "…" and peak < 1_000_000


def test_the_time_of_a_letter_is_that_of_all_its_holes() -> None:
    hole = "{{{{ contact.plan" + " | titlecase" * 10 + " | append: '{0}' }}}}"
    plan = compile_plan("", "".join(hole.format(n) for n in range(400)), "", known=KNOWN)
    assert merge(plan, {"contact.plan": "gold"}).html.startswith("Gold0")
    began = time.process_time()
    with pytest.raises(Unmergeable, match="too long"):
        merge(plan, {"contact.plan": "aé " * 3_000})
    assert time.process_time() - began < 3


def test_an_output_without_end_fails_for_that_person_alone() -> None:
    plan = compile_plan("", "{% for i in contact.interests %}{{ i }}{{ i }}{% endfor %}", "", known=KNOWN)
    assert merge(plan, {"contact.interests": ["a"]}).html == "aa"
    with pytest.raises(Unmergeable, match="output"):
        fill(plan, {"contact.interests": ["a" * 9_000] * 100})


def test_the_most_work_that_is_allowed_takes_no_time_that_a_relay_would_feel() -> None:
    times = MAX_WORK // 100 // 5
    plan = compile_plan("", "{% for i in (1..100) %}" + "{{ i | plus: 1 }}" * times + "{% endfor %}", "", known=KNOWN)
    merge(plan, {})
    began = time.process_time()
    merge(plan, {})
    assert time.process_time() - began < 0.2
