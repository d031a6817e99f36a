"""Both walls: a query without a scope raises, and raw SQL sees only the organization of its transaction."""

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django_scopes.exceptions import ScopeError

from accounts.models import Organization
from accounts.tenancy import cross_tenant, daemon_dsn, person_scope, tenant_scope, tenant_scope_id
from contacts.models import Contact


def contact_of(organization: Organization, address: str) -> None:
    with tenant_scope(organization):
        Contact.objects.create(
            organization=organization, address=address, address_key=address, domain=address.split("@")[1]
        )


@pytest.fixture
def two(organization: Organization, other_organization: Organization) -> tuple[Organization, Organization]:
    contact_of(organization, "mine@mail.example")
    contact_of(other_organization, "theirs@mail.example")
    return organization, other_organization


def seen() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT address_key FROM contacts_contact")
        return {row[0] for row in cursor.fetchall()}


def test_a_query_without_a_scope_raises(two):
    with pytest.raises(ScopeError):
        Contact.objects.count()


def test_the_orm_sees_the_scope_only(two):
    with tenant_scope(two[0]):
        assert [contact.address for contact in Contact.objects.all()] == ["mine@mail.example"]


def test_raw_sql_without_a_scope_sees_nothing(two):
    assert seen() == set()


def test_raw_sql_sees_the_organization_of_the_transaction(two):
    with tenant_scope(two[0]):
        assert seen() == {"mine@mail.example"}
    with tenant_scope_id(two[1].pk) as organization:
        assert organization == two[1]
        assert seen() == {"theirs@mail.example"}


def test_a_row_of_another_organization_cannot_be_written(two):
    with pytest.raises(ProgrammingError, match="row-level security"), tenant_scope(two[0]):
        Contact.objects.create(organization=two[1], address="x@mail.example", address_key="x@mail.example", domain="x")


def test_rows_of_another_organization_cannot_be_changed_or_deleted_by_raw_sql(two):
    with tenant_scope(two[0]), connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_contact SET domain = 'changed'")
        assert cursor.rowcount == 1
        cursor.execute("DELETE FROM contacts_contact WHERE address_key = 'theirs@mail.example'")
        assert cursor.rowcount == 0


def test_two_organizations_never_mix_in_one_scope(two):
    with tenant_scope(two[0]), pytest.raises(RuntimeError, match="may not be mixed in"), tenant_scope(two[1]):
        pass


def test_a_scope_nests_with_itself_and_holds_on(two):
    with tenant_scope(two[0]):
        with tenant_scope(two[0]):
            assert seen() == {"mine@mail.example"}
        assert seen() == {"mine@mail.example"}


def test_cross_tenant_sees_all_and_gives_the_role_back(two):
    with transaction.atomic():
        with cross_tenant("a test of the door itself"):
            assert seen() == {"mine@mail.example", "theirs@mail.example"}
        assert seen() == set()


def test_cross_tenant_needs_a_reason_and_no_scope(two):
    with pytest.raises(ValueError, match="reason"), cross_tenant(""):
        pass
    with tenant_scope(two[0]), pytest.raises(RuntimeError, match="leave the scope"), cross_tenant("inside"):
        pass


def test_a_person_sees_their_own_organizations_only(two, owner):
    with person_scope(owner.pk):
        assert list(Organization.objects.all()) == [two[0]]
    assert list(Organization.objects.all()) == []


@pytest.mark.django_db(transaction=True)
def test_a_scope_ends_with_its_transaction(two):
    with tenant_scope(two[0]):
        pass
    with transaction.atomic():
        assert seen() == set()


@pytest.mark.django_db(transaction=True)
def test_daemons_see_all_rows_of_their_tables_and_no_others(two):
    with psycopg.connect(daemon_dsn()) as daemon:
        assert daemon.execute("SELECT count(*) FROM contacts_contact").fetchone() == (2,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            daemon.execute("SELECT * FROM django_session")
