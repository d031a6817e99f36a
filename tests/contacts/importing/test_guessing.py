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


def test_what_stands_beside_the_facts_is_known_by_name_and_content():
    header = ["email", "Name", "Status", "Tags", "Signup date", "IP address", "Unsubscribed at", "Reason"]
    row = ["a@b.example", "Ann Lee", "Active", "vip|blog", "2020-01-31", "192.0.2.1", "", ""]
    other = ["c@d.example", "Bo Ek", "bounced", "", "2020-02-29", "", "2021-01-01 10:00", "too much"]
    assert meanings(header, row, other) == [
        "email", "name", "status", "tags", "opted_in_at", "opted_in_ip", "left_at", "why",
    ]  # fmt: skip


def test_a_status_that_is_no_subscription_is_a_field():
    assert meanings(["email", "Status"], ["a@b.example", "Gold"])[1] == "new"
    assert meanings(["email", "IP"], ["a@b.example", "Isle of Portland"])[1] == "new"
    assert meanings(["email", "Subscribed"], ["a@b.example", "yes"])[1] == "new"


def test_an_own_field_goes_before_what_we_would_make_of_its_name():
    known = [*KNOWN, Known("status", "Status", "text"), Known("tags", "Tags", "text"), Known("name", "Name", "text")]
    row = ["a@b.example", "active", "a|b", "Ann Lee"]
    assert [one.to for one in guess(["email", "Status", "Tags", "Name"], [row], known)][1:] == [
        "field:status",
        "field:tags",
        "field:name",
    ]


def test_a_name_beside_its_parts_is_not_split():
    assert meanings(["email", "Name", "First name"], ["a@b.example", "Ann Lee", "Ann"]) == [
        "email",
        "new",
        "field:first_name",
    ]


def test_norway_is_no_refusal_and_a_telephone_no_number():
    header = ["email", "Country", "Phone", "Zip"]
    (_, *others) = guess(
        header, [["a@b.example", "NO", "4912345", "12345"], ["c@d.example", "NO", "4912346", "12346"]], KNOWN
    )
    assert [(one.to, one.kind) for one in others] == [("new", "text")] * 3


def test_a_field_of_several_choices_comes_with_them():
    cells = ["Wine; Bread", "Bread", "Cheese|Wine", "Cheese", ""]
    (_, found) = guess(["email", "Likes"], [["a@b.example", cell] for cell in cells], KNOWN)
    assert found == Guess("new", "multi", "ymd", ("Bread", "Cheese", "Wine"))
    for cells in (["a;b", "c;d", "e;f"], ["Oslo", "Oslo", "Rome"], ["a; b"], ["x; y"] * 2):
        assert kind_of(cells) == "text"


def test_dates_with_a_time_are_moments():
    assert kind_of(["2020-01-31 10:00", "2020-02-29T11:00:00Z"]) == "datetime"
    assert kind_of(["31 Jan 2026", "Feb 1, 2026", "1. März 2026"]) == "date"


def test_without_a_header_what_stands_in_columns_is_enough():
    rows = [
        ["Ann Lee", "a@b.example", "31.01.2020", "3,5", "ja", "de"],
        ["Bo Ek", "c@d.example", "28.02.2020", "4", "nein", "en-GB"],
    ]
    found = guess([f"Column {i}" for i in range(1, 7)], rows, KNOWN)
    assert [one.to for one in found] == ["name", "email", "new", "new", "new", "language"]
    assert [one.kind for one in found[2:5]] == ["date", "number", "boolean"]


def test_headers_in_any_alphabet():
    for header in (["メールアドレス", "氏名"], ["邮箱", "姓名"], ["E-mail", "Nom complet"]):
        assert meanings(header, ["a@b.example", "Ann Lee"]) == ["email", "name"]


def test_the_meaning_of_a_known_service_goes_before_all_names():
    header = ["EMAIL", "created", "reason", "status", "Subscription status"]
    row = ["a@b.example", "1700000000", "550 no", "5.1.1", "bounced"]
    assert [one.to for one in guess(header, [row], KNOWN, origin="sendgrid")] == [
        "email",
        "left_at",
        "why",
        "skip",
        "status",
    ]
