"""The relay's statements about ESP accounts: what they are spoken to with, their health, the way of streams, overdue reports.

Each is one transaction, and none needs to be done by one relay only: whoever comes second finds nothing to change.
"""

from sending.adapters.ledger_sql import AT_ONCE, NEWS_CHANNEL
from sending.enums import Bucket, DeliveryState, EventKind, StreamKind

ACCOUNT = """
SELECT a.kind, a.region, a.secrets, a.name, coalesce(
    (SELECT d.name FROM sending_sendingdomain d WHERE d.organization_id = a.organization_id ORDER BY d.state <> 'verified', d.id
     LIMIT 1), '')
FROM sending_espaccount a WHERE a.id = %(account)s AND a.disconnected_at IS NULL
"""

# `ok`: seconds ago that a call was last answered as it should be; NULL: none has been since the last time.
HEALTH = """
UPDATE sending_espaccount SET
    called_at = now(),
    ok_at = CASE WHEN %(ok)s THEN now() ELSE ok_at END,
    failing_since = CASE WHEN %(failing)s::float8 IS NULL THEN NULL
                         ELSE least(failing_since, now() - make_interval(secs => %(failing)s::float8)) END,
    refused_at = CASE WHEN %(refused)s THEN coalesce(refused_at, now()) WHEN %(ok)s THEN NULL ELSE refused_at END,
    told_at = CASE WHEN %(ok)s THEN NULL ELSE told_at END,
    words = CASE WHEN %(failing)s::float8 IS NULL THEN '' ELSE %(words)s END
WHERE id = %(account)s AND disconnected_at IS NULL
"""

_LOG = """
log AS (
    INSERT INTO accounts_auditentry (organization_id, at, actor_name, verb, target_kind, target_id, target_name, data)
    SELECT organization_id, now(), '', {verb}, 'sending.stream', id::text, kind, {data} FROM done
)"""

# Back after five minutes at the earliest; each time that it fails again within a day, twice as late.
_LATER = """
    fail_overs = CASE WHEN s.not_back_before > now() - interval '1 day' THEN least(s.fail_overs + 1, 7) ELSE 1 END,
    not_back_before = now() + interval '5 minutes'
        * 2 ^ (CASE WHEN s.not_back_before > now() - interval '1 day' THEN least(s.fail_overs, 6) ELSE 0 END)"""

# The first way is out of order: the other one, unless that is out of order too.
FAIL_OVER = f"""
WITH done AS (
    UPDATE sending_stream s SET failed_over_at = now(), failed_over_why = %(why)s, {_LATER}
    WHERE s.account_id = %(account)s AND s.has_failover AND s.failed_over_at IS NULL
      AND (s.failover_account_id IS NULL OR NOT EXISTS (
          SELECT FROM sending_espaccount f WHERE f.id = s.failover_account_id
          AND (f.refused_at IS NOT NULL OR f.failing_since IS NOT NULL)))
    RETURNING s.id, s.organization_id, s.kind
),
{_LOG.format(verb="'sending.route_failed_over'", data="jsonb_build_object('why', %(why)s::text)")}
SELECT done.id, pg_notify('{NEWS_CHANNEL}', '{AT_ONCE}') FROM done
"""

# Our own relay is out of order for it, as one relay sees it, and none has delivered any of it since. What was delivered of
# late is looked up once, and not once for each mailing of the stream.
LEAVE_OWN = f"""
WITH recent AS MATERIALIZED (
    SELECT DISTINCT e.mailing_id FROM sending_event e
    WHERE e.at > now() - make_interval(mins => %(minutes)s) AND e.kind = {EventKind.DELIVERED:d}
),
done AS (
    UPDATE sending_stream s SET failed_over_at = now(), failed_over_why = %(why)s, {_LATER}
    WHERE s.id = %(stream)s AND s.account_id IS NULL AND s.has_failover AND s.failed_over_at IS NULL
      AND EXISTS (SELECT FROM sending_espaccount f WHERE f.id = s.failover_account_id AND f.disconnected_at IS NULL
                  AND f.refused_at IS NULL AND f.failing_since IS NULL)
      AND NOT EXISTS (SELECT FROM recent JOIN sending_mailing m ON m.id = recent.mailing_id WHERE m.stream_id = s.id)
    RETURNING s.id, s.organization_id, s.kind
),
{_LOG.format(verb="'sending.route_failed_over'", data="jsonb_build_object('why', %(why)s::text)")}
SELECT done.id, pg_notify('{NEWS_CHANNEL}', '{AT_ONCE}') FROM done
"""

# Nothing of it can be asked whether all is well: it goes back by the clock, and leaves again when it is not.
BACK_TO_OWN = f"""
WITH done AS (
    UPDATE sending_stream s SET failed_over_at = NULL, failed_over_why = ''
    WHERE s.account_id IS NULL AND s.failed_over_at IS NOT NULL AND s.not_back_before <= now()
    RETURNING s.id, s.organization_id, s.kind
),
{_LOG.format(verb="'sending.route_went_back'", data="'{}'::jsonb")}
SELECT done.id, pg_notify('{NEWS_CHANNEL}', '{AT_ONCE}') FROM done
"""

# Accounts that streams would go back to, if they were well.
MISSED = f"""
SELECT DISTINCT s.account_id FROM sending_stream s
WHERE s.failed_over_at IS NOT NULL AND s.account_id IS NOT NULL AND s.not_back_before <= now()
  AND s.kind <> '{StreamKind.TEST}'
"""

GO_BACK = f"""
WITH done AS (
    UPDATE sending_stream s SET failed_over_at = NULL, failed_over_why = ''
    WHERE s.account_id = %(account)s AND s.failed_over_at IS NOT NULL AND s.not_back_before <= now()
    RETURNING s.id, s.organization_id, s.kind
),
{_LOG.format(verb="'sending.route_went_back'", data="'{}'::jsonb")}
SELECT done.id, pg_notify('{NEWS_CHANNEL}', '{AT_ONCE}') FROM done
"""

# An ESP took them, and has said nothing for so long.
OVERDUE = f"""
WITH chosen AS MATERIALIZED (
    SELECT d.id FROM sending_delivery d
    WHERE d.state = {DeliveryState.HANDED_OVER:d} AND d.changed_at < now() - make_interval(hours => %(hours)s)
    LIMIT 2000 FOR NO KEY UPDATE SKIP LOCKED
),
done AS (
    UPDATE sending_delivery d SET state = {DeliveryState.IN_DOUBT:d}, reason = 'no_report', changed_at = now()
    FROM chosen WHERE d.id = chosen.id
    RETURNING d.id, d.organization_id, d.mailing_id, d.variant, d.provider
),
log AS (
    INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, variant, provider, text, facts)
    SELECT organization_id, mailing_id, id, {EventKind.IN_DOUBT:d}, variant, provider,
           'The ESP has not said for ' || %(hours)s::int || ' hours what became of it.', '{{"class": "no_report"}}'
    FROM done
),
counted AS (
    INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
    SELECT organization_id, mailing_id, variant, provider, x.kind, -1, sum(x.n), now()
    FROM done CROSS JOIN (VALUES ({Bucket.HANDED_OVER:d}, -1), ({Bucket.IN_DOUBT:d}, 1), ({EventKind.IN_DOUBT:d}, 1)) x (kind, n)
    GROUP BY 1, 2, 3, 4, 5
)
SELECT count(*) FROM done
"""
