"""Rows: a person, or every problem of the row in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.importing.judging import Bad, Column, Judge, Person
from contacts.importing.reading import Record, Trouble
from contacts.values import BadValue, FieldKind, read

FIELDS = [
    FieldKind("city", "City", "text"),
    FieldKind("visits", "Visits", "number"),
    FieldKind("joined", "Joined", "date", date_order="dmy"),
    FieldKind("vip", "VIP", "boolean"),
    FieldKind("size", "Size", "choice", ("S", "M")),
    FieldKind("site", "Site", "url"),
    FieldKind("seen", "Seen", "datetime", zone="Europe/Berlin"),
]
JUDGE = Judge(
    [Column(0, "email"), Column(1, "language"), *(Column(i + 2, "field", field) for i, field in enumerate(FIELDS))], 9
)


def judge(*cells):
    return JUDGE.judge(Record(7, list(cells)))


def test_a_row_becomes_a_person_with_typed_values():
    person = judge(
        " Ann@Example.org ",
        "pt_br",
        'say "hi"\n\\',
        "1.234,5",
        "29.02.2024",
        "JA",
        "m",
        "https://a.example",
        "2024-07-01 10:00",
    )
    assert person[:5] == (7, "Ann@example.org", "ann@example.org", "example.org", "pt-BR")
    assert json.loads(person.facts) == {
        "city": 'say "hi"\n\\',
        "visits": 1234.5,
        "joined": "2024-02-29",
        "vip": True,
        "size": "M",
        "site": "https://a.example",
        "seen": "2024-07-01T08:00:00Z",
    }


def test_empty_cells_are_no_values():
    assert judge("ann@example.org", *[""] * 8).facts == "{}"


def test_every_problem_of_a_row_is_named():
    bad = judge("nobody", "german!", "ok", "1,234", "31.02.2024", "maybe", "XL", "ftp://x", "soon")
    assert isinstance(bad, Bad)
    for words in [
        "There is no @",
        "Language:",
        "Visits: “1,234” could be",
        "Joined:",
        "VIP:",
        "Size:",
        "Site:",
        "Seen:",
    ]:
        assert words in bad.problem
    assert json.loads(bad.raw)[0] == "nobody"


@pytest.mark.parametrize("cells", [["ann@example.org"] * 11, []])
def test_a_wrong_number_of_cells_is_a_problem(cells):
    bad = JUDGE.judge(Record(3, cells))
    assert isinstance(bad, Bad)
    assert f"{len(cells)} cells" in bad.problem


def test_empty_cells_at_the_end_may_be_missing_or_too_many():
    assert isinstance(JUDGE.judge(Record(1, ["ann@example.org", "en"])), Person)
    assert isinstance(JUDGE.judge(Record(1, ["ann@example.org", *[""] * 12])), Person)


def test_a_trouble_stays_a_trouble():
    assert JUDGE.judge(Trouble(4, "Too long.", "xx")) == Bad(4, "Too long.", '["xx"]')


CELLS = st.text(max_size=20) | st.sampled_from(
    ["0", "-0", "007", "1.50", "1e5", "2024-01-01", "12.5", "999999999999999"]
)


@given(st.lists(CELLS.filter(lambda cell: "\x00" not in cell), min_size=9, max_size=9))
def test_any_row_is_a_person_or_bad(cells):
    judged = JUDGE.judge(Record(1, ["ann@example.org", *cells[1:]]))
    if isinstance(judged, Person):
        facts = json.loads(judged.facts)
        expected = {field.key: read(field, cell) for field, cell in zip(FIELDS, cells[2:], strict=True)}
        assert facts == {key: value for key, value in expected.items() if value is not None}
    else:
        failing = 0
        for field, cell in zip(FIELDS, cells[2:], strict=True):
            try:
                read(field, cell)
            except BadValue:
                failing += 1
        assert failing or "Language" in judged.problem
