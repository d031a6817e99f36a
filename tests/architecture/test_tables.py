"""The floors and the walls as the tables know them: what a linter cannot see."""

import pytest
from django.apps import apps
from django.db import connection, models

from accounts.models import Organization
from accounts.tenancy import TenantModel

FLOORS = ["accounts", "contacts", "sending", "reputation", "campaigns", "posthouse"]
# A pool of addresses may be shared, and then belongs to nobody; it holds nothing that a tenant wrote.
# A ruling may concern everybody; its policy shows a tenant those and its own.
OF_THE_HOUSE = {"sending.Pool", "sending.Ruling"}
OURS = [model for label in FLOORS for model in apps.get_app_config(label).get_models()]
FOREIGN_KEYS = [
    (model, field)
    for model in OURS
    for field in model._meta.get_fields()
    if isinstance(field, models.ForeignKey | models.ManyToManyField) and field.related_model in OURS
]


def test_there_is_something_to_look_at() -> None:
    assert len(OURS) > 10
    assert len(FOREIGN_KEYS) > 10


@pytest.mark.parametrize(("model", "field"), FOREIGN_KEYS, ids=lambda thing: getattr(thing, "__name__", str(thing)))
def test_foreign_keys_point_down(model: type[models.Model], field: models.ForeignKey) -> None:
    here, there = model._meta.app_label, field.related_model._meta.app_label
    assert FLOORS.index(there) <= FLOORS.index(here), f"{field} points up, from {here} to {there}"
    if here != there:
        assert field.remote_field.related_name == "+", f"{field}: the lower floor must not see who points at it"


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_tables_of_tenants_are_behind_the_wall(model: type[models.Model]) -> None:
    to_organization = [
        field.name
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model is Organization
    ]
    if issubclass(model, TenantModel):
        assert "organization" in to_organization
        assert not model._meta.get_field("organization").null, "every tenant table is distributed by its organization"
    elif model._meta.label not in OF_THE_HOUSE:
        assert not to_organization, f"{model._meta.label} has an organization: make it a TenantModel"


def test_every_table_with_an_organization_has_forced_row_level_security(db: None) -> None:
    """Both roles are named by a policy of their own, or may not touch the table at all (partitions)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
                   ARRAY(SELECT DISTINCT r.rolname::text FROM pg_policy p
                         CROSS JOIN LATERAL unnest(p.polroles) AS named(oid) JOIN pg_roles r ON r.oid = named.oid
                         WHERE p.polrelid = c.oid ORDER BY 1),
                   EXISTS (SELECT 1 FROM unnest(ARRAY['posthouse_app', 'posthouse_daemon']) AS role
                           WHERE has_table_privilege(role, c.oid, 'SELECT, INSERT, UPDATE, DELETE'))
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND (c.relname = 'accounts_organization'
                   OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id'))
            """
        )
        tables = cursor.fetchall()
    assert len(tables) > 10
    open_to_strangers = [
        name
        for name, forced, roles, reachable in tables
        if reachable
        and name not in {apps.get_model(label)._meta.db_table for label in OF_THE_HOUSE}
        and not (forced and roles == ["posthouse_app", "posthouse_daemon"])
    ]
    assert open_to_strangers == []


def test_the_roles_own_nothing_and_are_no_superusers(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname IN ('posthouse_app', 'posthouse_daemon') "
            "AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolcanlogin "
            "OR EXISTS (SELECT 1 FROM pg_class WHERE relowner = pg_roles.oid))"
        )
        assert cursor.fetchall() == []
