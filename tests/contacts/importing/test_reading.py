"""Reading tables: whatever the file holds, every good row comes out, every bad one is named by its line."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.importing import reading
from contacts.importing.reading import Record, Trouble


def read(text, separator=","):
    return list(reading.records(io.StringIO(text, newline=""), separator))


def test_rows_come_with_the_number_of_their_first_line():
    assert read('a,b\r\n\r\n"x\ny",2\n3,4') == [
        Record(1, ["a", "b"]),
        Record(3, ["x\ny", "2"]),
        Record(5, ["3", "4"]),
    ]


def test_old_line_ends_are_line_ends():
    assert read("a,b\rc,d\r") == [Record(1, ["a", "b"]), Record(2, ["c", "d"])]


def test_a_quote_that_never_closes_costs_its_own_line_only():
    rows = read('a,b\n"ann,1\nbob,2\ncid,3\n')
    assert rows[0] == Record(1, ["a", "b"])
    assert (rows[1].line, rows[1].text) == (2, '"ann,1')
    assert "does not close" in rows[1].why
    assert rows[2:] == [Record(3, ["bob", "2"]), Record(4, ["cid", "3"])]


def test_a_quote_open_over_many_lines_costs_its_own_line_only():
    lines = [f"p{i},x" for i in range(reading.MAX_RECORD_LINES * 2)]
    rows = read('"open,x\n' + "\n".join(lines) + '\nlast,"y"\n')
    assert [row.line for row in rows if isinstance(row, Trouble)] == [1]
    assert [row.cells[0] for row in rows if isinstance(row, Record)] == [
        *(line.split(",")[0] for line in lines),
        "last",
    ]


class LongLine(io.RawIOBase):
    """Fifty million characters without a line end, made as they are asked for."""

    def __init__(self, size):
        self.pieces = iter([b"a,b\n", *[b"x" * 8192] * (size // 8192), b"\n", b"bob,2\n"])

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = next(self.pieces, b"")
        buffer[: len(piece)] = piece
        return len(piece)


def long_line(size):
    return io.TextIOWrapper(io.BufferedReader(LongLine(size)), encoding="utf-8", newline="")


def test_a_line_of_fifty_megabytes_is_one_bad_row_in_constant_memory():
    tracemalloc.start()
    rows = list(reading.records(long_line(50_000_000), ","))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [row.line for row in rows] == [1, 2, 3]
    assert "longer than 256 KB" in rows[1].why
    assert rows[2] == Record(3, ["bob", "2"])
    assert peak < 8_000_000


def test_a_long_line_inside_of_an_open_quote_loses_no_other_row():
    rows = read('a,b\n"open\nbob,2\n' + "x" * (reading.MAX_LINE + 10) + "\ncid,3\n")
    assert [row.line for row in rows if isinstance(row, Trouble)] == [2, 4]
    assert [row.cells for row in rows if isinstance(row, Record)] == [["a", "b"], ["bob", "2"], ["cid", "3"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\x00b,c\n", "NUL"),
        (",".join("x" * (reading.MAX_COLUMNS + 1)) + "\n", "columns"),
        ("x" * (reading.MAX_CELL + 1) + ",y\n", "cell is longer"),
    ],
)
def test_a_row_over_a_limit_says_so(text, words):
    (row,) = read(text)
    assert isinstance(row, Trouble)
    assert words in row.why
    assert "\x00" not in row.text
    assert len(row.text) <= reading.KEPT


def test_skipped_lines_keep_their_numbers():
    rows = list(reading.records(io.StringIO("sep=;\na;b\n", newline=""), ";", skip=1))
    assert rows == [Record(2, ["a", "b"])]


@given(st.text(alphabet='ab,"\n\r;\x00 ', max_size=60))
def test_any_text_is_read_without_a_crash_or_a_lost_line(text):
    rows = read(text)
    assert len({row.line for row in rows}) == len(rows), "a line is the first of one row only"
    for row in rows:
        assert row.line >= 1


@given(st.text(alphabet='ab,"\n\r;\x00 é', max_size=80), st.integers(1, 12))
def test_blocks_of_any_size_read_like_one_line_at_a_time(text, size):
    """The quick way and the careful way say the same, wherever a block ends."""
    before = reading.BLOCK
    try:
        reading.BLOCK = size
        in_blocks = read(text)
    finally:
        reading.BLOCK = before
    careful = reading._Lines(io.StringIO(text, newline=""))
    careful.hand_back(text, 0)
    careful._file = io.StringIO("")
    assert in_blocks == read(text) == list(reading._carefully(careful, ","))


@given(st.lists(st.lists(st.text('ab,"\n\r; é', max_size=5), min_size=2, max_size=4), max_size=6))
def test_what_a_writer_writes_is_read_back(rows):
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    assert [row.cells for row in read(buffer.getvalue())] == [row for row in rows if any(cell.strip() for cell in row)]


def test_rows_of_empty_cells_are_no_rows():
    assert read("a,b\n,,,\n , \n\n,x\n") == [Record(1, ["a", "b"]), Record(5, ["", "x"])]
    assert read('a,b\n"",\n"x\ny",\n"open,\n')[:2] == [Record(1, ["a", "b"]), Record(3, ["x\ny", ""])]


def test_quotes_without_end_are_read_in_reasonable_time():
    text = '"a\n' + "b\n" * 150_000
    rows = read(text)
    assert sum(isinstance(row, Trouble) for row in rows) == 1
    text = '"a"b\n' * 50_000 + '"'
    assert len(read(text)) == 50_001


def test_a_file_of_both_encodings_is_read_line_by_line(tmp_path):
    path = tmp_path / "people.csv"
    path.write_bytes("Jürgen,Köln\n".encode() * 3 + "Jürgen,Köln\n".encode("cp1252") + "Łukasz,Łódź\n".encode())
    with reading.opened(path, reading.MIXED) as file:
        rows = [row.cells for row in reading.records(file, ",")]
    assert rows == [["Jürgen", "Köln"]] * 4 + [["Łukasz", "Łódź"]]


@pytest.mark.parametrize("change", [lambda path: path.write_text("c,d\n" * 11), lambda path: path.unlink()])
def test_a_file_that_changes_or_goes_while_it_is_read_is_refused(tmp_path, change):
    path = tmp_path / "people.csv"
    path.write_text("a,b\n" * 10)

    def read_on():
        with reading.opened(path, "utf-8") as file:
            for _ in reading.records(file, ","):
                change(path) if path.exists() else None

    with pytest.raises(reading.Unreadable, match="changed while"):
        read_on()


@given(st.text(max_size=40), st.text(max_size=40), st.integers(1, 10**9))
def test_a_trouble_survives_being_written(why, text, line):
    why, text = why.replace("\ufdd0", ""), text.replace("\ufdd0", "")
    (cell,) = reading.marked(Trouble(1, why, text))
    assert reading.unmarked(line, cell) == Trouble(line, why, text)
    assert reading.unmarked(line, text) is None
