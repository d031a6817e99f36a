"""Search through the database's own function: what it finds, and that it never leaves the organization."""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.tenancy import tenant_scope
from contacts.models import Contact
from contacts.queries import people


def person(organization, key, **values):
    return Contact.objects.create(
        organization=organization, address=key, address_key=key, domain=key.rpartition("@")[2], values=values
    )


def test_it_sees_one_organization_only(organization, other_organization):
    with tenant_scope(organization):
        ours = person(organization, "ann@example.org")
    with tenant_scope(other_organization):
        person(other_organization, "ann.other@example.org")
    with tenant_scope(organization):
        assert people.search("ann") == [ours.pk]


def test_without_an_organization_it_finds_nothing(organization):
    with tenant_scope(organization):
        person(organization, "ann@example.org")
    assert people.search("ann") == []


def test_the_daemons_role_is_lent_to_the_function_only(scoped):
    person(scoped, "ann@example.org")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, (SELECT prosecdef FROM pg_proc WHERE proname = 'find'"
            " AND pronamespace = 'contacts_search'::regnamespace)"
        )
        assert cursor.fetchone() == ("posthouse_app", True)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION contacts_search.evil() RETURNS int LANGUAGE sql AS 'SELECT 1'")


@pytest.mark.parametrize(
    "needle", ["'; DROP TABLE contacts_contact; --", "%", "_", "\\", "$query$", "a'b%c_d\\e", "😀😀😀"]
)
def test_needles_are_words_and_nothing_else(scoped, needle):
    person(scoped, "bob@example.org")
    odd = person(scoped, "odd@example.org", first_name=f"x{needle}x")
    found = people.search(needle)
    assert found == ([odd.pk] if len(needle) >= 3 else [])


def test_a_common_needle_finds_the_newest(scoped):
    made = [person(scoped, f"p{i}@example.org", first_name="Müller") for i in range(60)]
    assert people.search("müll", most=50) == [contact.pk for contact in reversed(made)][:50]
    assert people.search("p59@") == [made[-1].pk]
    assert set(people.search("p1")) == {contact.pk for contact in made if contact.address.startswith("p1")}


def test_the_count_stops_where_it_has_seen_enough(scoped, monkeypatch):
    monkeypatch.setattr(people, "COUNT_MOST", 2)
    for i in range(5):
        person(scoped, f"p{i}@example.org")
    assert people.count(scoped) == 3
