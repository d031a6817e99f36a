"""The file of bad rows: it can be mended and imported again, and no spreadsheet runs anything in it."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.importing import rejects


def test_the_file_names_line_reason_and_cells():
    text = "".join(
        rejects.lines(["Email", "City"], [("people.csv", 7, "There is no @ in the address.", '["ann", "Köln, Süd"]')])
    )
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        ["File", "Line", "What is wrong", "Email", "City"],
        ["people.csv", "7", "There is no @ in the address.", "ann", "Köln, Süd"],
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "  =1", "＝1"])
def test_formulas_are_text(cell):
    assert rejects.safe(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["-3", "+4915112345", "-1.5", "ann@example.org", "", "a=b"])
def test_harmless_cells_stay(cell):
    assert rejects.safe(cell) == cell


@given(st.lists(st.text(max_size=10), max_size=5))
def test_any_row_can_be_written(cells):
    cells = [cell.replace("\x00", "") for cell in cells]
    text = "".join(rejects.lines(["a"], [("p.csv", 1, "bad", json.dumps(cells))]))
    assert not any(cell.startswith(("=", "@")) for row in csv.reader(io.StringIO(text, newline="")) for cell in row)


@pytest.mark.parametrize("raw", ["", "not json", '"text"', "[1, null]"])
def test_a_raw_row_of_any_shape_can_be_written(raw):
    assert all(isinstance(cell, str) for cell in rejects.cells_of(raw))
