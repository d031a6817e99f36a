"""The tenancy wall: the only user of django-scopes, and the only place that tells PostgreSQL whose rows to show.

Policy: a query on a tenant's table without a scope raises; and should raw SQL forget the filter, row-level security
returns nothing. **A scope is one transaction**, because the organization is set per transaction and never per pooled
connection: long work opens several scopes, one after the other.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from django.conf import settings
from django.db import connection, models, transaction
from django_scopes import ScopedManager, get_scope, scope, scopes_disabled
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from accounts.models import Organization

TENANT_PREFIX = "o"  # a tenant's pages live under /o/<public id>/
ORGANIZATION_SETTING = "posthouse.organization"
USER_SETTING = "posthouse.user"
NOT_FOR_LIBPQ = {"options", "pool", "prepare_threshold"}  # Django's and psycopg's own
APP_ROLE = "posthouse_app"
DAEMON_ROLE = "posthouse_daemon"


class TenantModel(models.Model):
    """A table behind the wall."""

    # No index of its own: where a list needs one, the table's index begins with the organization.
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.PROTECT, related_name="+", db_index=False
    )

    objects = ScopedManager(organization="organization")  # type: ignore[django-manager-missing]

    class Meta:
        abstract = True


def _set(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


@contextmanager
def tenant_scope(organization: "Organization") -> Iterator[None]:
    """Work on one organization's rows, in one transaction. Nests with itself; another organization inside raises."""
    current = get_scope().get("organization")
    if current is not None and current.pk != organization.pk:
        raise RuntimeError(f"Already in the scope of organization {current.pk}; {organization.pk} may not be mixed in.")
    if current is not None:
        with transaction.atomic():
            yield
        return
    outer = connection.in_atomic_block  # somebody's transaction goes on after us: then the setting must not stay
    with transaction.atomic(), scope(organization=organization):
        _set(ORGANIZATION_SETTING, str(organization.pk))
        yield
        if outer and not connection.needs_rollback:
            _set(ORGANIZATION_SETTING, "")


@contextmanager
def tenant_scope_id(organization_id: int) -> Iterator["Organization"]:
    """`tenant_scope` for tasks, which are handed ids. Yields the organization; raises Organization.DoesNotExist."""
    from accounts.models import Organization  # the models are built on this module

    with transaction.atomic():
        _set(ORGANIZATION_SETTING, str(organization_id))
        organization = Organization.objects.get(pk=organization_id)
        with tenant_scope(organization):
            yield organization


def read_at_once(organization_id: int, statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """One SELECT as an organization sees its rows, in one journey to the database: for pages that many people open at once.

    Outside of a transaction the setting and the SELECT go as one implicit transaction, and the SELECT is prepared where the
    process allows it (`prepare_threshold`). Its text must be the same every time. Columns of JSON come as `json`, not `jsonb`.
    """
    with connection.wrap_database_errors:
        if connection.in_atomic_block:
            is_ours = get_scope().get("organization") is not None
            with connection.cursor() as cursor:
                if not is_ours:
                    _set(ORGANIZATION_SETTING, str(organization_id))
                cursor.execute(statement, params)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
                if not is_ours:
                    _set(ORGANIZATION_SETTING, "")
            return rows
        connection.ensure_connection()
        line = connection.connection
        with line.pipeline(), psycopg.Cursor(line) as cursor:
            psycopg.Cursor(line).execute(
                "SELECT set_config(%s, %s, true)", [ORGANIZATION_SETTING, str(organization_id)], prepare=True
            )
            cursor.execute(statement, params, prepare=True)
            return cursor.fetchall()


@contextmanager
def person_scope(user_id: int) -> Iterator[None]:
    """See the memberships and organizations of one person, whoever's they are: for the organization switcher."""
    with transaction.atomic(), scopes_disabled():
        _set(USER_SETTING, str(user_id))
        yield
        _set(USER_SETTING, "")


@contextmanager
def cross_tenant(reason: str) -> Iterator[None]:
    """Work on rows of all organizations, in one transaction, as the daemons' role. The reason is read by a test."""
    if not reason:
        raise ValueError("cross_tenant needs a reason.")
    if get_scope().get("organization") is not None:
        raise RuntimeError("cross_tenant inside of a tenant's scope: leave the scope first.")
    with transaction.atomic(), scopes_disabled():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            before = cursor.fetchone()[0]
            cursor.execute(f"SET LOCAL ROLE {DAEMON_ROLE}")
        yield
        with connection.cursor() as cursor:  # an outer transaction goes on as it was; after an error it rolls back
            cursor.execute(f'SET LOCAL ROLE "{before}"')


def daemon_dsn() -> str:
    """A libpq connection string for the daemons (relay, mailroom, hits), which use psycopg directly."""
    database: dict[str, Any] = connection.settings_dict  # in tests this is the test database
    options = {key: value for key, value in database["OPTIONS"].items() if key not in NOT_FOR_LIBPQ}
    return make_conninfo(
        "",
        dbname=database["NAME"],
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        options=f"-c jit=off -c role={settings.DATABASE_ROLES['daemon']}",
        **options,
    )
