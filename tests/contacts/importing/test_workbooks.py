"""Workbooks: cells as a person sees them, sheets of any making, and XML that was made to hurt."""

import datetime
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.importing import reading, workbooks
from contacts.importing.reading import Unreadable

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
BOOK = f"""<workbook {MAIN} xmlns:r="r"><workbookPr{{attributes}}/><sheets>{{sheets}}</sheets></workbook>"""
STYLES = f"""<styleSheet {MAIN}><numFmts><numFmt numFmtId="170" formatCode="dd\\.mm\\.yyyy;@"/>
<numFmt numFmtId="171" formatCode="[$-409]#,##0.00 &quot;days&quot;"/></numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="22"/></cellXfs></styleSheet>"""


def made(path, *sheets, strings="", attributes="", prefix=""):
    """A workbook of these sheets' rows in XML, whose parts are named by the program that wrote it."""
    names = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in range(1, len(sheets) + 1))
    links = "".join(f'<Relationship Id="r{n}" Target="worksheets/s{n}.xml"/>' for n in range(1, len(sheets) + 1))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", BOOK.format(sheets=names, attributes=attributes))
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{links}</Relationships>")
        archive.writestr("xl/styles.xml", STYLES)
        if strings:
            archive.writestr("xl/sharedStrings.xml", f"<sst {MAIN}>{strings}</sst>")
        for n, rows in enumerate(sheets, 1):
            archive.writestr(f"xl/worksheets/s{n}.xml", rows if rows.startswith("<?") else sheet(rows, prefix))
    return path


def sheet(rows, prefix=""):
    colon = f"{prefix}:" if prefix else ""
    space = MAIN.replace("xmlns", f"xmlns:{prefix}") if prefix else MAIN
    return f"<{colon}worksheet {space}><{colon}sheetData>{rows}</{colon}sheetData></{colon}worksheet>"


def read(path):
    part = workbooks.table(path, path.name)
    return None if part is None else (part.header, list(part.rows()))


def cell(text, place="", kind="inlineStr"):
    return (
        f'<c r="{place}" t="{kind}"><is><t>{text}</t></is></c>'
        if place
        else f'<c t="{kind}"><is><t>{text}</t></is></c>'
    )


def row(*texts):
    return "<row>" + "".join(map(cell, texts)) + "</row>"


def test_a_workbook_of_another_hand_is_read_as_a_person_sees_it(tmp_path):
    book = openpyxl.Workbook()
    page = book.active
    page.append(["email", "name", "joined", "seen", "visits", "rate", "vip", "sum", "when"])
    page.append(
        ["ann@example.org", " Zoë 🎉 ", datetime.date(2020, 2, 29), datetime.datetime(2021, 5, 6, 7, 8, 9), 12, 0.1 + 0.2, True,
         "=1+1", datetime.time(9, 30)]
    )  # fmt: skip
    page.append([])
    page.append(["bob@example.org", None, None, None, 4_912_345_678_901, 1234.5, False, None, None])
    book.save(tmp_path / "book.xlsx")
    assert read(tmp_path / "book.xlsx") == (
        ("email", "name", "joined", "seen", "visits", "rate", "vip", "sum", "when"),
        [
            [
                "ann@example.org",
                " Zoë 🎉 ",
                "2020-02-29",
                "2021-05-06 07:08:09",
                "12",
                "0.3",
                "yes",
                "=1+1",
                "09:30:00",
            ],
            ["bob@example.org", "", "", "", "4912345678901", "1234.5", "no"],
        ],
    )


def test_a_formula_shows_its_last_result_and_an_error_nothing(tmp_path):
    rows = row("email", "a", "b", "c") + (
        '<row><c t="str"><f>A1&amp;"x"</f><v>ann@example.org</v></c><c><f>SUM(A1)</f><v>7</v></c>'
        '<c t="e"><f>1/0</f><v>#DIV/0!</v></c><c><f>HYPERLINK("http://x")</f></c></row>'
    )
    assert read(made(tmp_path / "b.xlsx", rows))[1] == [["ann@example.org", "7", "", '=HYPERLINK("http://x")']]


def test_dates_are_known_by_their_style_and_by_the_books_first_day(tmp_path):
    rows = row("email", "a", "b", "c", "d") + (
        f'<row>{cell("ann@example.org")}<c s="1"><v>44197</v></c><c s="2"><v>44197</v></c><c s="3"><v>44197</v></c>'
        '<c s="4"><v>44197.5</v></c></row>'
    )
    assert read(made(tmp_path / "a.xlsx", rows))[1][0][1:] == [
        "2021-01-01",
        "2021-01-01",
        "44197",
        "2021-01-01 12:00:00",
    ]
    mac = made(tmp_path / "b.xlsx", rows, attributes=' date1904="1"')
    assert read(mac)[1][0][1] == "2025-01-02"


def test_strings_in_pieces_and_with_phonetics_are_whole(tmp_path):
    strings = (
        "<si><t>email</t></si><si><r><t>Zo</t></r><r><t>ë</t></r></si>"
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si><si><t>ann@example.org</t></si>"
    )
    cells = [f'<row><c t="s"><v>{a}</v></c><c t="s"><v>{b}</v></c></row>' for a, b in [(0, 2), (3, 1)]]
    assert read(made(tmp_path / "b.xlsx", "".join(cells), strings=strings)) == (
        ("email", "東京"),
        [["ann@example.org", "Zoë"]],
    )


