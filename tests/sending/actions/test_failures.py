"""Counting failures: who fails again and again over days is given up, who only had a bad week is not."""

import time
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from contacts.models import Contact, Suppression
from sending.actions import failures
from sending.enums import DeliveryState, EventKind
from sending.models import Delivery, Letter
from tests.sending import ledger

pytestmark = pytest.mark.django_db


def fail(
    organization: Organization,
    contact: Contact | None,
    *,
    days: float,
    reason: str = "mailbox_full",
    state: DeliveryState = DeliveryState.BOUNCED,
) -> Delivery:
    """A message of its own that ended so many days ago, with its event."""
    at = timezone.now() - timedelta(days=days)
    letter = Letter.objects.first()
    send = ledger.mailing(organization, letter=letter) if letter else ledger.mailing(organization)
    row = ledger.delivery(send, contact=contact, state=state, reason=reason, code="552 5.2.2", changed_at=at)
    note(row, at)
    return row


def note(row: Delivery, at: datetime) -> None:
    kind = EventKind.EXPIRED if row.state == DeliveryState.EXPIRED else EventKind.BOUNCED
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind) VALUES (%s, %s, %s, %s)",
            [row.organization_id, row.mailing_id, row.pk, int(kind)],
        )


def count() -> int:
    """`count_new` once every transaction that was open on this server when we began has ended: it waits for these."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        ours = cursor.fetchone()[0]
        for _ in range(600):
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if cursor.fetchone()[0] >= ours:
                break
            time.sleep(0.05)
    return failures.count_new()


def listed() -> list[tuple[str, str]]:
    return list(Suppression.objects.values_list("address_key", "reason"))


@pytest.mark.parametrize(
    ("reason", "state", "days", "given_up"),
    [
        ("mailbox_full", DeliveryState.BOUNCED, [1, 3, 5, 7, 9], True),
        ("mailbox_full", DeliveryState.EXPIRED, [1, 3, 5, 7, 9], True),
        ("mailbox_full", DeliveryState.BOUNCED, [1, 3, 5, 7], False),
        ("mailbox_full", DeliveryState.BOUNCED, [1, 1, 1, 2, 2], False),
        ("mailbox_full", DeliveryState.BOUNCED, [1, 3, 5, 7, 40], False),
        ("policy_recipient", DeliveryState.BOUNCED, [1, 30, 80], True),
        ("policy_recipient", DeliveryState.BOUNCED, [1, 80], False),
        ("unclassified", DeliveryState.BOUNCED, [1, 8, 16], True),
        ("unclassified", DeliveryState.BOUNCED, [1, 2, 3], False),
        ("network", DeliveryState.EXPIRED, [1, 8, 16], True),
        ("network", DeliveryState.BOUNCED, [1, 8, 16], False),
        ("ip_reputation", DeliveryState.EXPIRED, [1, 8, 16, 20, 30], False),
        ("content", DeliveryState.BOUNCED, [1, 8, 16, 20, 30], False),
        ("user_unknown_temporary", DeliveryState.EXPIRED, [1, 3, 5], True),
        ("no_such_domain", DeliveryState.BOUNCED, [1, 3], True),
        ("no_such_domain", DeliveryState.BOUNCED, [1, 1.2], False),
    ],
)
def test_rules_of_the_book(
    scoped: Organization, reason: str, state: DeliveryState, days: list[float], *, given_up: bool
) -> None:
    contact = ledger.contact(scoped)
    for one in days:
        fail(scoped, contact, days=one, reason=reason, state=state)
    assert failures.weigh(organization=scoped, addresses=[contact.address_key]) == int(given_up)
    wanted = [(contact.address_key, "invalid" if reason == "no_such_domain" else "bounced")] if given_up else []
    assert listed() == wanted
    assert failures.weigh(organization=scoped, addresses=[contact.address_key]) == 0, "the first entry stands"


def test_who_got_mail_in_between_begins_anew(scoped: Organization) -> None:
    contact = ledger.contact(scoped)
    for days in (20, 18, 16):
        fail(scoped, contact, days=days)
    fail(scoped, contact, days=10, state=DeliveryState.DELIVERED, reason="")
    for days in (5, 3):
        fail(scoped, contact, days=days)
    assert failures.weigh(organization=scoped, addresses=[contact.address_key]) == 0
    assert listed() == []


def test_strangers_are_counted_by_their_address(scoped: Organization) -> None:
    for days in (1, 30, 80):
        fail(scoped, None, days=days, reason="policy_recipient")
    assert failures.weigh(organization=scoped, addresses=["somebody@elsewhere.example"]) == 1
    assert listed() == [("somebody@elsewhere.example", "bounced")]


def test_the_evidence_is_told(scoped: Organization) -> None:
    contact = ledger.contact(scoped)
    for days in (1, 3, 5, 7, 9):
        fail(scoped, contact, days=days)
    failures.weigh(organization=scoped, addresses=[contact.address_key])
    entry = Suppression.objects.get()
    assert entry.evidence.startswith("5 messages failed. ")
    assert entry.evidence.count("552 5.2.2 mailbox_full") == 5
    assert entry.source == "relay"


@pytest.mark.django_db(transaction=True)
def test_only_what_is_new_is_read_and_nobody_elses_failures_count(
    organization: Organization, other_organization: Organization
) -> None:
    with tenant_scope(organization):
        contact = ledger.contact(organization)
        for days in (9, 7, 5, 3):
            fail(organization, contact, days=days)
    with tenant_scope(other_organization):
        ledger.domain(other_organization, "theirs.example")
        theirs = ledger.contact(other_organization)
        for days in (8, 6, 4, 2):
            fail(other_organization, theirs, days=days)
    assert count() == 0
    with tenant_scope(organization):
        fail(organization, contact, days=0)
    assert count() == 1
    assert count() == 0, "all is counted"
    with tenant_scope(organization):
        assert listed() == [(contact.address_key, "bounced")]
    with tenant_scope(other_organization):
        assert listed() == []
