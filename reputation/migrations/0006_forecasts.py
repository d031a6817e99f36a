"""What an organization may know of the addresses that carry its mail, also of shared ones: budgets and paces, and no address.

`warming.budgets(wish)`: of each address of the pool that carries a stream's mail (`wish`: the stream's own pool, or NULL) its budgets,
or one row without a provider when it has none. The pool is chosen as the relay does (sending/adapters/source_sql.py: Pools).
`warming.paces()`: messages that each provider took in its best hour of the last week, from all addresses together.
"""

from django.db import migrations

FUNCTIONS = """
CREATE SCHEMA warming;
GRANT USAGE ON SCHEMA warming TO posthouse_app, posthouse_daemon;
GRANT CREATE ON SCHEMA warming TO posthouse_daemon;

CREATE FUNCTION warming.budgets(wish bigint)
RETURNS TABLE (address bigint, is_shared boolean, provider text, messages int, used bigint, schedule text, growth float8, volume int,
               state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
    WITH ours AS (SELECT nullif(current_setting('posthouse.organization', true), '')::bigint AS id),
    there AS (
        SELECT p.id, p.organization_id, CASE
                WHEN p.id = wish THEN 0 WHEN p.is_default AND p.organization_id IS NOT NULL THEN 1 ELSE 2 END AS place
        FROM sending_pool p, ours
        WHERE (p.organization_id IS NULL OR p.organization_id = ours.id) AND (p.id = wish OR p.is_default)
          AND EXISTS (SELECT 1 FROM sending_pooladdress a JOIN sending_egressip e ON e.id = a.address_id
                      WHERE a.pool_id = p.id AND e.state <> 'retired')
        ORDER BY place LIMIT 1
    ),
    today AS (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS began)
    SELECT dense_rank() OVER (ORDER BY e.id), there.organization_id IS NULL, b.provider, b.messages, (
               SELECT coalesce(sum(c.delivered + c.deferred + c.bounced + c.blocked), 0) FROM (
                   SELECT * FROM sending_sourcecount f
                   WHERE f.folded AND f.source_id = e.id AND f.hour >= (SELECT began FROM today)
                   UNION ALL
                   SELECT * FROM sending_sourcecount f
                   WHERE NOT f.folded AND f.source_id = e.id AND f.hour >= (SELECT began FROM today)
               ) c WHERE b.provider = '' OR c.provider = b.provider)::bigint,
           w.schedule, w.growth, w.volume, w.state
    FROM there
    JOIN sending_pooladdress a ON a.pool_id = there.id
    JOIN sending_egressip e ON e.id = a.address_id AND e.state = 'active'
    LEFT JOIN sending_budget b ON b.source_id = e.id
    LEFT JOIN reputation_warmup w ON w.address_id = e.id
$body$;

CREATE FUNCTION warming.paces() RETURNS TABLE (provider text, an_hour bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
    SELECT provider, max(taken)::bigint FROM (
        SELECT provider, sum(delivered) AS taken FROM sending_sourcecount
        WHERE folded AND hour > now() - interval '7 days' GROUP BY provider, hour
    ) hours GROUP BY provider
$body$;

REVOKE ALL ON FUNCTION warming.budgets, warming.paces FROM PUBLIC;
GRANT EXECUTE ON FUNCTION warming.budgets, warming.paces TO posthouse_app;
ALTER FUNCTION warming.budgets OWNER TO posthouse_daemon;
ALTER FUNCTION warming.paces OWNER TO posthouse_daemon;
REVOKE CREATE ON SCHEMA warming FROM posthouse_daemon;
"""


class Migration(migrations.Migration):
    dependencies = [("reputation", "0005_warming")]

    operations = [migrations.RunSQL(FUNCTIONS, "DROP SCHEMA warming CASCADE")]
