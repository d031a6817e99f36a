"""A CSV file that spreadsheets open: nothing in it becomes a formula, nothing of a name is lost."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.adapters import export_files

HOSTILE = [
    "=1+1",
    "+49 30 1234",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    '=HYPERLINK("http://evil.example")',
    "Zoë 😀",
    "شيرين",
    "a\x00b",
    'quoted "word", and; more',
    "two\nlines",
    "",
    None,
    -5,
    1.5,
    True,
    10**20,
]


def read_csv(text):
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


def test_csv_holds_words_and_no_formulas():
    (_, row) = read_csv("".join(export_files.csv_lines(["=Name"], [[HOSTILE]])))
    assert row[:9] == [f"'{cell}" for cell in HOSTILE[:9]]
    assert row[9:] == [
        "Zoë 😀",
        "شيرين",
        "ab",
        'quoted "word", and; more',
        "two\nlines",
        "",
        "",
        "-5",
        "1.5",
        "True",
        str(10**20),
    ]


@settings(max_examples=200)
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=5))
def test_whatever_the_text_a_row_stays_a_row(rows):
    found = read_csv("".join(export_files.csv_lines(["a", "b"], [rows])))
    assert len(found) == len(rows) + 1
    for given_row, row in zip(rows, found[1:], strict=True):
        for before, after in zip(given_row, row, strict=True):
            assert not after or after[0] not in export_files.FORMULA
            text = export_files.NO_CHARACTERS.sub("", before)
            assert after in (text, f"'{text}")
