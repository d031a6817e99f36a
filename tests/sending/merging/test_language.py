"""The merge language: what it reads, and the sentences for what it cannot read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.merging import MergeError, check, expressions, known_names


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
    (found,) = expressions(source)
    assert (found.name, found.default) == (name, default)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ }}", "This merge field is empty"),
        ("a\n b {{ contact.x", "has no }}"),
        ("{{ 5 }}", "is not a name"),
        ("{{ contact.x y }}", "is not understood"),
        ("{{ contact.x | upcase }}", "There is no filter “upcase”"),
        ("{{ contact.x | default: there }}", "must stand in quotes"),
        ("{% if x %}", "Tags such as"),
        ("{{ " + "x" * 600 + " }}", "has no }}"),
    ],
)
def test_says_what_is_wrong(source: str, words: str) -> None:
    with pytest.raises(MergeError) as caught:
        expressions(source)
    assert words in caught.value.problems[0].message


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
