"""A hit proves that a message arrived: settles those of which nothing more was known as delivered.

One statement, for psycopg and for Django.
"""

from sending.enums import Bucket, DeliveryState, EventKind

# Takes %(ids)s, a list of delivery ids; gives the ids that were unconfirmed, or with an ESP.
ARRIVED = f"""
WITH done AS (
    UPDATE sending_delivery d SET state = {DeliveryState.DELIVERED:d}, reason = '', changed_at = now()
    FROM (
        SELECT id, CASE state WHEN {DeliveryState.IN_DOUBT:d} THEN {Bucket.IN_DOUBT:d} ELSE {Bucket.HANDED_OVER:d} END AS bucket
        FROM sending_delivery
        WHERE id = ANY(%(ids)s) AND state IN ({DeliveryState.IN_DOUBT:d}, {DeliveryState.HANDED_OVER:d})
        FOR NO KEY UPDATE
    ) was WHERE d.id = was.id
    RETURNING d.id, d.organization_id, d.mailing_id, d.variant, d.provider, was.bucket
), log AS (
    INSERT INTO sending_event (at, organization_id, mailing_id, delivery_id, kind, variant, provider, facts)
    SELECT clock_timestamp(), organization_id, mailing_id, id, {EventKind.DELIVERED:d}, variant, provider,
           '{{"evidence": "hit"}}' FROM done
), counted AS (
    INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
    SELECT organization_id, mailing_id, variant, provider, k.kind, -1, k.sign * count(*), now()
    FROM done CROSS JOIN LATERAL (VALUES (bucket, -1), ({Bucket.DELIVERED:d}, 1), ({EventKind.DELIVERED:d}, 1)) k(kind, sign)
    GROUP BY 1, 2, 3, 4, 5, k.sign
)
SELECT id FROM done
"""
