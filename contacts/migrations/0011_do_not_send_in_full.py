"""The do-not-send list at a million entries: an index for every filter, a search that knows what is rare, and who lifted.

Traps as in 0010: trigram operators are not leakproof, so under row-level security their index is not used; hence a function
that runs as posthouse_daemon and takes the organization from the transaction's setting itself. And a trigram index reads all
matches of a common needle before the first: hence a look at a sample of the table's pages.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.row_security import behind_wall

SHORTEST = 3  # characters; a shorter needle finds the addresses that begin with it
SAMPLE = 200  # pages of the table
MANY = 10_000  # matches

FUNCTION = f"""
CREATE INDEX suppression_search ON contacts_suppression USING gin (organization_id, address_key gin_trgm_ops);

GRANT CREATE ON SCHEMA contacts_search TO posthouse_daemon;

-- Every entry that a needle finds, if they are few; NULL if they are many.
CREATE FUNCTION contacts_search.few_entries(needle text, most int) RETURNS bigint[]
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
                SELECT id FROM contacts_suppression
                WHERE organization_id = %s AND address_key >= %L AND address_key < %L AND starts_with(address_key, %L)
                LIMIT %s) few
            $query$, ours, needle, needle || chr(1114111), needle, most + 1) INTO found;
    ELSE
        pages := greatest(pg_relation_size('contacts_suppression') / 8192, 1);
        IF pages > {SAMPLE} THEN
            EXECUTE format($query$
                SELECT count(*) FROM contacts_suppression TABLESAMPLE SYSTEM (%s) REPEATABLE (1)
                WHERE organization_id = %s AND address_key LIKE %L
                $query$, {SAMPLE} * 100.0 / pages, ours, '%' || escaped || '%') INTO hits;
            IF hits * pages / {SAMPLE} > {MANY} THEN
                RETURN NULL;
            END IF;
        END IF;
        EXECUTE format($query$
            SELECT array_agg(id) FROM (
                SELECT id FROM contacts_suppression WHERE organization_id = %s AND address_key LIKE %L LIMIT %s) few
            $query$, ours, '%' || escaped || '%', most + 1) INTO found;
    END IF;
    IF cardinality(found) > most THEN
        RETURN NULL;
    END IF;
    RETURN coalesce(found, ARRAY[]::bigint[]);
END
$body$;

REVOKE ALL ON FUNCTION contacts_search.few_entries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION contacts_search.few_entries TO posthouse_app;
ALTER FUNCTION contacts_search.few_entries OWNER TO posthouse_daemon;
REVOKE CREATE ON SCHEMA contacts_search FROM posthouse_daemon;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_forget_in_audit'),
        ('contacts', '0010_people_search'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Health',
            fields=[
                ('organization', models.OneToOneField(db_index=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='accounts.organization')),
                ('facts', models.JSONField(default=dict)),
                ('samples', models.JSONField(default=dict)),
                ('duplicates', models.JSONField(default=list)),
                ('silent_days', models.PositiveIntegerField(default=180, help_text='Unengaged: no open or click by a human for so long,')),
                ('silent_sends', models.PositiveIntegerField(default=5, help_text='although they got so many mails in that time.')),
                ('counted_at', models.DateTimeField(null=True)),
                ('asked_at', models.DateTimeField(help_text='When counting was asked for; empty: nobody waits for it.', null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='suppression',
            name='lifted_by',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(fields=['organization', 'reason', '-id'], name='suppression_by_reason'),
        ),
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(fields=['organization', 'source', '-id'], name='suppression_by_source'),
        ),
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(condition=models.Q(('lifted_at__isnull', False)), fields=['organization', '-id'], name='suppression_lifted'),
        ),
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(fields=['organization', 'address_key'], name='suppression_by_address'),
        ),
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(condition=models.Q(('topic__isnull', False)), fields=['organization', 'topic', '-id'], name='suppression_of_topic'),
        ),
        behind_wall("contacts_health"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION contacts_search.few_entries; DROP INDEX suppression_search"),
    ]
