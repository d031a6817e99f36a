"""The text format that Prometheus reads: what the specification's own rules ask for."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.exposition import Family, text

SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z]+)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"\})? (\S+)\n\Z')


def test_help_kind_and_samples_in_order() -> None:
    family = Family("mail_total", "counter", "All\nmail \\ ever.")
    family.add(3, provider="Gmail")
    family.add(2.5, provider='a "b" \\ c\n')
    assert text([family, Family("empty", "gauge", "Nothing.")]) == (
        "# HELP mail_total All\\nmail \\\\ ever.\n"
        "# TYPE mail_total counter\n"
        'mail_total{provider="Gmail"} 3\n'
        'mail_total{provider="a \\"b\\" \\\\ c\\n"} 2.5\n'
    )


def test_numbers_that_are_none() -> None:
    family = Family("odd", "gauge", "Odd.")
    for value in (math.nan, math.inf, -math.inf):
        family.add(value)
    assert [line.split()[1] for line in text([family]).splitlines()[2:]] == ["NaN", "+Inf", "-Inf"]


@pytest.mark.parametrize(
    ("name", "kind"), [("1st", "gauge"), ("mail-total", "gauge"), ("mail", "graph"), ("a\n", "gauge")]
)
def test_no_metric(name: str, kind: str) -> None:
    with pytest.raises(ValueError, match="no metric"):
        Family(name, kind, "")


def test_no_label() -> None:
    with pytest.raises(ValueError, match="no label"):
        Family("mail", "gauge", "").add(1, **{"a-b": "c"})


@given(st.text(st.characters(codec="utf-8")), st.floats())
def test_any_label_and_value_are_one_line_that_says_them(label: str, value: float) -> None:
    family = Family("mail", "gauge", "Mail.")
    family.add(value, provider=label)
    line = text([family]).split("\n", 2)[2]
    found = SAMPLE.match(line)
    assert found is not None
    said = re.sub(r"\\(.)", lambda sign: "\n" if sign[1] == "n" else sign[1], found[3])
    assert said == label
    assert float(found[4].replace("Inf", "inf")) == value or math.isnan(value)
