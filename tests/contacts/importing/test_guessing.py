"""What columns mean: by their names, by what stands in them, and never two with one meaning."""

import pytest

from contacts.importing.guessing import Guess, Known, guess, kind_of

KNOWN = [
    Known("first_name", "First name", "text"),
    Known("last_name", "Last name", "text"),
    Known("city", "Home town", "text"),
]


def meanings(header, *rows):
    return [one.to for one in guess(header, rows, KNOWN)]


def test_usual_names_in_several_languages():
    assert meanings(["E-Mail", "Vorname", "Nachname", "Sprache"], ["a@b.example", "Ann", "Lee", "de"]) == [
        "email",
        "field:first_name",
        "field:last_name",
        "language",
    ]
    assert meanings(["Prénom", "Courriel"], ["Ann", "a@b.example"]) == ["field:first_name", "email"]


def test_own_fields_by_key_and_by_label():
    assert meanings(["email", "CITY"], ["a@b.example", "Oslo"])[1] == "field:city"
    assert meanings(["email", "home_town"], ["a@b.example", "Oslo"])[1] == "field:city"


def test_an_address_that_is_a_street_is_not_the_email_address():
    assert meanings(["Address", "Contact"], ["Kettle Street 1", "a@b.example"]) == ["new", "email"]


def test_no_meaning_is_given_twice():
    assert meanings(["email", "mail"], ["a@b.example", "c@d.example"]) == ["email", "skip"]


def test_without_names_the_addresses_are_found():
    assert meanings(["Column 1", "Column 2"], ["Ann", "a@b.example"], ["Bob", "c@d.example"]) == ["skip", "email"]


def test_mailchimps_own_columns_are_evidence_or_passed_over():
    header = ["Email Address", "First Name", "Last Name", "MEMBER_RATING", "OPTIN_TIME", "LEID", "Shoe size"]
    row = ["a@b.example", "Ann", "Lee", "2", "2020-01-01 10:00:00", "123", "42"]
    assert meanings(header, row) == [
        "email",
        "field:first_name",
        "field:last_name",
        "skip",
        "opted_in_at",
        "skip",
        "new",
    ]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3"], "number"),
        (["yes", "no", ""], "boolean"),
        (["2024-01-31", "2023-12-01"], "date"),
        (["31.01.2024", "01.12.2023"], "date"),
        (["https://a.example", "http://b.example"], "url"),
        (["01234", "99999"], "text"),
        (["Oslo", "Rome"], "text"),
        (["", ""], "text"),
        (["1", "0"], "number"),
    ],
)
def test_the_kind_of_a_new_field(cells, kind):
    assert kind_of(cells) == kind


def test_the_order_of_dates_is_found():
    (_, found) = guess(["email", "Joined"], [["a@b.example", "01.02.2024"], ["c@d.example", "28.02.2024"]], KNOWN)
    assert found == Guess("new", "date", "dmy")
    (_, found) = guess(["email", "Joined"], [["a@b.example", "02/28/2024"]], KNOWN)
    assert found.date_order == "mdy"
