"""People in JSON: every usual wrapping, nothing but what stands there, and bounded whatever comes."""

import json
import tracemalloc

import pytest

from contacts.importing import json_tables
from contacts.importing.reading import Unreadable

PEOPLE = [{"email": "ann@example.org", "age": 7}, {"email": "bob@example.org", "city": "Köln"}]
TABLE = (("email", "age", "city"), [["ann@example.org", "7", ""], ["bob@example.org", "", "Köln"]])


@pytest.fixture
def read(tmp_path):
    def reader(text):
        path = tmp_path / "people.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        part = json_tables.table(path, "people.json")
        return None if part is None else (part.header, list(part.rows()))

    return reader


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PEOPLE),
        json.dumps(PEOPLE, indent=4, ensure_ascii=False),
        json.dumps({"result": PEOPLE, "contact_count": 2}),
        json.dumps({"contacts": PEOPLE}),
        json.dumps({"data": {"results": PEOPLE, "total": 2}}),
        "\n".join(map(json.dumps, PEOPLE)),
        "\r\n\r\n".join(map(json.dumps, PEOPLE)) + "\n",
        json.dumps(PEOPLE).encode("utf-8-sig"),
        json.dumps(PEOPLE, ensure_ascii=False).encode("utf-16"),
    ],
)
def test_every_usual_wrapping(read, text):
    assert read(text) == TABLE


@pytest.mark.parametrize("text", ["[]", "{}", '{"result": []}', " [ ] "])
def test_nobody(read, text):
    assert read(text) is None


def test_objects_are_spread_out_one_level_and_numbers_stay_as_written(read):
    header, (row,) = read(
        '[{"e": "x@example.org", "a": {"city": "Oslo", "deep": {"n": [1.50, 2e400]}}, "n": 12345678901234567890, "z": 1.0,'
        ' "t": ["VIP", "Blog"], "bars": ["a|b", "c"], "yes": true, "no": false, "nil": null}]'
    )
    assert dict(zip(header, row, strict=True)) == {
        "e": "x@example.org",
        "a.city": "Oslo",
        "a.deep": '{"n":[1.50,2e400]}',
        "n": "12345678901234567890",
        "z": "1.0",
        "t": "VIP|Blog",
        "bars": '["a|b","c"]',
        "yes": "yes",
        "no": "no",
        "nil": "",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"email": "ann@example.org"}', "“]” was expected near character 30"),
        ('[{"email": }]', "near character 2"),
        ('[{"email": "x"} {"email": "y"}]', "“]” was expected near character 17"),
        ("[1, 2]", "no list of people"),
        ('[{"a": ' + "[" * 100_000, "nested too deep|larger than"),
        ('[{"a": ' + "[" * 60 + "]" * 60 + "}]", "nested too deep"),
        ('{"a": ' * 100_000, "nested too deep|larger than"),
        ('{"data": ' * 100_000, "nested too deep"),
        ('[{"a": "' + "x" * 600_000 + '"}]', "larger than 512 KB"),
        (json.dumps([{f"p{i}": 1} for i in range(201)]), "more than 200 different properties"),
        ('{1: "x"}', "a name was expected near character 2"),
    ],
)
def test_what_is_no_list_of_people_says_why(read, text, words):
    with pytest.raises(Unreadable, match=words):
        read(text)


def test_fifty_megabytes_in_little_memory(tmp_path):
    path = tmp_path / "people.json"
    with path.open("w") as file:
        file.write('{"result": [')
        file.write(",".join(['{"email": "ann@example.org", "note": "' + "x" * 4_000 + '"}'] * 12_500))
        file.write("]}")
    tracemalloc.start()
    assert sum(1 for _ in json_tables.table(path, "x").rows()) == 12_500
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12_000_000


def test_the_end_of_a_window_cuts_nothing(read, monkeypatch):
    people = [{"email": f"p{i}@example.org", "n": i * 10**i, "ä": "é" * i} for i in range(9)]
    whole = read(json.dumps(people))
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(json_tables, "PIECE", size)
        assert read(json.dumps(people)) == whole
        assert read("\n".join(map(json.dumps, people))) == whole
