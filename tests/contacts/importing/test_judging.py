"""Rows: a person, or every problem of the row in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import addresses
from contacts.importing import doubts, judging, statuses
from contacts.importing.judging import Bad, Column, Judge, Person
from contacts.importing.reading import Record, Trouble, marked
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


# What stands beside the facts: status, tags, evidence, doubts.

FULL = Judge(
    [
        Column(0, "email"),
        Column(1, "name"),
        Column(2, "status"),
        Column(3, "tags"),
        Column(4, "opted_in_at", date_order="dmy"),
        Column(5, "opted_in_ip"),
        Column(6, "confirmed_at"),
        Column(7, "confirmed_ip"),
        Column(8, "left_at"),
        Column(9, "why"),
        Column(10, "field", FieldKind("visits", "Visits", "number")),
    ],
    11,
)


def full(*cells):
    return FULL.judge(Record(7, [*cells, *[""] * (11 - len(cells))]))


def test_evidence_is_kept_in_one_way():
    person = full(
        "ann@example.org", "Ann Lee", "Subscribed", '"VIP","Blog"', "31.01.2020 10:00", "192.0.2.7", "1700000000",
        "2001:DB8::1", "", "too \x01 many\nmails", "3",
    )  # fmt: skip
    assert json.loads(person.facts) == {"first_name": "Ann", "last_name": "Lee", "visits": 3}
    assert (person.status, person.note) == (statuses.SUBSCRIBED, 0)
    assert json.loads(person.extra) == {
        "tags": ["VIP", "Blog"],
        "at": "2020-01-31T10:00:00Z",
        "ip": "192.0.2.7",
        "confirmed_at": "2023-11-14T22:13:20Z",
        "confirmed_ip": "2001:db8::1",
        "why": "too \x01 many mails",
    }


def test_without_evidence_there_is_no_extra():
    assert full("ann@example.org")[6:] == (0, 0, "")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("", statuses.NONE), ("ACTIVE", statuses.SUBSCRIBED), ("opted-out", statuses.UNSUBSCRIBED),
        ("Hard bounce", statuses.BOUNCED),
        ("Spam report", statuses.COMPLAINED), ("blocklisted", statuses.BLOCKED), ("unconfirmed", statuses.PENDING),
        ("Invalid email", statuses.INVALID),
    ],
)  # fmt: skip
def test_words_of_status(word, status):
    assert full("ann@example.org", "", word).status == status


def test_a_status_that_we_do_not_know_refuses_the_row():
    bad = full("ann@example.org", "", "in limbo")
    assert isinstance(bad, Bad)
    assert "“in limbo” is no word that we know" in bad.problem


def test_whoever_has_left_is_refused_for_nothing_but_the_address():
    left = full(
        "ann@gmial.com", "Ann", "unsubscribed", "x" * 200, "soon", "nowhere", "", "", "yesterday", "why not", "many"
    )
    assert isinstance(left, Person)
    assert left.status == statuses.UNSUBSCRIBED
    assert left.note == doubts.TYPO
    assert json.loads(left.facts) == {"first_name": "Ann"}
    assert json.loads(left.extra) == {"why": "why not", "hint": "gmail.com"}
    stays = full("ann@gmial.com", "Ann", "subscribed", "", "soon", "nowhere", "", "", "", "", "many")
    assert isinstance(stays, Bad)
    for words in ("Time of consent: ", "Address of consent: ", "Visits: "):
        assert words in stays.problem
    assert isinstance(full("nobody", "Ann", "unsubscribed"), Bad)


def test_slips_and_roles_are_notes_about_good_people():
    assert json.loads(full("mia@gmial.com").extra) == {"hint": "gmail.com"}
    assert full("mia@gmial.com").note == doubts.TYPO
    assert full("No-Reply@example.org").note == doubts.ROLE
    assert full("info@hotmial.com").note == doubts.TYPO | doubts.ROLE
    assert full("ann@gmail.com").note == 0


def test_a_row_that_was_written_as_trouble_is_one_again():
    trouble = Trouble(7, "A quotation mark opens here.", '"ann@example.org')
    assert full(*marked(trouble)) == Bad(7, trouble.why, json.dumps([trouble.text]))
    alone = Judge([Column(0, "email")], 1)
    assert alone.judge(Record(7, marked(trouble))) == Bad(7, trouble.why, json.dumps([trouble.text]))


def test_a_name_fills_only_what_has_no_column_of_its_own():
    judge = Judge(
        [Column(0, "email"), Column(1, "name"), Column(2, "field", FieldKind("first_name", "First name", "text"))], 3
    )
    person = judge.judge(Record(1, ["ann@example.org", "Annabel Lee", "Ann"]))
    assert json.loads(person.facts) == {"first_name": "Ann", "last_name": "Lee"}


@given(
    st.text(max_size=30) | st.from_regex(r"[A-Za-z0-9.+_-]{1,8}@[A-Za-z0-9.-]{1,9}\.(com|ORG|test|c)", fullmatch=True)
)
def test_the_short_way_to_an_address_agrees_with_the_long_one(text):
    look = judging._postman()
    for _ in range(3):  # the second time its domain is known
        try:
            expected = addresses.parse(text)
        except addresses.InvalidAddress as refused:
            with pytest.raises(addresses.InvalidAddress, match=str(refused)[:20]):
                look(text)
        else:
            assert look(text)[:3] == expected


@pytest.mark.parametrize("local", ["x" * 64, "x" * 65, ".x", "x.", "a..b", 'a"b', "é", "a b", "a\x00"])
def test_the_short_way_knows_the_domain_and_still_looks_at_the_rest(local):
    look = judging._postman()
    look("ann@Example.org")
    for text in (f"{local}@Example.org", f"{local}@example.org", f" {local}@Example.org"):
        try:
            expected = addresses.parse(text)
        except addresses.InvalidAddress:
            with pytest.raises(addresses.InvalidAddress):
                look(text)
        else:
            assert look(text)[:3] == expected


def test_what_is_remembered_stays_small(monkeypatch):
    monkeypatch.setattr(judging, "REMEMBERED", 100)
    judge = Judge([Column(0, "email"), Column(1, "field", FIELDS[0])], 2)
    for i in range(1_000):
        assert json.loads(judge.judge(Record(i, ["ann@example.org", f"City {i}"])).facts) == {"city": f"City {i}"}
    assert len(judge._facts[0]) == 100


@given(st.lists(st.text(max_size=15), min_size=11, max_size=11))
def test_any_row_with_evidence_is_a_person_or_bad(cells):
    judged = FULL.judge(Record(1, ["ann@example.org", *cells[1:]]))
    assert isinstance(judged, Bad) or (
        json.loads(judged.facts) is not None and json.loads(judged.extra or "{}") is not None
    )
