"""Search in addresses and names at a million people: a trigram index behind one function, and an index of the archived.

Trap: trigram operators are not leakproof, so under row-level security PostgreSQL does not use their index. The function
runs as posthouse_daemon, which may see all rows, and takes the organization from the transaction's setting itself; dynamic
SQL gives each needle a plan of its own.

Row-level security also hides the statistics, so PostgreSQL takes every needle for a rare one and fetches 90,000 Müllers to
show the newest. Hence the probe: what every hundredth of the newest people has is looked for from the newest on.
"""

from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations, models

TEXT = """lower(address_key || ' ' || coalesce("values" ->> 'first_name', '') || ' ' || coalesce("values" ->> 'last_name', ''))"""

# Its own schema, because only there may the login role let another role own a function. (Not named like the login role:
# that schema would come first in its search path.)
SHORTEST = 3  # characters; a shorter needle finds the addresses that begin with it
PROBE = 5_000  # newest people

FUNCTION = f"""
CREATE SCHEMA IF NOT EXISTS contacts_search;
GRANT USAGE ON SCHEMA contacts_search TO posthouse_app;
GRANT USAGE, CREATE ON SCHEMA contacts_search TO posthouse_daemon;

CREATE FUNCTION contacts_search.find(needle text, most int) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
DECLARE
    ours bigint := coalesce(nullif(current_setting('posthouse.organization', true), ''), '0')::bigint;
    escaped text := replace(replace(replace(needle, '\\', '\\\\'), '%', '\\%'), '_', '\\_');
    newest text := format($query$
        SELECT id FROM (SELECT id, {TEXT} AS text FROM contacts_contact
                        WHERE organization_id = %s AND erased_at IS NULL ORDER BY id DESC OFFSET 0) newest
        WHERE text LIKE %L LIMIT %s $query$, ours, '%' || escaped || '%', most);
    common boolean;
BEGIN
    IF length(needle) < {SHORTEST} THEN
        RETURN QUERY EXECUTE format($query$
            SELECT id FROM contacts_contact
            WHERE organization_id = %s AND erased_at IS NULL
              AND address_key >= %L AND address_key < %L AND starts_with(address_key, %L)
            ORDER BY address_key LIMIT %s $query$, ours, needle, needle || chr(1114111), needle, most);
        RETURN;
    END IF;
    EXECUTE format($query$
        SELECT count(*) >= {PROBE} / 100 FROM (
            SELECT {TEXT} AS text FROM contacts_contact
            WHERE organization_id = %s AND erased_at IS NULL ORDER BY id DESC LIMIT {PROBE}) newest
        WHERE text LIKE %L $query$, ours, '%' || escaped || '%') INTO common;
    IF common THEN
        RETURN QUERY EXECUTE newest;
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($query$
        SELECT id FROM contacts_contact
        WHERE organization_id = %s AND {TEXT} LIKE %L AND erased_at IS NULL
        ORDER BY id DESC LIMIT %s $query$, ours, '%' || escaped || '%', most);
END
$body$;

REVOKE ALL ON FUNCTION contacts_search.find FROM PUBLIC;
GRANT EXECUTE ON FUNCTION contacts_search.find TO posthouse_app;
ALTER FUNCTION contacts_search.find OWNER TO posthouse_daemon;
REVOKE CREATE ON SCHEMA contacts_search FROM posthouse_daemon;
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_walls")]

    operations = [
        TrigramExtension(),
        BtreeGinExtension(),
        migrations.RunSQL(
            f"CREATE INDEX contact_search ON contacts_contact USING gin (organization_id, ({TEXT}) gin_trgm_ops)",
            "DROP INDEX contact_search",
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION contacts_search.find"),
        migrations.AddIndex(
            "contact",
            models.Index(
                fields=["organization", "-id"],
                name="contact_archived",
                condition=models.Q(archived_at__isnull=False),
            ),
        ),
    ]
