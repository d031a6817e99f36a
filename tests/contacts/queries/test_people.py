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
    assert found == ([odd.pk] if len(needle) >= people.SHORTEST_SUBSTRING else [])
