"""What kind of file it is: encodings, separators, headers."""

import pytest

from contacts.importing import sniffing
from contacts.importing.reading import Unreadable

ROWS = "E-Mail;Vorname;Stadt\njürgen@example.org;Jürgen;Köln\nann@example.org;Ann;Zürich\n"


@pytest.fixture
def kept(tmp_path):
    def keep(data):
        path = tmp_path / "people.csv"
        path.write_bytes(data)
        return path

    return keep


@pytest.mark.parametrize(
    ("encoded", "encoding"),
    [
        (ROWS.encode(), "utf-8"),
        (ROWS.encode("utf-8-sig"), "utf-8-sig"),
        (ROWS.encode("utf-16"), "utf-16"),
        (ROWS.encode("utf-16-le"), "utf-16-le"),
        (ROWS.encode("utf-16-be"), "utf-16-be"),
        (ROWS.encode("cp1252"), "cp1252"),
        (b"email\n" + b"a@example.org\n" * 100_000 + "Köln".encode("cp1252"), "cp1252"),
        (b"email\n" + b"a@example.org\n" * 100_000 + "Köln".encode(), "utf-8"),
    ],
)
def test_the_encoding_is_found_in_the_whole_file(kept, encoded, encoding):
    assert sniffing.encoding_of(kept(encoded)) == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_same_rows_come_out_of_every_encoding(kept, encoding):
    seen = sniffing.glimpse(kept(ROWS.encode(encoding)))
    assert seen.header == ("E-Mail", "Vorname", "Stadt")
    assert seen.rows[0] == ("jürgen@example.org", "Jürgen", "Köln")
    assert (seen.layout.separator, seen.layout.has_header) == (";", True)


def test_a_letter_cut_by_the_block_is_no_mistake(kept, monkeypatch):
    monkeypatch.setattr(sniffing, "BLOCK", 7)
    assert sniffing.encoding_of(kept("aaaaaaéé".encode() * 50)) == "utf-8"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_makes_equal_rows(separator):
    text = "\n".join(
        separator.join(row)
        for row in [["email", "name", "note"], ["a@b.example", "Lee", "x"], ["c@d.example", "Fox", ""]]
    )
    assert sniffing.separator_of(text) == separator


def test_commas_within_cells_do_not_win():
    assert sniffing.separator_of("email;name\na@b.example;Lee, Ann\nc@d.example;Fox, Bob\n") == ";"


def test_excels_own_line_names_the_separator(kept):
    seen = sniffing.glimpse(kept(b"sep=;\nemail;name\na,b@example.org;Ann\n"))
    assert (seen.layout.separator, seen.layout.preamble) == (";", 1)
    assert seen.header == ("email", "name")


@pytest.mark.parametrize(
    ("text", "has_header"),
    [
        ("email\na@b.example\n", True),
        ("a@b.example\nc@d.example\n", False),
        ("a@b.example,Ann\n", False),
        ("Anything,Else\na@b.example,Ann\n", True),
        ("name,town\nAnn,Rome\n", True),
        ("1,2\n3,4\n", False),
    ],
)
def test_a_header_is_told_from_people(kept, text, has_header):
    assert sniffing.glimpse(kept(text.encode())).layout.has_header is has_header


def test_columns_have_distinct_names(kept):
    seen = sniffing.glimpse(kept(b"email,Name,name,,Name\na@b.example,1,2,3,4\n"))
    assert seen.header == ("email", "Name", "name (2)", "Column 4", "Name (3)")
    assert len(set(sniffing.column_names(("a", "a (2)", "a"), 3))) == 3


def test_a_file_without_a_header_gets_names(kept):
    assert sniffing.glimpse(kept(b"a@b.example,Ann\n")).header == ("Column 1", "Column 2")


@pytest.mark.parametrize("data", [b"", b"\n\r\n \n", b"email,name\n", b"\xef\xbb\xbf"])
def test_a_file_without_people_is_refused(kept, data):
    with pytest.raises(Unreadable):
        sniffing.glimpse(kept(data))


def test_both_encodings_in_one_file_are_told_from_one(kept):
    mixed = (
        ROWS.encode() + "łukasz@example.org;Łukasz;Łódź\n".encode() + "zoe@example.org;Zoë;Zürich\n".encode("cp1252")
    )
    seen = sniffing.glimpse(kept(mixed))
    assert seen.layout.encoding == "mixed"
    assert seen.notes == (sniffing.MIXED_WORDS,)
    assert [row[1] for row in seen.rows] == ["Jürgen", "Ann", "Łukasz", "Zoë"]
    windows = (
        "a;b\n" + "CAFÉ»;é\n" + "Zoë;x\n" * 30
    )  # É» in Windows' letters is a letter of UTF-8, once in thirty lines
    assert sniffing.encoding_of(kept(windows.encode("cp1252"))) == "cp1252"


def test_too_many_columns_say_what_to_do(kept):
    wide = ",".join(["email", *(f"field {i}" for i in range(10_000))])
    with pytest.raises(Unreadable, match=r"10,001 cells; more than 200 columns.*Delete the columns"):
        sniffing.glimpse(kept(f"{wide}\nann@example.org,1\n".encode()))
    with pytest.raises(Unreadable, match="more than 200 columns"):
        sniffing.glimpse(kept((wide.replace("email", "ann@example.org") + "\n").encode() * 3))


def test_one_row_of_too_many_cells_is_its_own_trouble(kept):
    seen = sniffing.glimpse(kept(b"email,name\nann@example.org,Ann\n" + b"x," * 300 + b"\nbob@example.org,Bob\n"))
    assert len(seen.rows) == 2


def test_a_known_layout_is_not_guessed(kept):
    layout = sniffing.Layout("utf-8", ",", has_header=True)
    seen = sniffing.glimpse(kept(b"a;b@example.org,c\nd;e,f\n"), layout)
    assert seen.header == ("a;b@example.org", "c")


def test_names_of_columns_in_any_script_are_kept(kept):
    seen = sniffing.glimpse(kept("メールアドレス,氏名,氏名\nann@example.org,Ann,x\n".encode()))
    assert seen.header == ("メールアドレス", "氏名", "氏名 (2)")