def test_the_first_sheet_with_people_is_read_and_the_others_are_named(tmp_path):
    path = made(
        tmp_path / "b.xlsx",
        "",
        row("email"),
        row("email") + row("ann@example.org"),
        row("email") + row("b@example.org"),
    )
    part = workbooks.table(path, "b.xlsx")
    assert list(part.rows()) == [["ann@example.org"]]
    assert part.notes == ("The workbook has 4 sheets. Only the first with people in it was read: “S3”.",)
    assert workbooks.table(made(tmp_path / "c.xlsx", "", ""), "c.xlsx") is None


def test_a_title_above_the_table_is_no_row(tmp_path):
    rows = row("Members of the club", "") + row("As of today") + row("email", "name") + row("ann@example.org", "Ann")
    part = workbooks.table(made(tmp_path / "b.xlsx", rows), "b.xlsx")
    assert (part.header, list(part.rows())) == (("email", "name"), [["ann@example.org", "Ann"]])
    assert part.notes == ("What stands above the table was left out (2 lines).",)
    addresses = "".join(row(f"p{i}@example.org") for i in range(3))
    assert len(read(made(tmp_path / "c.xlsx", addresses))[1]) == 3


def test_hidden_sheets_are_left_alone(tmp_path):
    path = made(tmp_path / "b.xlsx", row("email") + row("old@example.org"), row("email") + row("ann@example.org"))
    hidden = tmp_path / "c.xlsx"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(hidden, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, archive.read(name).replace(b'sheetId="1"', b'sheetId="1" state="hidden"'))
    assert read(hidden)[1] == [["ann@example.org"]]


def test_any_prefix_and_gaps_between_cells(tmp_path):
    rows = (
        '<x:row><x:c r="A1" t="inlineStr"><x:is><x:t>email</x:t></x:is></x:c><x:c r="C1" t="str"><x:v>size</x:v></x:c></x:row>'
        '<x:row r="9"><x:c r="C9"><x:v>5</x:v></x:c></x:row>'
    )
    assert read(made(tmp_path / "b.xlsx", rows, prefix="x")) == (("email", "Column 2", "size"), [["", "", "5"]])


def test_empty_cells_to_the_last_column_are_no_columns_but_words_there_are(tmp_path):
    wide = "<row>" + cell("email", "A1") + '<c r="XFD1" s="1"/></row>' + row("ann@example.org")
    assert read(made(tmp_path / "a.xlsx", wide)) == (("email",), [["ann@example.org"]])
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet()
    page.append(["email", *(f"f{i}" for i in range(16_383))])
    page.append(["ann@example.org"])
    book.save(tmp_path / "b.xlsx")
    with pytest.raises(Unreadable, match=r"beyond column 200.*Delete the columns that you do not need"):
        read(tmp_path / "b.xlsx")


BILLION = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet><sheetData/></worksheet>'


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (BILLION, "parts that no workbook has"),
        ("<row><c t='s'><v>99</v></c></row>", "damaged"),
        ("<row><c t='s'><v>-1</v></c></row>", "damaged"),
        ("<row><c t='s'><v>x</v></c></row>", "damaged"),
        ("<row><c r='ÄÖ1'><v>1</v></c></row>", "damaged"),
        ("<row><c r='AAAAA1'><v>1</v></c></row>", "damaged"),
        ("<row><c><v>1</v></row>", "damaged"),
        ("<row>" * 50_000, "damaged"),
    ],
)
def test_xml_that_is_made_to_hurt_is_refused(tmp_path, rows, words):
    with pytest.raises(Unreadable, match=words):
        read(made(tmp_path / "b.xlsx", rows, strings="<si><t>email</t></si>"))


def test_a_workbook_without_its_sheet_is_nobody(tmp_path):
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", BOOK.format(sheets='<sheet name="S" r:id="r1"/>', attributes=""))
    assert workbooks.table(path, "b.xlsx") is None


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("12", "12"), ("0012", "0012"), ("4.912345E+10", "49123450000"), ("1E400", "1E400"), ("nan", "nan"), ("-7.5", "-7.5"),
     ("0.1", "0.1"), ("1e-7", "1e-07"), ("x", "x")],
)  # fmt: skip
def test_numbers_as_they_are_shown(raw, shown):
    assert workbooks._as_number(raw) == shown


TAGS = st.sampled_from(["row", "c", "v", "is", "t", "f", "rPh", "sheetData", "x"])
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["r", "s", "t"]),
    st.sampled_from([*"A1 C2 XFD1 1 -1 9999999999 s b e d n str é".split(), ""]),
)


@st.composite
def xml(draw, depth=0):
    tag, attributes = draw(TAGS), draw(ATTRIBUTES)
    inside = "".join(
        draw(xml(depth=depth + 1))
        if depth < 3 and draw(st.booleans())
        else draw(st.sampled_from(["", "0", "1e9", "44197.5", "é@x.org"]))
        for _ in range(draw(st.integers(0, 3)))
    )
    return f"<{tag} {' '.join(f'{key}={value!r}' for key, value in attributes.items())}>{inside}</{tag}>"


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(xml(), max_size=4))
def test_any_xml_is_rows_or_a_sentence(tmp_path, rows):
    path = made(tmp_path / "b.xlsx", "".join(rows), strings="<si><t>email</t></si><si><t>ann@example.org</t></si>")
    try:
        found = read(path)
    except Unreadable:
        return
    assert found is None or all(len(one) <= reading.MAX_COLUMNS for one in found[1])
