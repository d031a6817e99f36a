"""Pages of mail that waits: the queue by provider and age, the messages behind a number, the trace of one message."""

import json
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from sending.enums import DeliveryState, EventKind, Hold
from sending.models import Delivery, Relay
from tests.sending import ledger

CROWD = (
    ("Gmail", DeliveryState.QUEUED, "", 3, 14),
    ("Greylake", DeliveryState.DEFERRED, "rate_limit", 15, 9),
    ("Greylake", DeliveryState.QUEUED, "", 90, 4),
    ("Other", DeliveryState.DEFERRED, "mailbox_full", 700, 2),
    ("Other", DeliveryState.DEFERRED, "network", 2000, 1),
)


def queue(organization: Organization) -> dict[str, Any]:
    now = timezone.now()
    held = {
        "site": "mx.greylake.example",
        "provider": "Greylake",
        "hosts": ["mx1.greylake.example"],
        "cause": "rate_limit",
        "why": "",
        "since": now.timestamp() - 240,
        "until": now.timestamp() + 900,
    }
    facts = {"held": [held], "talks": [[organization.pk, "Gmail", 3]]}
    Relay.objects.create(name="one", pid=1, started_at=now, beat_at=now + timedelta(minutes=5), facts=facts)
    send = ledger.mailing(organization, name="Autumn kettles")
    for provider, state, reason, minutes, count in CROWD:
        for number in range(count):
            ledger.delivery(
                send,
                state=state,
                provider=provider,
                reason=reason,
                attempts=int(state == DeliveryState.DEFERRED),
                address=f"person{number}@{provider.lower()}-{minutes}.example",
                created_at=now - timedelta(minutes=minutes),
                due_at=now + timedelta(minutes=10),
            )
    ledger.delivery(
        ledger.mailing(organization, letter=send.letter, name="Paused", hold=Hold.PAUSED),
        state=DeliveryState.QUEUED,
        provider="",
        address="later@elsewhere.example",
    )
    return {}


def trace(organization: Organization) -> dict[str, Any]:
    """One message that was put off twice, waited for our own throttle, and arrived."""
    send = ledger.mailing(organization, name="Autumn kettles")
    row: Delivery = ledger.delivery(send, provider="Greylake", address="mara.lind@greylake.example", attempts=3)
    place = {
        "host": "mx1.greylake.example",
        "address": "192.0.2.17",
        "tls": "TLSv1.3 TLS_AES_256_GCM_SHA384 opportunistic",
    }
    story = (
        (
            EventKind.DEFERRED,
            "450 4.2.0",
            "Greylisted, come back later",
            {**place, "class": "greylisted", "took": 0.412},
        ),
        (
            EventKind.DEFERRED,
            "421 4.7.28",
            "Too much mail from you",
            {**place, "class": "rate_limit", "took": 2.1, "waited": 35},
        ),
        (
            EventKind.DELIVERED,
            "250 2.0.0",
            "OK, queued as 4XyZ",
            {**place, "took": 0.9, "waited": 250, "held": 240, "held_for": "rate_limit"},
        ),
        (EventKind.OPENED, "", "", {}),
    )
    with connection.cursor() as cursor:
        for minutes, (kind, code, text, facts) in enumerate(story):
            cursor.execute(
                "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, provider, code, text, facts, at) "
                "VALUES (%s, %s, %s, %s, 'Greylake', %s, %s, %s, %s)",
                [
                    organization.pk,
                    send.pk,
                    row.pk,
                    kind,
                    code,
                    text,
                    json.dumps(facts),
                    timezone.now() + timedelta(minutes=7 * minutes),
                ],
            )
    return {"message": row.pk}


def decree(organization: Organization, kind: str = "hold", **facts: Any) -> None:
    """A ruling, as only operators and relays write them: past the organization's own role."""
    facts = {
        "by": "person",
        "author_name": "Oskar Lindner",
        "reason": "Their status page says that they have an outage; looking again at two",
        "told": "",
        "cause": "",
        "provider": "",
        "site": "",
        "mailing_id": None,
        "organization_id": None,
        "connections": 0,
        "per_minute": 0,
        "over": False,
    } | facts
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        me = cursor.fetchone()[0]
        cursor.execute("SET LOCAL ROLE posthouse_daemon")
        cursor.execute(
            "INSERT INTO sending_ruling (kind, by, author_name, reason, told, cause, source_id, provider, site, mailing_id, "
            "organization_id, connections, messages, per_minute, created_at, expires_at, ended_at, ended_by_name) "
            "VALUES (%(kind)s, %(by)s, %(author_name)s, %(reason)s, %(told)s, %(cause)s, 0, %(provider)s, %(site)s, "
            "%(mailing_id)s, %(organization_id)s, %(connections)s, 0, %(per_minute)s, now() - interval '20 minutes', "
            "now() + interval '2 hours', CASE WHEN %(over)s THEN now() END, CASE WHEN %(over)s THEN 'Oskar Lindner' ELSE '' END)",
            {"kind": kind, **facts},
        )
        cursor.execute(f'SET LOCAL ROLE "{me}"')


def ruled(organization: Organization) -> dict[str, Any]:
    """The queue while an operator and a relay hold and slow some of it."""
    queue(organization)
    decree(organization, provider="Gmail", told="Gmail has an outage. Nothing is lost.")
    decree(organization, "limit", organization_id=organization.pk, per_minute=100, reason="A new sender; until Monday")
    decree(
        organization,
        by="relay",
        author_name="node-1",
        organization_id=organization.pk,
        provider="Greylake",
        cause="domain_reputation",
        reason="550 5.7.1 The sender's domain has a poor reputation here, see https://greylake.example/why",
    )
    decree(organization, "release", provider="Greylake", over=True, reason="Their postmaster has cleared us")
    relay = Relay.objects.get()
    relay.facts["busy"] = [
        {
            "site": "mx(1|2).granite.example",
            "provider": "Granite",
            "connections": 1,
            "window": 1,
            "limit": 10,
            "ready": 40,
            "failures": 1,
        }
    ]
    relay.facts["learned"] = [
        {
            "source": 0,
            "provider": "Granite",
            "site": "mx(1|2).granite.example",
            "what": "connections",
            "value": 3,
            "trouble": 4,
            "since": timezone.now().timestamp() - 900,
        }
    ]
    relay.facts["held"][0]["why"] = "421 4.7.28 Too much mail from you, slow down"
    relay.save()
    return {}


PAGES: list[dict[str, Any]] = [
    {"slug": "on-its-way-empty", "view": "campaigns:waiting"},
    {"slug": "on-its-way", "view": "campaigns:waiting", "prepare": queue},
    {"slug": "on-its-way-ruled", "view": "campaigns:waiting", "prepare": ruled},
    {"slug": "operator-rulings-empty", "view": "operating:rulings", "who": "operator", "tenant": False},
    {"slug": "operator-rulings", "view": "operating:rulings", "who": "operator", "tenant": False, "prepare": ruled},
    {
        "slug": "operator-limit",
        "view": "operating:ruling_new",
        "who": "operator",
        "tenant": False,
        "prepare": lambda _: {"kind": "limit"},
    },
    {"slug": "on-its-way-messages", "view": "campaigns:waiting_messages", "prepare": queue},
    {"slug": "message-trace", "view": "campaigns:message", "prepare": trace, "who": "analyst"},
]
