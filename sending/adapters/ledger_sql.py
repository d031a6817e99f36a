"""The ledger's protocol in SQL: claim, flush, beat, trim, reap. What each statement promises is in docs/operating/relay.md.

Every statement is one transaction. `relay` is always guarded: a relay that was ended by another can claim nothing and gets no
leave, because the row is locked FOR SHARE, which the reaper's UPDATE waits for (FOR KEY SHARE would not block it).
"""

from sending.adapters.less_often import has_had_enough
from sending.enums import (
    ERASED_PREFIX,
    EVENT_OF_STATE,
    TLS_REPORTS,
    Bucket,
    DeliveryState,
    EventKind,
    Hold,
    Reason,
    StreamKind,
)

NEWS_CHANNEL = "posthouse_mail"
AT_ONCE = "at once"  # what is said there when people wait for it

LEASE = "interval '10 seconds'"
MOST_DOUBTS = 4  # tries, after which an unconfirmed message waits for evidence or for a person

_QUEUED, _SENDING, _DEFERRED = int(DeliveryState.QUEUED), int(DeliveryState.SENDING), int(DeliveryState.DEFERRED)
_IN_DOUBT = int(DeliveryState.IN_DOUBT)

# Who may not get it, asked at the claim and again for the final dot: the do-not-send lists (ours, of the topic, of the
# installation), the topic (also a subscription that was taken back with its import or job since), the archive, and what the
# person chose. Each is one probe of an index; next to nobody has a row among the preferences, and only who wants mail less
# often has their messages counted.
_REFUSAL = f"""
    coalesce(
        CASE WHEN d.address LIKE '{ERASED_PREFIX}%%' THEN 'erased' END,
        (SELECT min(x.reason) FROM contacts_suppression x
         WHERE x.organization_id = d.organization_id AND x.address_key = d.address AND x.lifted_at IS NULL
           AND x.topic_id IS NULL AND (s.kind = '{StreamKind.MARKETING}' OR NOT x.marketing_only)),
        (SELECT '{Reason.HOUSE}' FROM contacts_housesuppression h WHERE h.address_key = d.address),
        CASE WHEN s.kind = '{StreamKind.MARKETING}' THEN coalesce(
            (SELECT min(x.reason) FROM contacts_suppression x
             WHERE x.organization_id = d.organization_id AND x.address_key = d.address AND x.lifted_at IS NULL
               AND x.topic_id = m.topic_id),
            (SELECT 'unsubscribed_topic' FROM contacts_subscription u
             WHERE u.topic_id = m.topic_id AND u.contact_id = d.contact_id AND u.state = 3),
            CASE WHEN EXISTS (SELECT 1 FROM contacts_subscription u
                              WHERE u.topic_id = m.topic_id AND u.contact_id = d.contact_id) THEN NULL ELSE
                (SELECT 'unsubscribed_topic' FROM contacts_consentrecord r
                 WHERE r.contact_id = d.contact_id AND r.topic_id = m.topic_id AND r.action = 'reverted' LIMIT 1) END,
            (SELECT 'archived' FROM contacts_contact a WHERE a.id = d.contact_id AND a.archived_at IS NOT NULL),
            (SELECT CASE
                WHEN p.paused_until > now() THEN '{Reason.PAUSED}'
                WHEN p.cap <> '' AND {has_had_enough(contact="d.contact_id", cap="p.cap", but="d.id")}
                    THEN '{Reason.LESS_OFTEN}' END
             FROM contacts_preference p WHERE p.contact_id = d.contact_id)) END,
        '')"""

_VARIANT_HOLD = """(SELECT v.hold FROM sending_mailingvariant v
     WHERE d.variant <> 0 AND v.mailing_id = d.mailing_id AND v.variant = d.variant)"""

# "+ 0" keeps the planner from the index of held rows: it believes that there are none, and would go through all of them for
# each of ours. Rows are found by their ids.
_MINE = f"d.state + 0 = {_SENDING} AND d.relay_id + 0 = %(relay)s"

