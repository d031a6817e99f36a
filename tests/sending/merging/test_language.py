"""The merge language: what it reads, and the sentences for what it cannot read."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.merging import check, known_names
from sending.merging.language import Output, marks


@pytest.mark.parametrize(
    ("source", "name", "default"),
    [
        ("{{contact.email}}", "contact.email", None),
        ('{{ contact.first_name | default: "there" }}', "contact.first_name", "there"),
        ("{{ contact.first_name|default:'there' }}", "contact.first_name", "there"),
        ("{{ contact.first_name | default: “there” }}", "contact.first_name", "there"),
        ("{{&nbsp;contact.first_name | default: &quot;a &amp; b&quot; }}", "contact.first_name", "a & b"),
        ("{{ contact.points | default: 0 }}", "contact.points", "0"),
        ("{{\n contact.x\n}}", "contact.x", None),
    ],
)
def test_reads(source: str, name: str, default: str | None) -> None:
    _, read, problems = marks(source)
    assert not problems
    mark = read[0]
    assert isinstance(mark, Output) and mark.value.is_plain
    assert (mark.value.name, mark.value.default) == (name, default or "")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ }}", "This merge field is empty"),
        ("a\n b {{ contact.x", "has no }}"),
        ("{{ 5 }}", "is not a name"),
        ("{{ contact.x y }}", "is not understood"),
        ("{{ contact.x | upcas }}", "There is no filter “upcas”. Did you mean upcase?"),
        ("{{ contact.x | escape }}", "Values are always made safe"),
        ("{{ contact.x | date: 1, 2, 3 }}", "The filter date takes one value or none"),
        ("{{ contact.x | default: there }}", "must stand in quotes"),
        ('{{ contact.x | default: "a", allow_false: true }}', "without names"),
        ("{{ contact.x | }}", "After | stands a filter"),
        ("{{ contact.x" + " | upcase" * 30 + " }}", "More than 20 filters"),
        ("{{ " + "x" * 600 + " }}", "has no }}"),
        ("{% if contact.x", "has no %}"),
        ("{% if %}{% endif %}", "After if stands a condition"),
        ('{% if contact.x = "a" %}{% endif %}', "Equal is written =="),
        ("{% if contact.x | upcase %}{% endif %}", "A filter cannot stand in a condition"),
        ("{% if contact.x && contact.y %}{% endif %}", "joined by the words and, or"),
        ("{% if contact.x is there %}{% endif %}", "is not understood"),
        ("{% elseif x %}", "Write elsif"),
        ("{% iff x %}", "Did you mean if?"),
        ("{% include 'a' %}", "Files cannot be included"),
        ("{% render 'a' %}", "Files cannot be included"),
        ("{% layout 'a' %}", "Files cannot be included"),
        ("{% endif %}", "stands alone"),
        ("{% if contact.x %}", "This {% if %} is never closed"),
        ("{% for x in contact.x %}{% if x %}{% endfor %}", "{% if %} from line 1 is still open"),
        ("{% if contact.x %}{% else %}{% elsif contact.y %}{% endif %}", "{% elsif %} cannot stand here"),
        ("{% unless contact.x %}{% elsif contact.y %}{% endunless %}", "{% elsif %} cannot stand here"),
        ("{% for each of contact.x %}{% endfor %}", "is not understood"),
        ("{% for contact in contact.x %}{% endfor %}", "A variable cannot be called contact"),
        ("{% for x in (1..1000000000) %}{% endfor %}", "at most 100 numbers"),
        ("{% for x in (1..contact.x) %}{% endfor %}", "needs both of them written down"),
        ("{% assign contact = 1 %}", "A variable cannot be called contact"),
        ("{% assign x %}", "An assign is written"),
        ("{% assign x = contact.a | upcas %}", "There is no filter “upcas”"),
        ("{{ forloop.index }}", "inside of {% for … %} only"),
        ("{% for x in contact.x %}{{ x.name }}{% endfor %}", "x has no “name”"),
        ("{{ contact[contact.x] }}", "Square brackets can hold a number only"),
        ("{% if contact.x %}" * 20 + "{% endif %}" * 20, "nested deeper than 15"),
    ],
)
def test_says_what_is_wrong(source: str, words: str) -> None:
    problems = check(source)
    assert words in problems[0].message
    assert len(problems) == 1  # one mistake is one problem


@pytest.mark.parametrize(
    "source",
    [
        "{% if contact.first_nam %}a{% endif %}",
        "{% if contact.points > 3 and contact.first_nam == 'a' %}a{% endif %}",
        "{% unless contact.first_nam %}a{% endunless %}",
        "{% case contact.first_nam %}{% when 'a' %}b{% endcase %}",
        "{% case contact.points %}{% when contact.first_nam %}b{% endcase %}",
        "{% for x in contact.first_nam %}a{% endfor %}",
        "{% assign x = contact.first_nam %}",
        "{{ contact.points | append: contact.first_nam }}",
        "{{ contact.points | default: contact.first_nam }}",
        "{{ contact.first_nam.size }}",
    ],
)
def test_a_typo_is_found_wherever_a_name_can_stand(source: str) -> None:
    (problem,) = check("line one\n " + source, known_names(["points"]))
    assert problem.message == "There is no merge field “contact.first_nam”. Did you mean {{ contact.first_name }}?"
    assert (problem.line, problem.column) == (2, 2 if "case contact.points" not in source else 27)


def test_variables_are_names_too() -> None:
    assert check("{% assign total = contact.points | plus: 1 %}{{ total }}", known_names(["points"])) == []
    (problem,) = check("{% assign total = contact.points %}{{ totl }}", known_names(["points"]))
    assert "Did you mean {{ total }}?" in problem.message
    (problem,) = check("{% for each in contact.points %}{{ each }}{% endfor %}{{ each }}", known_names(["points"]))
    assert "There is no merge field “each”" in problem.message


def test_reads_what_editors_make_of_it() -> None:
    assert (
        check(
            "{% if contact.points &gt; 3 %}{{&nbsp;contact.points | append: “!” }}{% endif %}", known_names(["points"])
        )
        == []
    )


def test_a_problem_has_a_place() -> None:
    (problem,) = check("one\ntwo {{ contact.frist_name }}", known_names())
    assert (problem.line, problem.column) == (2, 5)
    assert problem.message == "There is no merge field “contact.frist_name”. Did you mean {{ contact.first_name }}?"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("first_name", "contact.first_name"),
        ("contact.ShopCity", "contact.shop_city"),
        ("unsubscribe", "unsubscribe_url"),
    ],
)
def test_suggests_the_nearest_name(wrong: str, right: str) -> None:
    (problem,) = check(f"{{{{ {wrong} }}}}", known_names(["shop_city"]))
    assert f"Did you mean {{{{ {right} }}}}" in problem.message


@given(st.text(alphabet=st.sampled_from("{}%|:\"' \nab.é"), max_size=120))
def test_never_fails_otherwise_than_by_problems(source: str) -> None:
    for problem in check(source, known_names()):
        assert problem.line >= 1 and problem.column >= 1


def test_a_huge_source_is_read_in_time() -> None:
    assert len(check("{{ x " * 100_000)) <= 50
    assert len(check("{{ a }}" * 100_000, known_names())) == 50


def test_two_thousand_names_that_there_are_not_take_no_time() -> None:
    known = known_names(f"field_number_{n}" for n in range(300))
    began = time.process_time()
    problems = check("".join(f"{{{{ contact.feild_numbr_{n} }}}}" for n in range(1_900)), known)
    assert time.process_time() - began < 2
    assert len(problems) == 50 and all("Did you mean {{ contact.field_number_" in each.message for each in problems)
