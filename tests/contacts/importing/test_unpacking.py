"""Whatever is brought becomes one table or a sentence; the child that opens it has limits, and leaves nothing behind."""

import csv
import json
import os
import signal
import time
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.importing import archives, assembling, child, reading, sniffing, unpacking
from contacts.importing.reading import Unreadable
from tests.contacts.importing import exports

PEOPLE = "email,name\nann@example.org,Ann\nbob@example.org,Bob\n"


def table_of(source, name=""):
    target = source.parent / "table.csv"
    made = unpacking.unpack(source, target, file_name=name)
    with target.open(encoding="utf-8", newline="") as file:
        return made, list(csv.reader(file))


def zipped(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_files_of_a_zip_become_one_table_of_all_their_columns(tmp_path):
    source = zipped(
        tmp_path / "lists.zip",
        {
            "one.csv": PEOPLE,
            "sub/two.tsv": "Name\tE-mail\tCity\nCid\tcid@example.org\tKöln\n",
            "more.json": '[{"email": "dee@example.org", "city": "Oslo"}]',
            "empty.csv": "",
            "nobody.csv": "email,name\n",
            "logo.png": b"\x89PNG\r\n\x1a\n",
        },
    )
    made, rows = table_of(source)
    assert rows == [
        ["email", "name", "City"],
        ["ann@example.org", "Ann", ""],
        ["bob@example.org", "Bob", ""],
        ["cid@example.org", "Cid", "Köln"],
        ["dee@example.org", "", "Oslo"],
    ]
    assert made.rows == 4
    assert [(file.name, file.rows) for file in made.files] == [("one.csv", 2), ("sub/two.tsv", 1), ("more.json", 1)]
    assert "empty.csv has no rows." in made.notes
    assert any(note.startswith("logo.png was left out. This is a picture") for note in made.notes)


def test_in_several_files_a_name_says_who_has_left_and_the_graver_comes_last(tmp_path):
    members = {"bounces.csv": PEOPLE, "everybody.csv": PEOPLE, "unsubscribed.csv": PEOPLE}
    _, rows = table_of(zipped(tmp_path / "lists.zip", members))
    assert rows[0][-1] == "Subscription status"
    assert [row[-1] for row in rows[1:]] == ["", "", "unsubscribed", "unsubscribed", "bounced", "bounced"]


def test_a_single_file_may_say_by_its_name_that_everybody_has_left(tmp_path):
    path = tmp_path / "x"
    path.write_text(PEOPLE)
    assert unpacking.needed(path, file_name="Unsubscribed 2024.csv")
    made, rows = table_of(path, "Unsubscribed 2024.csv")
    assert [row[-1] for row in rows] == ["Subscription status", "unsubscribed", "unsubscribed"]
    assert "everybody in Unsubscribed 2024.csv is taken as unsubscribed" in made.notes[0]
    path.write_text("email,Contact status\nann@example.org,active\n")
    assert not unpacking.needed(path, file_name="unsubscribed.csv"), "a column says it person by person"


def test_a_row_that_cannot_be_read_comes_through_with_its_reason(tmp_path):
    data = (
        'email,name\nann@example.org,Ann\n"open@example.org,Bob\nnul\x00@example.org,N\n' + "eve@example.org,E\n" * 500
    )
    data += "cid@example.org,C,too,many\n"
    source = zipped(tmp_path / "lists.zip", {"people.csv": data})
    found, rows = exports.plan(source, tmp_path)
    told = exports.told(found, rows)
    assert told["people"] == 501
    assert [why for why, _ in told["invalid"]] == [
        "A quotation mark opens here and does not close within 200 lines.",
        "There is a NUL character in the row: save the file as CSV again.",
        "The row has 4 cells where the file has 2 columns.",
    ]


def test_a_plain_file_needs_no_unpacking_and_a_picture_is_refused(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    assert not unpacking.needed(path)
    path.write_text("")
    assert not unpacking.needed(path)
    path.write_bytes(b"%PDF-1.7 ...")
    with pytest.raises(Unreadable, match="PDF"):
        unpacking.needed(path)


def test_the_blocks_of_sendgrid_alone_are_nobody(tmp_path):
    path = tmp_path / "blocks.csv"
    path.write_text("status,reason,email,created\n4.0.0,busy,a@example.org,1700000000\n")
    assert unpacking.needed(path, file_name="suppression_blocks.csv")
    with pytest.raises(Unreadable, match=r"left out\. SendGrid goes on sending"):
        unpacking.unpack(path, tmp_path / "table.csv", file_name="suppression_blocks.csv")
    assert not (tmp_path / "table.csv").exists()


# Limits.


def test_a_bomb_by_its_declaration_is_refused_before_it_is_opened(tmp_path):
    source = zipped(tmp_path / "bomb.zip", {"people.csv": b"a" * (30 * 1024**2)})
    assert source.stat().st_size < 60_000
    began = time.monotonic()
    with pytest.raises(Unreadable, match="far more than it can hold"):
        unpacking.unpack(source, tmp_path / "table.csv")
    assert time.monotonic() - began < 5


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path):
    source = zipped(tmp_path / "bomb.zip", {"people.csv": b"a@example.org\n" * 100_000})
    data = bytearray(source.read_bytes())
    size = (14 * 100_000).to_bytes(4, "little")
    assert data.count(size) == 2
    source.write_bytes(bytes(data).replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(Unreadable, match=r"people\.csv was left out|damaged"):
        unpacking.unpack(source, tmp_path / "table.csv")


def test_entries_that_share_their_bytes_are_refused(tmp_path):
    source = zipped(tmp_path / "bomb.zip", {"people.csv": PEOPLE})
    with zipfile.ZipFile(source) as archive:
        (entry,) = archive.filelist
        with pytest.raises(Unreadable, match="far more"):
            archives.check([entry, entry])


def test_too_many_files_a_password_and_a_zip_in_a_zip_are_refused(tmp_path):
    many = zipped(tmp_path / "many.zip", {f"{i}.csv": "" for i in range(archives.MAX_ENTRIES + 1)})
    with pytest.raises(Unreadable, match="2,001 files"):
        unpacking.unpack(many, tmp_path / "table.csv")
    inner = zipped(tmp_path / "inner.zip", {"people.csv": PEOPLE})
    outer = zipped(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()})
    with pytest.raises(Unreadable, match="a ZIP in a ZIP"):
        unpacking.unpack(outer, tmp_path / "table.csv")
    entry = zipfile.ZipInfo("people.csv")
    entry.flag_bits = 1
    with pytest.raises(Unreadable, match="password"):
        archives.check([entry])


def test_memory_is_limited_and_the_answer_is_a_sentence(tmp_path, monkeypatch):
    path = tmp_path / "people.json"
    path.write_text('[{"email": "' + "x" * 2_000_000)
    monkeypatch.setattr(
        unpacking, "_START", unpacking._START.replace("child.main()", "child.MEMORY = 300_000; child.main()")
    )
    with pytest.raises(Unreadable, match=r"too much memory|cannot be opened"):
        unpacking.unpack(path, tmp_path / "table.csv")


def test_a_child_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    path = tmp_path / "people.json"
    path.write_text("[]")
    monkeypatch.setattr(unpacking, "SECONDS", 0.5)
    monkeypatch.setattr(unpacking, "_START", "import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(Unreadable, match="too long"):
        unpacking.unpack(path, tmp_path / "table.csv")
    assert time.monotonic() - began < 10


def test_a_small_file_of_empty_cells_works_no_longer_than_its_size_is_worth(tmp_path, monkeypatch):
    path = tmp_path / "cells.xlsx"
    openpyxl.Workbook().save(tmp_path / "plain.xlsx")
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as plain, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in plain.filelist:
            if not entry.filename.startswith("xl/worksheets/sheet"):
                made.writestr(entry.filename, plain.read(entry))
                continue
            with made.open(entry.filename, "w") as sheet:
                sheet.write(b"<worksheet><sheetData><row>")
                for _ in range(100):
                    sheet.write(b"<c/>" * 250_000 + b"<!--" + os.urandom(3_000).hex().encode() + b"-->")
                sheet.write(b"</row></sheetData></worksheet>")
    monkeypatch.setattr(unpacking, "CPU_SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(Unreadable, match="too long"):
        unpacking.unpack(path, tmp_path / "table.csv")
    assert time.monotonic() - began < 20


def test_time_grows_with_the_file_up_to_a_limit():
    assert unpacking.cpu_seconds(0) == unpacking.CPU_SECONDS
    assert unpacking.cpu_seconds(40 << 20) == unpacking.CPU_SECONDS + 40 * unpacking.CPU_OF_A_MEGABYTE
    assert unpacking.cpu_seconds(2 << 30) == unpacking.CPU_MOST


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("import os; os.kill(os.getpid(), 9)", "memory"),
        ("import os; os.kill(os.getpid(), 24)", "too long"),
        ("import os; os.abort()", "damaged"),
        ("print('not json')", "damaged"),
        ("pass", "damaged"),
    ],
)
def test_a_child_that_dies_is_a_sentence(tmp_path, monkeypatch, start, words):
    path = tmp_path / "people.json"
    path.write_text("[]")
    monkeypatch.setattr(unpacking, "_START", start)
    with pytest.raises(Unreadable, match=words):
        unpacking.unpack(path, tmp_path / "table.csv")
    assert [left.name for left in tmp_path.iterdir()] == ["people.json"]


def test_what_progress_raises_ends_the_work_and_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "people.json"
    path.write_text("[" + ",".join(['{"email": "ann@example.org"}'] * 400_000) + "]")
    (tmp_path / ".table.csv-left").mkdir()

    class Lost(Exception):
        pass

    def progress(rows):
        raise Lost

    with pytest.raises(Lost):
        unpacking.unpack(path, tmp_path / "table.csv", progress=progress)
    assert [left.name for left in tmp_path.iterdir()] == ["people.json"]


def test_a_source_that_changes_meanwhile_is_refused(tmp_path):
    path = tmp_path / "people.json"
    path.write_text('[{"email": "ann@example.org"}]')

    def progress(rows):
        os.utime(path, ns=(1, time.time_ns()))

    with pytest.raises(Unreadable, match="changed while"):
        unpacking.unpack(path, tmp_path / "table.csv", progress=progress)


def test_the_limits_hold_in_the_child(tmp_path):
    """Read back from the kernel, in a process of its own."""
    pid = os.fork()
    if not pid:
        import resource

        child.limit(77)
        fine = (
            resource.getrlimit(resource.RLIMIT_CPU)[0] == 77
            and 0 < resource.getrlimit(resource.RLIMIT_AS)[0] < 2**40
            and resource.getrlimit(resource.RLIMIT_FSIZE)[0] == child.FILE_BYTES
            and signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
        )
        os._exit(0 if fine else 1)
    assert os.waitpid(pid, 0)[1] == 0


# Hostile bytes: in this process, where nothing hides what is raised.


def assembled(path, name="people"):
    """The table, or None if it was refused in a sentence."""
    target = path.with_name("table.csv")
    target.unlink(missing_ok=True)
    for left in path.parent.glob("part-*"):
        left.unlink()
    try:
        made = assembling.assemble(path, target, name, lambda rows: None)
    except Unreadable:
        return None
    with reading.opened(target, "utf-8") as file:
        rows = list(reading.records(file, ","))
    assert isinstance(rows[0], reading.Record)
    assert len(rows) - 1 == made["rows"], "no row is lost and none is made"
    if any(isinstance(row, reading.Record) for row in rows[1:]):
        sniffing.glimpse(target, unpacking.LAYOUT)
    return rows


FUZZ = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_sentence(tmp_path, data):
    path = tmp_path / "any"
    path.write_bytes(data)
    assembled(path)


NAMES = st.sampled_from(["email", "result", "contacts", "data", "tags", "a.b", "\x00"]) | st.text(max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@FUZZ
@given(JSON, st.booleans())
def test_any_json_is_a_table_or_a_sentence(tmp_path, value, lines):
    path = tmp_path / "any.json"
    text = "\n".join(map(json.dumps, value)) if lines and isinstance(value, list) else json.dumps(value)
    path.write_text(text)
    assembled(path)


@FUZZ
@given(
    st.lists(
        st.fixed_dictionaries({"email": st.text(max_size=8)}, optional={"x": st.text(max_size=8)}),
        min_size=1,
        max_size=5,
    )
)
def test_what_json_says_is_what_the_table_says(tmp_path, people):
    path = tmp_path / "any.json"
    path.write_text(json.dumps({"result": people}))
    target = tmp_path / "table.csv"
    target.unlink(missing_ok=True)
    kept = [one for one in people if "".join(one.values()).strip()]
    if not kept or any("\x00" in cell or "\ud800" <= cell <= "\udfff" for one in people for cell in one.values()):
        return
    assembling.assemble(path, target, "any.json", lambda rows: None)
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["email"] for row in rows] == [one["email"] for one in kept]


FIXTURES = [
    "mautic_contacts.xlsx",
    "mailchimp_audience_export.zip",
    "sendgrid_contacts.json",
    "listmonk_subscribers.csv",
]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.parametrize("name", FIXTURES)
def test_damaged_exports_are_a_table_or_a_sentence(tmp_path, name, data):
    whole = (exports.FOLDER / name).read_bytes()
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(1, len(damaged)) | st.just(len(damaged)))]
    path = tmp_path / name
    path.write_bytes(damaged)
    assembled(path, name)