# Also what will be due only later: so the relay wakes at that very moment. A mailing in its undo window is given with the
# moment at which that ends; a variant that waits for the others is not.
WAITING = f"""
SELECT l.id, l.organization_id, l.mailing_id, l.domain, greatest(l.priority, s.priority),
       extract(epoch FROM d.due_at)::float8, extract(epoch FROM s.give_up_after)::float8,
       greatest(0, extract(epoch FROM greatest(d.due_at, m.held_until) - clock_timestamp()))::float8, m.hold IS NOT NULL,
       (SELECT o.tls_only FROM accounts_organization o WHERE o.id = l.organization_id),
       m.letter_id IS NULL AND m.name = '{TLS_REPORTS}',
       coalesce(a.id, 0), coalesce(a.version, 0),
       CASE WHEN s.has_failover AND s.account_id IS NULL AND s.failed_over_at IS NULL THEN s.id ELSE 0 END,
       coalesce(s.pool_id, 0),
       s.overflow OR s.kind <> '{StreamKind.MARKETING}'
FROM sending_lane l
JOIN sending_mailing m ON m.id = l.mailing_id
JOIN sending_stream s ON s.id = m.stream_id
LEFT JOIN sending_espaccount a ON a.id = CASE WHEN s.failed_over_at IS NULL THEN s.account_id ELSE s.failover_account_id END
LEFT JOIN sending_mailingvariant v ON l.variant <> 0 AND v.mailing_id = l.mailing_id AND v.variant = l.variant
CROSS JOIN LATERAL (
    SELECT due_at FROM sending_delivery
    WHERE lane_id = l.id AND state IN ({_QUEUED}, {_DEFERRED})
    ORDER BY due_at, id LIMIT 1
) d
WHERE l.open AND v.hold IS NULL AND (m.hold IS NULL OR m.hold = '{Hold.UNDO}' AND m.held_until IS NOT NULL)
"""

# The undo window of a launch ends. Whoever takes the launch back holds the same lock: then it is not lifted here.
LET_GO = f"""
UPDATE sending_mailing SET hold = NULL, held_at = NULL, held_until = NULL WHERE id IN (
    SELECT id FROM sending_mailing WHERE hold = '{Hold.UNDO}' AND held_until <= clock_timestamp() FOR UPDATE SKIP LOCKED)
"""

# From when a message ages: it was made, those whom it waited for were done, or it was chosen to be sent again. The last is
# asked of old ones only.
_BORN = """greatest(d.created_at, v.released_at, CASE WHEN d.created_at < now() - interval '1 hour' THEN
    (SELECT max(r.ordered_at) FROM sending_retry r WHERE r.mailing_id = d.mailing_id) END)"""

# The cursor (due_at, id) of each lane spares a claim the dead head of the index. `but`: not what was tried from these addresses.
CLAIM = f"""
WITH me AS MATERIALIZED (SELECT id FROM sending_relay WHERE id = %(relay)s AND ended_at IS NULL FOR SHARE),
chosen AS MATERIALIZED (
    SELECT q.id, l.account FROM me
    CROSS JOIN unnest(%(lanes)s::bigint[], %(limits)s::int[], %(dues)s::timestamptz[], %(ids)s::bigint[], %(but)s::text[],
                      %(accounts)s::bigint[]) l (id, n, due, after, but, account)
    CROSS JOIN LATERAL (
        SELECT d.id FROM sending_delivery d
        WHERE d.lane_id = l.id AND d.state IN ({_QUEUED}, {_DEFERRED}) AND d.due_at <= now()
          AND (d.due_at, d.id) > (l.due, l.after)
          AND (d.source_id IS NULL OR d.source_id <> ALL (l.but::bigint[]))
        ORDER BY d.due_at, d.id LIMIT l.n FOR UPDATE SKIP LOCKED
    ) q
),
claimed AS (
    UPDATE sending_delivery d SET state = {_SENDING}, relay_id = %(relay)s, account_id = nullif(chosen.account, 0)
    FROM chosen WHERE d.id = chosen.id
    RETURNING d.id, d.organization_id, d.lane_id, d.mailing_id, d.address, d.attempts, d.due_at, d.created_at,
              d.variant, d.contact_id, d.source_id
)
SELECT d.id, d.lane_id, d.address, d.attempts, d.due_at, extract(epoch FROM {_BORN})::float8,
       {_REFUSAL}, coalesce(d.source_id, 0),
       d.organization_id, d.mailing_id, d.contact_id,
       CASE WHEN d.variant = 0 THEN m.letter_id ELSE v.letter_id END,
       c.values, c.locale
FROM claimed d
JOIN sending_mailing m ON m.id = d.mailing_id
LEFT JOIN sending_mailingvariant v ON d.variant <> 0 AND v.mailing_id = d.mailing_id AND v.variant = d.variant
JOIN sending_stream s ON s.id = m.stream_id
LEFT JOIN contacts_contact c ON c.id = d.contact_id
ORDER BY d.due_at, d.id
"""

