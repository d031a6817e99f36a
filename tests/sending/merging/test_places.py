"""Where an address leads is said in it once and whole, whichever of its conditions are met."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.merging import beginnings, compile_plan, merge

FIXED = "https://x.example/"


@pytest.mark.parametrize(
    ("address", "ways"),
    [
        (FIXED, [FIXED]),
        (FIXED + "{{ contact.a }}/id:3", [FIXED]),
        ("{{ contact.a }}", []),
        ("{% if contact.a %}https://x/1{% else %}https://x/2{% endif %}", ["https://x/1", "https://x/2"]),
        ("https{% if contact.a %}://a{% else %}://b{% endif %}", ["https", "https://a", "https://b"]),
        ("java{% if contact.a %}script:{% endif %}1", ["java", "javascript:", "java1"]),
        (
            "{% if contact.a %}https://x/{% else %}javascript{% endif %}:1",
            ["https://x/", "javascript", ":1", "javascript:1"],
        ),
    ],
)
def test_the_ways_in_which_an_address_can_begin(address: str, ways: list[str]) -> None:
    assert beginnings(address) == ways


PIECES = ["java", "script", ":", "https", "https://x/", "?", "#", "/", "1", " "]
MARKS = [
    *(
        "{{ contact.a }}",
        "{% if contact.a %}",
        "{% if contact.b %}",
        "{% else %}",
        "{% elsif contact.b %}",
        "{% endif %}",
    ),
    *("{% unless contact.b %}", "{% endunless %}", "{% for i in (1..2) %}", "{% if forloop.first %}", "{% endfor %}"),
]


@given(st.lists(st.sampled_from(PIECES + MARKS), max_size=12).map("".join))
def test_whatever_is_merged_begins_in_one_of_these_ways(address: str) -> None:
    """Soundness: a scheme that somebody's mail comes to have is the scheme of one of the ways."""
    told = {way.strip().partition(":")[0] for way in beginnings(address) if ":" in way}
    try:
        plan = compile_plan("", f'<a href="{address}">x</a>', "", track_links=False, track_opens=False)
    except ValueError:
        return
    for a in (None, "script", "x"):
        for b in (None, "y"):
            made = merge(plan, {"contact.a": a, "contact.b": b}).html.split('"')[1].strip()
            scheme = made.partition(":")[0]
            if ":" in made and scheme.isalpha():
                assert scheme in told or any("field" in each for each in told), (address, made, told)


def test_many_conditions_take_no_time() -> None:
    began = time.process_time()
    beginnings("{% if contact.a %}j{% endif %}" * 600 + ":x")
    assert time.process_time() - began < 1
