"""The database roles, their privileges, and row-level security for the tables of accounts."""

from django.db import migrations

from accounts.row_security import APPEND, ORGANIZATION, PERSON, append_only, behind_wall

ROLES = """
DO $$
DECLARE
    role_name text;
    -- Since PostgreSQL 16 the maker of a role is a member who may administer it but not become it.
    may_become text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['posthouse_app', 'posthouse_daemon'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- roles belong to the whole cluster: another database of it made them
        END;
        IF NOT pg_has_role(session_user, role_name, may_become) THEN
            EXECUTE format('GRANT %I TO %I', role_name, session_user);
        END IF;
    END LOOP;
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO posthouse_app, posthouse_daemon', current_database());
END
$$;

GRANT USAGE ON SCHEMA public TO posthouse_app, posthouse_daemon;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO posthouse_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO posthouse_app, posthouse_daemon;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO posthouse_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO posthouse_app, posthouse_daemon;
GRANT SELECT ON accounts_user TO posthouse_daemon;
"""

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION posthouse_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are never changed or deleted: it is a record of what happened.', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(ROLES, migrations.RunSQL.noop),
        migrations.RunSQL(REFUSE_CHANGE, "DROP FUNCTION posthouse_refuse_change"),
        behind_wall(
            "accounts_membership",
            mine=f"organization_id = {ORGANIZATION} OR user_id = {PERSON}",
        ),
        behind_wall(
            "accounts_organization",
            mine=f"id = {ORGANIZATION} OR id IN "
            f"(SELECT organization_id FROM accounts_membership WHERE user_id = {PERSON})",
        ),
        behind_wall("accounts_brand"),
        behind_wall("accounts_auditentry", grant=APPEND),
        append_only("accounts_auditentry"),
    ]
