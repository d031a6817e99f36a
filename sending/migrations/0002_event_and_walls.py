"""The event log, partitioned by month, and row-level security for the tables of sending."""

from django.db import migrations

from accounts.row_security import APPEND, behind_wall, open_to_daemons

EVENT = """
CREATE SEQUENCE sending_event_id_seq AS bigint;
CREATE TABLE sending_event (
    id bigint NOT NULL DEFAULT nextval('sending_event_id_seq'),
    at timestamptz NOT NULL DEFAULT now(),
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    organization_id bigint NOT NULL,
    mailing_id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    kind smallint NOT NULL,
    variant smallint NOT NULL DEFAULT 0,
    link smallint NOT NULL DEFAULT -1,
    provider text NOT NULL DEFAULT '',
    code text NOT NULL DEFAULT '',
    text text NOT NULL DEFAULT '',
    facts jsonb NOT NULL DEFAULT '{}'
) PARTITION BY RANGE (at);
ALTER SEQUENCE sending_event_id_seq OWNED BY sending_event.id;
CREATE INDEX event_by_delivery ON sending_event (delivery_id);
CREATE INDEX event_by_time ON sending_event USING brin (at);
CREATE TABLE sending_event_default PARTITION OF sending_event DEFAULT;
REVOKE ALL ON sending_event_default FROM posthouse_app, posthouse_daemon;  -- rows are reached by the parent only
"""

# The partitions of this month and the next `ahead` ones. Rows of a month that went to the default partition keep it
# from getting its own: that is said, not silently retried for ever.
PARTITIONS = """
CREATE FUNCTION posthouse_make_event_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first timestamptz;
    partition text;
    made integer := 0;
BEGIN
    FOR i IN 0..ahead LOOP
        first := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
        partition := 'sending_event_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass(partition) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF sending_event FOR VALUES FROM (%L) TO (%L)', partition, first,
                    (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
                EXECUTE format('REVOKE ALL ON %I FROM posthouse_app, posthouse_daemon', partition);
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                RAISE WARNING 'The events of % stay in the default partition.', partition;
            WHEN duplicate_table THEN
                NULL;  -- another process made it at the same moment
            END;
        END IF;
    END LOOP;
    RETURN made;
END
$$;
SELECT posthouse_make_event_partitions(2);
"""

TENANT_TABLES = (
    "delivery",
    "engagement",
    "lane",
    "letter",
    "mailing",
    "mailingvariant",
    "sendingdomain",
    "storedmessage",
    "stream",
    "tally",
)


class Migration(migrations.Migration):
    dependencies = [("sending", "0001_initial"), ("accounts", "0002_walls")]

    operations = [
        migrations.RunSQL(EVENT, "DROP TABLE sending_event"),
        migrations.RunSQL(PARTITIONS, "DROP FUNCTION posthouse_make_event_partitions"),
        *(behind_wall(f"sending_{table}") for table in TENANT_TABLES),
        behind_wall("sending_event", grant=APPEND),
        open_to_daemons("sending_relay"),
        open_to_daemons("sending_intent"),
        open_to_daemons("sending_pool"),
    ]
