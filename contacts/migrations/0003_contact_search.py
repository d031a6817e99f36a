"""Search in addresses and names at a million people: a trigram index behind one function, and an index of the archived.

Trap: trigram operators are not leakproof, so under row-level security PostgreSQL does not use their index. The function
runs as posthouse_daemon, which may see all rows, and takes the organization from the transaction's setting itself; dynamic
SQL gives each needle a plan of its own.
"""

from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations, models

TEXT = """lower(address_key || ' ' || coalesce("values" ->> 'first_name', '') || ' ' || coalesce("values" ->> 'last_name', ''))"""

# Its own schema, because only there may the login role let another role own a function. (Not named like the login role:
# that schema would come first in its search path.)
FUNCTION = f"""
CREATE SCHEMA IF NOT EXISTS contacts_search;
GRANT USAGE ON SCHEMA contacts_search TO posthouse_app;
GRANT USAGE, CREATE ON SCHEMA contacts_search TO posthouse_daemon;

CREATE FUNCTION contacts_search.find(pattern text, before bigint, most int) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT id FROM contacts_contact
        WHERE organization_id = %s AND {TEXT} LIKE %L AND id < %s AND erased_at IS NULL
        ORDER BY id DESC LIMIT %s $query$,
        coalesce(nullif(current_setting('posthouse.organization', true), ''), '0')::bigint, pattern, before, most);
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