_EVENT_OF_STATE = " ".join(f"WHEN {state:d} THEN {kind:d}" for state, kind in EVENT_OF_STATE.items())
_BUCKET_OF_STATE = " ".join(
    f"WHEN {state:d} THEN {Bucket[state.name if state is not DeliveryState.DEFERRED else 'RETRYING']:d}"
    for state in EVENT_OF_STATE
)
_BUCKET_BEFORE = f"CASE WHEN attempts_before > 0 THEN {Bucket.RETRYING:d} ELSE {Bucket.ON_ITS_WAY:d} END"

# Classes of trouble. Before a server has answered an address nothing ties the message to it. Blocks are about us or our words.
NOT_ANSWERED = ("network", "dns", "tls")
BLOCKS = ("ip_reputation", "domain_reputation", "content", "policy", "authentication")

# `state` 0: released, back to where it was before the claim, without a trace.
FLUSH = f"""
WITH me AS MATERIALIZED (SELECT id FROM sending_relay WHERE id = %(relay)s AND ended_at IS NULL FOR SHARE),
given AS MATERIALIZED (
    SELECT * FROM unnest(
        %(ids)s::bigint[], %(states)s::smallint[], %(reasons)s::text[], %(codes)s::text[], %(texts)s::text[], %(hosts)s::text[],
        %(providers)s::text[], %(dues)s::float8[], %(tried)s::bool[], %(suppress)s::text[], %(tls)s::text[],
        %(likenesses)s::text[], %(traces)s::text[], %(sources)s::bigint[], %(borns)s::float8[]
    ) g (id, state, reason, code, text, host, provider, due, tried, suppress, tls, likeness, trace, source, born)
),
done AS (
    UPDATE sending_delivery d SET
        state = CASE g.state WHEN 0 THEN CASE WHEN d.attempts > 0 THEN {_DEFERRED} ELSE {_QUEUED} END ELSE g.state END,
        attempts = d.attempts + g.tried::int,
        due_at = CASE g.state WHEN {_DEFERRED} THEN to_timestamp(g.due) ELSE d.due_at END,
        reason = CASE g.state WHEN 0 THEN d.reason ELSE g.reason END,
        code = CASE g.state WHEN 0 THEN d.code ELSE g.code END,
        provider = CASE g.provider WHEN '' THEN d.provider ELSE g.provider END,
        changed_at = CASE g.state WHEN 0 THEN d.changed_at ELSE now() END,
        created_at = CASE g.born WHEN 0 THEN d.created_at ELSE least(to_timestamp(g.born), now()) END,  -- not after its event
        source_id = CASE WHEN g.source = 0 OR g.reason IN {NOT_ANSWERED} THEN d.source_id ELSE g.source END,
        relay_id = NULL
    FROM given g JOIN sending_delivery o ON o.id = g.id
    WHERE d.id = g.id AND {_MINE}
    RETURNING d.id, d.organization_id, d.mailing_id, d.variant, d.address, d.provider, d.state, o.provider AS provider_before,
              o.attempts AS attempts_before, g.state AS given_state, g.reason, g.code, g.text, g.host, g.suppress, g.tls,
              g.likeness, g.trace, g.source
),
log AS (
    INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, variant, provider, code, text, facts)
    SELECT organization_id, mailing_id, id, CASE state {_EVENT_OF_STATE} END, variant, provider, code, text,
           jsonb_strip_nulls(jsonb_build_object(
               'host', nullif(host, ''), 'class', nullif(reason, ''), 'tls', nullif(tls, '')))
               || coalesce(nullif(trace, '')::jsonb, '{{}}')
    FROM done WHERE given_state <> 0
),
counted AS (
    INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
    SELECT organization_id, mailing_id, variant, x.provider, x.kind, -1, sum(x.n), now()
    FROM done CROSS JOIN LATERAL (VALUES
        (provider_before, {_BUCKET_BEFORE}, -1),
        (provider, CASE state {_BUCKET_OF_STATE} END, 1),
        (provider, CASE state {_EVENT_OF_STATE} END, 1)
    ) x (provider, kind, n)
    WHERE given_state <> 0
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(x.n) <> 0
),
answered AS (
    INSERT INTO sending_sourcecount (source_id, provider, hour, delivered, deferred, bounced, blocked)
    SELECT source, provider, date_trunc('hour', now(), 'UTC'), count(*) FILTER (WHERE state = {DeliveryState.DELIVERED:d}),
           count(*) FILTER (WHERE state IN ({_DEFERRED}, {DeliveryState.EXPIRED:d}) AND reason NOT IN {BLOCKS}),
           count(*) FILTER (WHERE state = {DeliveryState.BOUNCED:d} AND reason NOT IN {BLOCKS}),
           count(*) FILTER (WHERE state <> {DeliveryState.DELIVERED:d} AND reason IN {BLOCKS})
    FROM done WHERE source <> 0 AND given_state <> 0 AND state <> {_IN_DOUBT}
    GROUP BY 1, 2
),
waves AS MATERIALIZED (
    SELECT id, likeness FROM sending_bouncewave WHERE likeness = ANY(%(likenesses)s::text[]) AND open_until > now()
),
held_back AS (
    INSERT INTO sending_heldbounce (organization_id, wave_id, delivery_id, address_key, code, text, held_at, decision)
    SELECT organization_id, w.id, done.id, address, code, text, now(), 'waiting'
    FROM done JOIN waves w USING (likeness) WHERE suppress <> '' AND address NOT LIKE '{ERASED_PREFIX}%%'
    ON CONFLICT (organization_id, wave_id, address_key) WHERE decision = 'waiting' DO NOTHING
),
blocked AS (
    INSERT INTO contacts_suppression
        (organization_id, address_key, reason, marketing_only, source, evidence, about, created_at, lifted_why)
    SELECT organization_id, address, suppress, false, 'relay', concat_ws(' ', code, text), 'd' || id, now(), ''
    FROM done WHERE suppress <> '' AND address NOT LIKE '{ERASED_PREFIX}%%' AND likeness NOT IN (SELECT likeness FROM waves)
    ON CONFLICT (organization_id, address_key, reason) WHERE lifted_at IS NULL AND topic_id IS NULL DO NOTHING
),
may AS MATERIALIZED (
    SELECT d.id, coalesce(m.hold, {_VARIANT_HOLD}, '') AS hold, {_REFUSAL} AS refusal,
           (SELECT o.tls_only FROM accounts_organization o WHERE o.id = d.organization_id) AS tls_only
    FROM me CROSS JOIN unnest(%(asked)s::bigint[]) n (id)
    JOIN sending_delivery d ON d.id = n.id AND {_MINE}
    JOIN sending_mailing m ON m.id = d.mailing_id
    JOIN sending_stream s ON s.id = m.stream_id
),
mark AS (
    INSERT INTO sending_intent (relay_id, seq, ids, at)
    SELECT %(relay)s, %(seq)s, array_agg(id), now() FROM may WHERE hold = '' AND refusal = '' HAVING count(*) > 0
)
SELECT id, hold, refusal, tls_only FROM may
"""

