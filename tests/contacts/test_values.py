"""Typed values: read as meant, refused when they could mean two things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import values
from contacts.values import BadValue, FieldKind


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12), ("-3", -3), ("+4", 4), ("3.50", 3.5), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1,234.56", 1234.56),
        ("1.234,56", 1234.56), ("1 234,56", 1234.56), ("1'234.50", 1234.5), ("3,5", 3.5), ("3,50", 3.5), ("1,234,567", 1234567),
        ("1.234.567", 1234567), ("1\u00a0234", 1234), ("007", 7), ("−2", -2), ("3,1415", 3.1415),
    ],
)  # fmt: skip
def test_numbers(text, number):
    assert values.number(text) == number
    assert type(values.number(text)) is type(number)


@pytest.mark.parametrize(
    "text", ["1,234", "-1,234", "many", "1.2.3", "1,2,3", "NaN", "inf", "1e999", "٣", "12345678901234567", "--1", "1 2"]
)
def test_no_numbers(text):
    with pytest.raises(BadValue):
        values.number(text)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2024-02-29", "dmy", "2024-02-29"),
        ("2024/2/9", "mdy", "2024-02-09"),
        ("09.02.2024", "dmy", "2024-02-09"),
        ("09/02/2024", "mdy", "2024-09-02"),
        ("9-2-24", "dmy", "2024-02-09"),
        ("1.1.85", "dmy", "1985-01-01"),
        ("2024-02-29 10:11:12 +0100 CET", "ymd", "2024-02-29"),
        ("2024-02-29T10:11", "ymd", "2024-02-29"),
        ("29 Feb 2024", "ymd", "2024-02-29"),
        ("February 29th, 2024", "ymd", "2024-02-29"),
        ("Thu, 29 Feb 2024", "mdy", "2024-02-29"),
        ("29-Feb-24", "ymd", "2024-02-29"),
        ("29. Februar 2024", "ymd", "2024-02-29"),
        ("29 de febrero de 2024", "ymd", "2024-02-29"),
        ("1er août 2024", "ymd", "2024-08-01"),
        ("1º de março de 2024", "ymd", "2024-03-01"),
        ("2024 Feb 29", "ymd", "2024-02-29"),
        ("20240229", "dmy", "2024-02-29"),
    ],
)
def test_days(text, order, day):
    assert values.day(text, order).isoformat() == day


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("30.02.2024", "dmy"),
        ("13/13/2024", "mdy"),
        ("01.02.2024", "ymd"),
        ("soon", "dmy"),
        ("0001-01-01", "ymd"),
        ("2024", "ymd"),
        ("", "ymd"),
        ("May", "ymd"),
        ("May 2024", "ymd"),
        ("29 Feb Mar 2024", "ymd"),
        ("31 Feb 2024", "ymd"),
        ("29 Feb 2024 or later", "ymd"),
        ("20241301", "ymd"),
    ],
)
def test_no_days(text, order):
    with pytest.raises(BadValue):
        values.day(text, order)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2024-07-01 10:00", "2024-07-01T08:00:00Z"),
        ("2024-07-01T10:00:00+00:00", "2024-07-01T10:00:00Z"),
        ("2024-01-01", "2023-12-31T23:00:00Z"),
        ("01.07.2024", "2024-06-30T22:00:00Z"),
    ],
)
def test_moments_are_kept_in_utc(text, kept):
    assert values.moment(text, FieldKind("x", "X", "datetime", date_order="dmy", zone="Europe/Berlin")) == kept


@pytest.mark.parametrize(("text", "tag"), [("", ""), ("DE", "de"), ("pt_br", "pt-BR"), ("zh-hant-TW", "zh-Hant-TW")])
def test_languages(text, tag):
    assert values.language(text) == tag


@pytest.mark.parametrize("text", ["german language", "d", "de--at", "x" * 30])
def test_no_languages(text):
    with pytest.raises(BadValue):
        values.language(text)


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("First name", "first_name"),
        ("Größe (cm)", "grosse_cm"),
        ("2nd choice", "field_2nd_choice"),
        ("名前", "field"),
        ("", "field"),
    ],
)
def test_keys_come_from_labels(label, key):
    assert values.key_from(label) == key
    assert values.is_key(key)
    assert values.key_from(label, {key}) == f"{key}_2"


KINDS = st.builds(
    FieldKind,
    st.just("x"),
    st.just("X"),
    st.sampled_from(["text", "number", "date", "datetime", "boolean", "choice", "url"]),
    st.just(("S", "M")),
    st.sampled_from(["ymd", "dmy", "mdy"]),
    st.sampled_from(["UTC", "Asia/Kathmandu"]),
)


@given(KINDS, st.text(max_size=30) | st.from_regex(r"[0-9.,:/T+\- ]{1,20}", fullmatch=True))
def test_any_text_is_a_value_or_bad_and_reads_back(field, text):
    try:
        value = values.read(field, text)
    except BadValue:
        return
    if value is not None:
        assert values.read(field, values.shown(field, value)) == value


CHOICES = ("Tea", "Tea, black", "Coffee", "ÄPFEL", "Milk, cold, sweet")
SEVERAL = values.FieldKind("drinks", "Drinks", "multi", CHOICES)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("coffee; tea", ["Tea", "Coffee"]),
        ("coffee|äpfel|", ["Coffee", "ÄPFEL"]),
        ("Coffee, Tea", ["Tea", "Coffee"]),
        ("Tea, black", ["Tea, black"]),
        ("Tea, black, Tea", ["Tea", "Tea, black"]),
        ("milk, COLD, sweet, coffee", ["Coffee", "Milk, cold, sweet"]),
        ("coffee\ntea", ["Tea", "Coffee"]),
        ('["Tea, black", "Coffee"]', ["Tea, black", "Coffee"]),
        ("tea,,", ["Tea"]),
        (" ; ", None),
    ],
)
def test_several_of_a_list(text, kept):
    assert values.read(SEVERAL, text) == kept


@pytest.mark.parametrize(
    "text", ["Beer", "Tea; Beer", "Tea, Beer", "[1]", "[" * 5000, ",".join("x" * 2000), "Tea/Coffee"]
)
def test_none_of_the_list(text):
    with pytest.raises(BadValue):
        values.read(SEVERAL, text)


@given(st.sets(st.sampled_from(CHOICES), min_size=1))
def test_several_are_read_back_as_they_are_shown(chosen):
    kept = [one for one in CHOICES if one in chosen]
    assert values.read(SEVERAL, values.shown(SEVERAL, kept)) == kept
    assert values.fits(SEVERAL, kept)


@given(st.text(max_size=300))
def test_no_text_breaks_reading_several(text):
    try:
        found = values.read(SEVERAL, text)
    except BadValue:
        return
    assert found is None or values.fits(SEVERAL, found)
