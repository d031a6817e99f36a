"""Every message to one person, for their own eyes (GDPR, article 15): what it was, what became of it, who saw what."""

import json
from collections import defaultdict
from typing import Any

from django.db import connection

from sending.enums import DeliveryState, EventKind, StreamKind
from sending.models import Delivery, StoredMessage


def messages(*, contact_id: int, address: str) -> list[dict[str, Any]]:
    """Oldest first: sends and app mail, to the contact and to the address of somebody who was none."""
    theirs = Delivery.objects.select_related("mailing__letter", "mailing__stream")
    rows = sorted(
        [*theirs.filter(contact_id=contact_id), *theirs.filter(contact=None, address=address)], key=lambda row: row.pk
    )
    ids = [row.pk for row in rows]
    subjects = dict(StoredMessage.objects.filter(pk__in=ids).values_list("pk", "subject"))
    happenings = _happenings(ids)
    return [
        {
            "kind": StreamKind(row.mailing.stream.kind).label,
            "subject": subjects.get(row.pk) or (row.mailing.letter.subject if row.mailing.letter else row.mailing.name),
            "to": row.address,
            "made_at": row.created_at.isoformat(timespec="seconds"),
            "state": DeliveryState(row.state).label,
            "since": row.changed_at.isoformat(timespec="seconds"),
            "what_happened": happenings[row.pk],
        }
        for row in rows
    ]


def _happenings(ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    names = {kind.value: kind.name.lower().replace("_", " ") for kind in EventKind}
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT delivery_id, at, kind, code, text, facts::text FROM sending_event "
            "WHERE delivery_id = ANY(%s) ORDER BY at, id",
            [ids],
        )
        for delivery_id, at, kind, code, text, facts in cursor.fetchall():
            known = json.loads(facts)
            one = {
                "at": at.isoformat(timespec="seconds"),
                "what": names.get(kind, str(kind)),
                "reply": f"{code} {text}".strip(),
                "ip_address": known.get("ip"),
                "device": known.get("ua"),
            }
            found[delivery_id].append({name: value for name, value in one.items() if value})
    return found
