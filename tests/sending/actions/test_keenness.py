"""New addresses write first to those who read and click."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_scope
from contacts.segments.sql import Sql
from sending.actions import keenness, mailings
from sending.enums import DeliveryState
from sending.models import Delivery, Engagement, Mailing
from tests.sending import ledger

NOW = timezone.now()


@pytest.fixture
def sends(organization):
    """A send that was read, and one that is not sealed yet; with the people of both."""
    with tenant_scope(organization):
        earlier = ledger.mailing(organization)
        people = {}
        for name, did in {
            "never": {},
            "machine": {"machine_opened_at": NOW},
            "opened long ago": {"opened_at": NOW - timedelta(days=90)},
            "opened": {"opened_at": NOW - timedelta(days=1)},
            "clicked": {"opened_at": NOW - timedelta(days=9), "clicked_at": NOW - timedelta(days=9)},
        }.items():
            person = ledger.contact(organization, f"{name.replace(' ', '.')}@elsewhere.example")
            people[person.pk] = name
            row = ledger.delivery(earlier, contact=person, state=DeliveryState.DELIVERED)
            if did:
                Engagement.objects.create(
                    delivery=row, organization=organization, mailing_id=earlier.pk, contact_id=person.pk, **did
                )
        new = Mailing.objects.create(organization=organization, stream=earlier.stream, letter=earlier.letter)
        yield new, people


def audience(people):
    return Sql(
        """SELECT id AS contact_id, address_key::text AS address, 'elsewhere.example' AS domain, NULL::text AS reason
           FROM contacts_contact WHERE id = ANY(%s)""",
        (list(people),),
    )


def order(mailing, people):
    return [
        people[row]
        for row in Delivery.objects.filter(mailing=mailing).order_by("id").values_list("contact_id", flat=True)
    ]


def test_who_clicked_goes_first_and_machines_do_not_count(sends):
    new, people = sends
    mailings.seal(mailing=new, audience=audience(people), keenest_first=True)
    assert order(new, people)[:3] == ["clicked", "opened", "opened long ago"]


def test_otherwise_nobody_is_sorted(sends):
    new, people = sends
    assert mailings.seal(mailing=new, audience=audience(people)) == len(people)


def test_the_first_send_of_all_has_nothing_to_go_by(sends, organization):
    new, people = sends
    Mailing.objects.exclude(pk=new.pk).update(sealed_at=None)
    assert keenness.ordered(new) == ("", "", [])
    assert mailings.seal(mailing=new, audience=audience(people), keenest_first=True) == len(people)
