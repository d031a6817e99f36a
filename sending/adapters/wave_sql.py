"""Waves of identical bounces in SQL: opening one, and taking people back off the do-not-send list that it put there.

For the relay (psycopg) and for the mailroom (Django), which both find waves. `PAUSE` is what a wave stays open for after the
last bounce that was like it.
"""

import secrets
from typing import Any

from sending.enums import BounceDecision, EventKind
from sending.judging import likeness
from sending.relay.ports import Wave

PAUSE = "interval '15 minutes'"
LOOK_BACK = "interval '30 minutes'"
MOST = 2_000  # bounces that are looked at in one go
LIFTED = "One of a wave of identical bounces: waits for a person among the bounces to review."

OPEN = f"""
INSERT INTO sending_bouncewave AS w (public_id, likeness, place, code, text, began_at, seen_at, open_until)
VALUES (%(public_id)s, %(likeness)s, %(place)s, %(code)s, %(text)s, now(), now(), now() + {PAUSE})
ON CONFLICT (likeness) DO UPDATE SET
    began_at = CASE WHEN w.open_until < now() THEN now() ELSE w.began_at END,
    seen_at = now(), open_until = excluded.open_until, code = excluded.code, text = excluded.text
RETURNING w.id
"""

# Bounces of late whose recipient is on the list because of them; their words are compared outside.
SUSPECTS = f"""
SELECT x.id, d.id, e.organization_id, d.address, e.code, e.text, e.provider, split_part(d.address, '@', 2)
FROM sending_event e
JOIN sending_delivery d ON d.id = e.delivery_id
JOIN contacts_suppression x ON x.organization_id = e.organization_id AND x.address_key = d.address
    AND x.reason = 'invalid' AND x.topic_id IS NULL AND x.lifted_at IS NULL AND x.about = 'd' || d.id
WHERE e.at > now() - {LOOK_BACK} AND e.kind IN ({EventKind.BOUNCED:d}, {EventKind.LATE_BOUNCE:d})
  AND (e.provider = %(place)s OR split_part(d.address, '@', 2) = %(place)s)
LIMIT {MOST}
"""

TAKE_BACK = f"""
WITH back AS (
    UPDATE contacts_suppression x SET lifted_at = now(), lifted_why = %(why)s
    FROM unnest(%(ids)s::bigint[]) i (id) WHERE x.id = i.id AND x.lifted_at IS NULL
    RETURNING x.id
)
INSERT INTO sending_heldbounce (organization_id, wave_id, delivery_id, address_key, code, text, held_at, decision)
SELECT g.organization_id, %(wave)s, g.delivery_id, g.address, g.code, g.text, now(), '{BounceDecision.WAITING}'
FROM unnest(%(ids)s::bigint[], %(organizations)s::bigint[], %(deliveries)s::bigint[], %(addresses)s::text[],
            %(codes)s::text[], %(texts)s::text[]) g (id, organization_id, delivery_id, address, code, text)
JOIN back ON back.id = g.id
ON CONFLICT (organization_id, wave_id, address_key) WHERE decision = '{BounceDecision.WAITING}' DO NOTHING
"""

OPEN_NOW = "SELECT id, likeness, place FROM sending_bouncewave WHERE open_until > now()"


def opening(wave: Wave) -> dict[str, str]:
    """The parameters of OPEN."""
    return {
        "public_id": secrets.token_hex(8),
        "likeness": wave.likeness,
        "place": wave.place[:253],
        "code": wave.code[:16],
        "text": wave.text,
    }


def like(rows: list[Any], wanted: str) -> dict[str, Any]:
    """Of SUSPECTS' rows those that are like the wave, as TAKE_BACK wants them. Empty `ids`: none."""
    chosen = [row for row in rows if _likeness(row) == wanted]
    return {
        "why": LIFTED,
        "ids": [row[0] for row in chosen],
        "deliveries": [row[1] for row in chosen],
        "organizations": [row[2] for row in chosen],
        "addresses": [row[3] for row in chosen],
        "codes": [row[4] for row in chosen],
        "texts": [row[5] for row in chosen],
    }


def _likeness(row: Any) -> str:
    code, _, status = row[4].partition(" ")
    number = int(code) if code.isdigit() else 0
    if not number and not status:
        status = code  # a report without a reply code is written down by its status alone
    return likeness.of(provider=row[6], domain=row[7], code=number, status=status, text=row[5])