REGISTER = """
INSERT INTO sending_relay (name, pid, started_at, beat_at, facts) VALUES (%(name)s, %(pid)s, now(), now(), '{}')
RETURNING id, extract(epoch FROM clock_timestamp())::float8
"""

BEAT = f"""
WITH me AS (
    UPDATE sending_relay SET beat_at = now(), facts = %(facts)s WHERE id = %(relay)s AND ended_at IS NULL RETURNING id
)
SELECT (SELECT count(*) FROM sending_relay r WHERE r.ended_at IS NULL AND r.beat_at > now() - {LEASE} AND r.id <> me.id) + 1,
       extract(epoch FROM clock_timestamp())::float8
FROM me
"""

LEARNED = """
SELECT (r.facts -> 'learned')::text FROM sending_relay r
WHERE r.id > %(relay)s - 50 AND r.beat_at > now() - interval '6 hours' AND jsonb_typeof(r.facts -> 'learned') = 'array'
ORDER BY r.beat_at DESC LIMIT 8
"""

LEAVE = "UPDATE sending_relay SET ended_at = now() WHERE id = %(relay)s AND ended_at IS NULL"

TRIM = "DELETE FROM sending_intent WHERE relay_id = %(relay)s AND seq < %(before)s"

END_SILENT = f"""
UPDATE sending_relay SET ended_at = now() WHERE ended_at IS NULL AND beat_at < now() - {LEASE} RETURNING id, name
"""

