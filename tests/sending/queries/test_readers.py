"""Opened, cannot tell and no open are apart and together are all who got it, whatever anybody did."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from contacts.actions import address_changes
from reputation.queries import totals
from sending.enums import DeliveryState
from sending.models import Delivery, Engagement, Mailing
from sending.queries import readers
from sending.queries.readers import Reaction
from tests.sending import ledger

APART = (Reaction.OPENED, Reaction.CANNOT_TELL, Reaction.NO_OPEN)
DEEDS = ("opened_at", "machine_opened_at", "clicked_at", "machine_clicked_at", "unsubscribed_at", "complained_at")


def of(mailing: Mailing, *reactions: Reaction) -> list[int]:
    found = readers.of(mailing.pk, reactions)
    with connection.cursor() as cursor:
        cursor.execute(found.text, found.params)
        return [contact_id for (contact_id,) in cursor.fetchall()]


def did(delivery: Delivery, *deeds: str) -> None:
    Engagement.objects.update_or_create(
        delivery=delivery,
        organization_id=delivery.organization_id,
        mailing_id=delivery.mailing_id,
        contact_id=delivery.contact_id,
        defaults={deed: timezone.now() for deed in deeds},
    )


@pytest.fixture
def send(scoped: Organization) -> Mailing:
    return ledger.mailing(scoped)


def test_each_group(scoped: Organization, send: Mailing) -> None:
    deeds: dict[str, tuple[str, ...]] = {
        "quiet": (),
        "opened": ("opened_at",),
        "both": ("opened_at", "machine_opened_at"),
        "proxy": ("machine_opened_at",),
        "without-pictures": ("clicked_at",),
        "proxy-and-clicked": ("machine_opened_at", "clicked_at"),
        "scanned": ("machine_clicked_at",),
    }
    rows = {name: ledger.delivery(send, contact=ledger.contact(scoped, f"{name}@mail.example")) for name in deeds}
    for name, some in deeds.items():
        if some:
            did(rows[name], *some)
    ledger.delivery(send, contact=ledger.contact(scoped, "b@mail.example"), state=DeliveryState.BOUNCED)
    doubtful = ledger.delivery(send, contact=ledger.contact(scoped, "d@mail.example"), state=DeliveryState.IN_DOUBT)
    did(doubtful, "opened_at")
    other = ledger.mailing(scoped)
    did(ledger.delivery(other, contact=rows["quiet"].contact), "opened_at")

    def names(*reactions: Reaction) -> set[str]:
        found = of(send, *reactions)
        assert len(found) == len(set(found))
        return {name for name, row in rows.items() if row.contact_id in found}

    assert names(Reaction.NO_OPEN) == {"quiet", "scanned"}
    assert names(Reaction.CANNOT_TELL) == {"proxy"}
    assert names(Reaction.OPENED) == {"opened", "both", "without-pictures", "proxy-and-clicked"}
    assert names(Reaction.CLICKED) == {"without-pictures", "proxy-and-clicked"}
    assert names(Reaction.GOT_IT) == set(deeds)
    assert names(Reaction.NO_OPEN, Reaction.CANNOT_TELL) == {"quiet", "scanned", "proxy"}
    assert names() == set()
    assert readers.heard(send.pk) == readers.Heard(opened=4, cannot_tell=1, clicked=2)


people = st.lists(
    st.tuples(
        st.sampled_from([DeliveryState.DELIVERED, DeliveryState.DELIVERED, *DeliveryState]),
        st.sets(st.sampled_from(DEEDS)),
    ),
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=people)
def test_the_groups_add_up_to_the_delivered(organization: Organization, some: Any) -> None:
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        for number, (state, deeds) in enumerate(some):
            address = f"p{send.pk}-{number}@mail.example"
            row = ledger.delivery(send, contact=ledger.contact(organization, address), state=state)
            if deeds:
                did(row, *deeds)
        groups = [of(send, reaction) for reaction in APART]
        together = [contact for group in groups for contact in group]
        assert sorted(together) == sorted(of(send, Reaction.GOT_IT)) == sorted(of(send, *APART))
        assert len(together) == len(set(together)) == totals.of_mailing(send.pk).delivered
        heard = readers.heard(send.pk)
        assert (heard.opened, heard.cannot_tell) == (len(groups[0]), len(groups[1]))
        assert heard.clicked == len(of(send, Reaction.CLICKED))
        assert set(of(send, Reaction.CLICKED)) <= set(groups[0])


def test_who_was_found_to_be_somebody_else_is_that_person(scoped: Organization, send: Mailing) -> None:
    old = ledger.contact(scoped, "old@mail.example")
    new = ledger.contact(scoped, "new@mail.example")
    got = ledger.delivery(send, contact=old)
    address_changes.change(contact=old, address="new@mail.example")
    assert of(send, Reaction.NO_OPEN) == of(send, Reaction.GOT_IT) == [new.pk]
    own = ledger.delivery(send, contact=new)
    assert of(send, Reaction.GOT_IT) == [new.pk]
    did(got, "opened_at")  # by the older entry's mail: they have read it
    assert of(send, Reaction.OPENED) == [new.pk] and of(send, Reaction.NO_OPEN) == []
    did(own, "machine_opened_at")
    assert of(send, Reaction.CANNOT_TELL) == []


def test_another_organization_sees_nobody(organization: Organization, other_organization: Organization) -> None:
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        ledger.delivery(send, contact=ledger.contact(organization))
    with tenant_scope(other_organization):
        assert of(send, Reaction.GOT_IT) == [] and readers.heard(send.pk) == readers.Heard(0, 0, 0)
