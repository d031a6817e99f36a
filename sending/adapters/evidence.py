"""A hit proves that a message arrived: settles unconfirmed ones as delivered. One statement, for psycopg and for Django."""

from sending.enums import Bucket, DeliveryState, EventKind

# Takes %(ids)s, a list of delivery ids; gives the ids that were in doubt.
ARRIVED = f"""
WITH done AS (
    UPDATE sending_delivery SET state = {DeliveryState.DELIVERED:d}, changed_at = now()
    WHERE id = ANY(%(ids)s) AND state = {DeliveryState.IN_DOUBT:d}
    RETURNING id, organization_id, mailing_id, variant, provider
), log AS (
    INSERT INTO sending_event (at, organization_id, mailing_id, delivery_id, kind, variant, provider, facts)
    SELECT clock_timestamp(), organization_id, mailing_id, id, {EventKind.DELIVERED:d}, variant, provider,
           '{{"evidence": "hit"}}' FROM done
), counted AS (
    INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
    SELECT organization_id, mailing_id, variant, provider, k.kind, -1, k.sign * count(*), now()
    FROM done CROSS JOIN (VALUES ({Bucket.IN_DOUBT:d}, -1), ({Bucket.DELIVERED:d}, 1), ({EventKind.DELIVERED:d}, 1)) k(kind, sign)
    GROUP BY 1, 2, 3, 4, 5, k.sign
)
SELECT id FROM done
"""
