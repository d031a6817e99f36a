"""Search that knows what is rare, and indexes for the filters of people that cost an import next to nothing.

`contacts_search.few(needle, most)` gives everybody whom a needle finds, if they are few, and NULL if they are many: then
the list looks through people in its own order and soon has a page. It takes the place of `find`, which gave the newest
500 and left the other filters to find what they could among those.

Traps: trigram operators are not leakproof, so under row-level security PostgreSQL does not use their index; hence a function
that runs as posthouse_daemon and takes the organization from the transaction's setting itself. And nobody's statistics tell
how common a needle is, while a trigram index reads all of a common one's matches before the first: hence a look at a sample
of the table's pages.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models

TEXT = """lower(address_key || ' ' || coalesce("values" ->> 'first_name', '') || ' ' || coalesce("values" ->> 'last_name', ''))"""
SHORTEST = 3  # characters; a shorter needle finds the addresses that begin with it
SAMPLE = 200  # pages of the table
MANY = 10_000  # matches

FUNCTION = f"""
GRANT CREATE ON SCHEMA contacts_search TO posthouse_daemon;

CREATE FUNCTION contacts_search.few(needle text, most int) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
DECLARE
    ours bigint := coalesce(nullif(current_setting('posthouse.organization', true), ''), '0')::bigint;
    escaped text := replace(replace(replace(needle, '\\', '\\\\'), '%', '\\%'), '_', '\\_');
    pages bigint;
    hits bigint;
    found bigint[];
BEGIN
    IF length(needle) < {SHORTEST} THEN
        EXECUTE format($query$
            SELECT array_agg(id) FROM (
                SELECT id FROM contacts_contact
                WHERE organization_id = %s AND address_key >= %L AND address_key < %L AND starts_with(address_key, %L)
                LIMIT %s) AS these
            $query$, ours, needle, needle || chr(1114111), needle, most + 1) INTO found;
    ELSE
        pages := greatest(pg_relation_size('contacts_contact') / 8192, 1);
        IF pages > {SAMPLE} THEN
            EXECUTE format($query$
                SELECT count(*) FROM contacts_contact TABLESAMPLE SYSTEM (%s) REPEATABLE (1)
                WHERE organization_id = %s AND {TEXT} LIKE %L
                $query$, {SAMPLE} * 100.0 / pages, ours, '%' || escaped || '%') INTO hits;
            IF hits * pages / {SAMPLE} > {MANY} THEN
                RETURN NULL;
            END IF;
        END IF;
        EXECUTE format($query$
            SELECT array_agg(id) FROM (
                SELECT id FROM contacts_contact WHERE organization_id = %s AND {TEXT} LIKE %L LIMIT %s) AS these
            $query$, ours, '%' || escaped || '%', most + 1) INTO found;
    END IF;
    IF cardinality(found) > most THEN
        RETURN NULL;
    END IF;
    RETURN coalesce(found, ARRAY[]::bigint[]);
END
$body$;

REVOKE ALL ON FUNCTION contacts_search.few FROM PUBLIC;
GRANT EXECUTE ON FUNCTION contacts_search.few TO posthouse_app;
ALTER FUNCTION contacts_search.few OWNER TO posthouse_daemon;
REVOKE CREATE ON SCHEMA contacts_search FROM posthouse_daemon;
DROP FUNCTION contacts_search.find;
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0009_own_language")]

    operations = [
        migrations.RunSQL(FUNCTION, migrations.RunSQL.noop),
        migrations.AddIndex(
            "contact",
            # Whoever came with one import, or in one month, lies close together.
            BrinIndex(fields=["created_at", "import_id"], name="contact_came", pages_per_range=32, autosummarize=True),
        ),
        migrations.AddIndex(
            "contact",
            models.Index(fields=["form_id", "-id"], name="contact_by_form", condition=models.Q(form_id__isnull=False)),
        ),
        migrations.AddIndex(
            "subscription",
            models.Index(
                fields=["topic", "state", "-contact"], name="subscription_not_standing", condition=models.Q(state__gt=1)
            ),
        ),
    ]