# One relay's rows, some at a time. `seen` tells whether there was anything to give back.
SWEEP = f"""
WITH dead AS MATERIALIZED (
    SELECT id FROM sending_relay WHERE ended_at IS NOT NULL AND swept_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
),
doubtful AS MATERIALIZED (SELECT DISTINCT unnest(i.ids) AS id FROM sending_intent i JOIN dead ON i.relay_id = dead.id),
held AS MATERIALIZED (
    SELECT d.id FROM dead JOIN sending_delivery d ON d.relay_id = dead.id AND d.state = {_SENDING}
    LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
),
done AS (
    UPDATE sending_delivery d SET
        state = CASE WHEN EXISTS (SELECT 1 FROM doubtful WHERE doubtful.id = d.id) THEN {_IN_DOUBT}
                     WHEN d.attempts > 0 THEN {_DEFERRED} ELSE {_QUEUED} END,
        reason = CASE WHEN EXISTS (SELECT 1 FROM doubtful WHERE doubtful.id = d.id) THEN 'relay_lost' ELSE d.reason END,
        changed_at = CASE WHEN EXISTS (SELECT 1 FROM doubtful WHERE doubtful.id = d.id) THEN now() ELSE d.changed_at END,
        attempts = d.attempts + (EXISTS (SELECT 1 FROM doubtful WHERE doubtful.id = d.id))::int,
        relay_id = NULL
    FROM held WHERE d.id = held.id
    RETURNING d.id, d.organization_id, d.mailing_id, d.variant, d.provider, d.state, d.attempts
),
log AS (
    INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, variant, provider, text, facts)
    SELECT organization_id, mailing_id, id, {EventKind.IN_DOUBT:d}, variant, provider,
           'The relay stopped after the whole message was sent and before the answer.', '{{"class": "relay_lost"}}'
    FROM done WHERE state = {_IN_DOUBT}
),
counted AS (
    INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
    SELECT organization_id, mailing_id, variant, provider, x.kind, -1, sum(x.n), now()
    FROM done CROSS JOIN LATERAL (VALUES
        (CASE WHEN attempts > 1 THEN {Bucket.RETRYING:d} ELSE {Bucket.ON_ITS_WAY:d} END, -1),
        ({Bucket.IN_DOUBT:d}, 1), ({EventKind.IN_DOUBT:d}, 1)
    ) x (kind, n)
    WHERE state = {_IN_DOUBT}
    GROUP BY 1, 2, 3, 4, 5
)
SELECT dead.id, (SELECT count(*) FROM done), (SELECT count(*) FROM done WHERE state = {_IN_DOUBT}) FROM dead
"""

