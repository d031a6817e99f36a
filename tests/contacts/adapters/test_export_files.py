"""Files that spreadsheets open: nothing in them becomes a formula, nothing of a name is lost."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

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


def test_a_workbook_holds_words_and_no_formulas():
    book = load_workbook(io.BytesIO(b"".join(export_files.workbook_bytes(["=Name"], [[HOSTILE]]))))
    head, row = list(book["People"].iter_rows())
    assert head[0].value == "'=Name"
    assert all(cell.data_type != "f" for cell in row)
    values = [cell.value for cell in row]
    assert values[0] == "'=1+1"
    assert values[9:12] == ["Zoë 😀", "شيرين", "ab"]
    assert values[-4:] == [-5, 1.5, True, str(10**20)]


def test_a_full_sheet_is_followed_by_another(monkeypatch):
    monkeypatch.setattr(export_files, "SHEET_ROWS", 2)
    pieces = [[[1], [2]], [], [[3]]]
    book = load_workbook(io.BytesIO(b"".join(export_files.workbook_bytes(["N"], pieces))))
    assert book.sheetnames == ["People", "People 2"]
    assert [[cell.value for cell in row] for row in book["People 2"].iter_rows()] == [["N"], [3]]


def test_a_long_text_is_cut_in_a_workbook_only():
    long = "x" * 40_000
    book = load_workbook(io.BytesIO(b"".join(export_files.workbook_bytes(["N"], [[[long]]]))))
    assert len(book.active["A2"].value) == export_files.MAX_CELL
    assert read_csv("".join(export_files.csv_lines(["N"], [[[long]]])))[1] == [long]


@settings(max_examples=200)
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=5))
def test_whatever_the_text_a_row_stays_a_row(rows):
    found = read_csv("".join(export_files.csv_lines(["a", "b"], [rows])))
    assert len(found) == len(rows) + 1
    for given_row, row in zip(rows, found[1:], strict=True):
        for before, after in zip(given_row, row, strict=True):
            assert not after or after[0] not in export_files.FORMULA
            assert after.removeprefix("'") in (
                export_files.ILLEGAL_CHARACTERS_RE.sub("", before),
                before.removeprefix("'"),
            )
