"""Holding bounces of a wave: a report during a wave waits, an erased person waits nowhere, nobody decides twice."""

import pytest

from accounts.models import Organization
from contacts.models import Suppression
from sending.actions import evidence, forgetting, held_bounces
from sending.enums import BounceDecision, DeliveryState
from sending.models import HeldBounce
from tests.sending import ledger
from tests.sending.bounces import hold, wave

pytestmark = pytest.mark.django_db


def test_a_late_bounce_during_a_wave_stands_and_its_address_waits(scoped: Organization) -> None:
    found = wave("Granite Mail")
    row = ledger.delivery(ledger.mailing(scoped), contact=ledger.contact(scoped))
    for likeness, listed in ((found.likeness, 0), ("something else", 1)):
        row = ledger.delivery(ledger.mailing(scoped, letter=row.mailing.letter), address=f"p{listed}@x.example")
        assert evidence.bounced(
            delivery_id=row.pk,
            code="550 5.1.1",
            text="no such person",
            reason="invalid_recipient",
            address_is_invalid=True,
            source="mailroom",
            likeness=likeness,
        )
        row.refresh_from_db()
        assert row.state == DeliveryState.BOUNCED
        assert Suppression.objects.count() == listed
    assert list(HeldBounce.objects.values_list("address_key", flat=True)) == ["p0@x.example"]


def test_who_is_erased_waits_nowhere(scoped: Organization) -> None:
    found = wave("Granite Mail")
    contact = ledger.contact(scoped, "p1@granite.example")
    ledger.delivery(ledger.mailing(scoped), contact=contact)
    hold(scoped, found, 3)
    forgetting.forget(organization_id=scoped.pk, contact_id=contact.pk, addresses=["p1@granite.example"])
    assert set(HeldBounce.objects.values_list("address_key", flat=True)) == {"p0@granite.example", "p2@granite.example"}


def test_to_wait_is_no_decision_and_nobody_decides_twice(scoped: Organization) -> None:
    found = wave("Granite Mail")
    hold(scoped, found, 2)
    with pytest.raises(ValueError):
        held_bounces.decide(organization=scoped, wave=found, decision=BounceDecision.WAITING, actor=None)
    assert held_bounces.decide(organization=scoped, wave=found, decision=BounceDecision.LEAVE, actor=None) == 2
    assert held_bounces.decide(organization=scoped, wave=found, decision=BounceDecision.SUPPRESS, actor=None) == 0
    assert not Suppression.objects.exists()
