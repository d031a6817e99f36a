"""The tests' own database is what it claims to be: behind both walls, and emptied between tests that commit."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry, Membership, Organization, User
from accounts.tenancy import tenant_scope


@pytest.mark.django_db
def test_tests_run_as_the_role_of_the_app() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user, current_setting('is_superuser')")
        assert cursor.fetchone() == ("posthouse_app", "posthouse", "off")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_test_that_commits_leaves_nothing_behind(organization: Organization, turn: int) -> None:
    assert User.objects.count() == 3
    assert Permission.objects.exists()
    assert turn == 1 or organization.pk == 1, "the numbers begin anew"
    audit = list(range(1 if turn == 1 else 8_000))  # little is deleted, much is truncated
    with tenant_scope(organization):
        assert AuditEntry.objects.count() == 0
        AuditEntry.objects.bulk_create(
            AuditEntry(organization=organization, verb="x" * 100, data={"n": n}) for n in audit
        )


def test_raw_sql_without_a_scope_finds_nothing(organization: Organization) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('posthouse.organization', '', true)")
        cursor.execute("SELECT count(*) FROM accounts_brand")
        assert cursor.fetchone() == (0,)


def test_the_cast_has_its_roles(scoped: Organization) -> None:
    assert sorted(Membership.objects.values_list("role", flat=True)) == [10, 20, 40]


def test_clients_are_logged_in(as_owner: Client, as_outsider: Client) -> None:
    assert as_owner.session["_auth_user_id"] != as_outsider.session["_auth_user_id"]
