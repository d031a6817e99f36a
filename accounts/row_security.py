"""Row-level security for migrations: puts a table behind the second wall.

Three roles: the login role owns the tables and only migrates (row security is FORCED, so even it sees no rows);
`posthouse_app` sees the rows of the organization that the transaction has set; `posthouse_daemon` sees all rows of the
tables that are granted to it here.
"""

from django.db.migrations import RunSQL

ORGANIZATION = "nullif(current_setting('posthouse.organization', true), '')::bigint"
PERSON = "nullif(current_setting('posthouse.user', true), '')::bigint"
ALL = "SELECT, INSERT, UPDATE, DELETE"
APPEND = "SELECT, INSERT"


def behind_wall(table: str, *, mine: str = f"organization_id = {ORGANIZATION}", grant: str = ALL) -> RunSQL:
    """Force row-level security on `table`. `mine` is the condition on a row that the app's role may see and write;
    `grant` the privileges of both roles (APPEND for logs)."""
    return RunSQL(
        sql=f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY tenant ON {table} TO posthouse_app USING ({mine}) WITH CHECK ({mine});
            CREATE POLICY daemon ON {table} TO posthouse_daemon USING (true) WITH CHECK (true);
            REVOKE ALL ON {table} FROM posthouse_app, posthouse_daemon;
            GRANT {grant} ON {table} TO posthouse_app, posthouse_daemon;
        """,
        reverse_sql=f"""
            DROP POLICY tenant ON {table};
            DROP POLICY daemon ON {table};
            ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
            ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


def open_to_daemons(table: str) -> RunSQL:
    """Let the daemons' role use a table that belongs to no tenant."""
    return RunSQL(
        sql=f"GRANT {ALL} ON {table} TO posthouse_daemon", reverse_sql=f"REVOKE ALL ON {table} FROM posthouse_daemon"
    )


def append_only(table: str) -> RunSQL:
    """Refuse UPDATE and DELETE of rows, whoever tries."""
    return RunSQL(
        sql=f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION posthouse_refuse_change();
        """,
        reverse_sql=f"DROP TRIGGER append_only ON {table}",
    )