# Only when a look with a new snapshot finds nothing held any more.
SWEPT = f"""
UPDATE sending_relay r SET swept_at = now() WHERE r.id = %(relay)s AND r.ended_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM sending_delivery d WHERE d.relay_id = r.id AND d.state = {_SENDING})
RETURNING (SELECT count(*) FROM sending_intent WHERE relay_id = r.id)
"""

FORGET = "DELETE FROM sending_intent WHERE relay_id = %(relay)s"

# Old relays are of no interest, except what they told about themselves lately.
FORGET_OLD = "DELETE FROM sending_relay WHERE swept_at < now() - interval '7 days'"

# Streams whose unconfirmed messages are sent again: twice is harmless, never is not; for ever is not either. A server that
# takes the whole message and never answers gets it MOST_DOUBTS times at most, further and further apart, and not after
# the time that its stream gives a message.
# What an ESP may have is left to its reports and to people: there, nothing tells whether it does.
# The lanes are locked even if they look open: another relay may be closing them at this moment, by an older look.
REQUEUE_DOUBTFUL = f"""
WITH chosen AS MATERIALIZED (
    SELECT d.id FROM sending_stream s
    JOIN sending_mailing m ON m.stream_id = s.id
    JOIN sending_delivery d ON d.mailing_id = m.id AND d.state = {_IN_DOUBT}
    WHERE s.retry_in_doubt AND m.hold IS NULL AND d.account_id IS NULL AND d.attempts < {MOST_DOUBTS}
      AND d.changed_at < now() - interval '5 seconds' * 6 ^ greatest(d.attempts - 1, 0)
      AND d.created_at > now() - s.give_up_after
    LIMIT 500 FOR UPDATE OF d SKIP LOCKED
),
done AS (
    UPDATE sending_delivery d SET state = {_DEFERRED}, due_at = now(), changed_at = now()
    FROM chosen WHERE d.id = chosen.id
    RETURNING d.id, d.organization_id, d.mailing_id, d.variant, d.provider, d.lane_id
),
log AS (
    INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, variant, provider)
    SELECT organization_id, mailing_id, id, {EventKind.REQUEUED:d}, variant, provider FROM done
),
counted AS (
    INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
    SELECT organization_id, mailing_id, variant, provider, x.kind, -1, sum(x.n), now()
    FROM done CROSS JOIN (VALUES ({Bucket.IN_DOUBT:d}, -1), ({Bucket.RETRYING:d}, 1), ({EventKind.REQUEUED:d}, 1)) x (kind, n)
    GROUP BY 1, 2, 3, 4, 5
)
UPDATE sending_lane SET open = true WHERE id IN (SELECT lane_id FROM done)
"""

# A lane is closed in two steps under its lock, so that a message that is added meanwhile is seen or opens it again.
LOCK_LANES = f"""
SELECT l.id FROM sending_lane l JOIN sending_mailing m ON m.id = l.mailing_id
WHERE l.open AND (m.sealed_at IS NOT NULL OR m.letter_id IS NULL)
  AND NOT EXISTS (SELECT 1 FROM sending_delivery d WHERE d.lane_id = l.id AND d.state IN ({_QUEUED}, {_DEFERRED}))
LIMIT 2000 FOR UPDATE OF l SKIP LOCKED
"""

CLOSE_LANES = f"""
UPDATE sending_lane l SET open = false
WHERE l.id = ANY(%(ids)s)
  AND NOT EXISTS (SELECT 1 FROM sending_delivery d WHERE d.lane_id = l.id AND d.state IN ({_QUEUED}, {_DEFERRED}))
  AND l.id NOT IN (SELECT d.lane_id FROM sending_delivery d WHERE d.state = {_SENDING} AND d.relay_id IS NOT NULL)
"""
