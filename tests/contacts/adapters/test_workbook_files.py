"""A workbook that is written while it is sent: others read it, nothing in it is a formula, and it waits for nobody."""

import io
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from contacts.adapters import export_files, workbook_files
from contacts.importing import workbooks
from tests.contacts.adapters.test_export_files import HOSTILE


def written(header, pieces):
    return b"".join(workbook_files.workbook_bytes(header, pieces))


def read(header, pieces):
    return load_workbook(io.BytesIO(written(header, pieces)))


def test_it_holds_words_and_no_formulas():
    book = read(["=Name"], [[HOSTILE]])
    head, row = list(book["People"].iter_rows())
    assert head[0].value == "'=Name"
    assert all(cell.data_type != "f" for cell in row)
    values = [cell.value for cell in row]
    assert values[0] == "'=1+1"
    assert values[9:12] == ["Zoë 😀", "شيرين", "ab"]
    assert values[12:14] == ['quoted "word", and; more', "two\nlines"]
    assert values[-4:] == [-5, 1.5, True, str(10**20)]
    assert book["People"].freeze_panes == "A2"


def test_what_xml_means_otherwise_is_written_as_it_is():
    cells = ["<b>&amp;</b>", "]]>", " spaces ", "a\uffffb"]
    assert [cell.value for cell in read(["N"], [[cells]]).active[2]] == [*cells[:3], "ab"]


def test_it_begins_before_the_people_are_read():
    read_so_far = []

    def pieces():
        for n in range(3):
            read_so_far.append(n)
            yield [[f"p{n}"] * 50] * 200

    stream = workbook_files.workbook_bytes(["N"], pieces())
    first = next(stream)
    assert first.startswith(b"PK")
    assert read_so_far == [0, 1], "one piece ahead"
    assert len(load_workbook(io.BytesIO(first + b"".join(stream))).active["A"]) == 601


def test_a_full_sheet_is_followed_by_another(monkeypatch):
    monkeypatch.setattr(workbook_files, "SHEET_ROWS", 2)
    book = read(["N"], [[[1], [2]], [], [[3]]])
    assert book.sheetnames == ["People", "People 2"]
    assert [[cell.value for cell in row] for row in book["People 2"].iter_rows()] == [["N"], [3]]
    assert read(["N"], [[[1], [2]]]).sheetnames == ["People"]
    assert read(["N"], [[[n] for n in range(5)]]).sheetnames == ["People", "People 2", "People 3"]


def test_so_is_one_that_a_zip_could_not_hold(monkeypatch):
    monkeypatch.setattr(workbook_files, "SHEET_BYTES", 10)
    assert read(["N"], [[["a"]], [["b"]]]).sheetnames == ["People", "People 2"]


def test_nobody_is_a_sheet_with_a_header():
    assert [[cell.value for cell in row] for row in read(["N"], []).active.iter_rows()] == [["N"]]


def test_a_long_text_is_cut():
    assert len(read(["N"], [[["x" * 40_000]]]).active["A2"].value) == workbook_files.MAX_CELL


def test_columns_by_their_letters():
    wide = list(range(1, 760))
    (_, row) = read([str(n) for n in wide], [[wide]]).active.iter_rows(values_only=True)
    assert list(row) == wide


@settings(max_examples=100)
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=5))
def test_whatever_the_text_it_can_be_read(rows):
    with zipfile.ZipFile(io.BytesIO(written(["a", "b"], [rows]))) as book:
        assert book.testzip() is None
    found = list(read(["a", "b"], [rows]).active.iter_rows(min_row=2, values_only=True, max_col=2))
    for given_row, row in zip(rows, found, strict=False):
        for before, after in zip(given_row, row, strict=True):
            due = export_files.safe(before).replace("\r\n", "\n").replace("\r", "\n")
            assert (after or "") == due


def test_we_read_it_ourselves(tmp_path):
    path = tmp_path / "people.xlsx"
    path.write_bytes(written(["Email", "City"], [[["ann@post.example", "Oslo"]], [["bob@post.example", None]]]))
    part = workbooks.table(path, "people.xlsx")
    assert part.header == ("Email", "City")
    assert list(part.rows()) == [["ann@post.example", "Oslo"], ["bob@post.example"]]
