"""Those who wait for others: held lanes are not offered; let go, they get the letter that was put in, and age from then."""

import time
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from contacts.models import Topic
from contacts.queries import audience
from sending.actions import mailings
from sending.enums import REST, Hold
from sending.models import Delivery, Letter, Mailing, MailingVariant
from sending.queries import ledger as audit
from sending.relay.ports import Parcel
from tests.sending.adapters.town import Town, build, claim_all, relay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization, people=8)


def claimed(town: Town) -> list[Parcel]:
    async def claim() -> list[Parcel]:
        ledger = await relay(town)
        parcels = [parcel for parcel in await claim_all(ledger) if parcel.load.mailing_id != town.mailing]
        await ledger.close()
        return parcels

    return list(async_to_sync(claim)())


def test_the_rest_of_a_test_gets_the_winners_letter_and_its_whole_time(town: Town) -> None:
    with tenant_scope(town.organization):
        letter = Letter.objects.get()
        other = Letter.objects.get()
        other.pk, other.public_id, other.subject = None, "another2222222", "Two"
        other._state.adding = True
        other.save()
        mailing = mailings.open_(organization=town.organization, letter=letter, topic_id=town.topic, name="A test")
        mailings.add_variant(mailing=mailing, variant=1, letter=letter)
        mailings.add_variant(mailing=mailing, variant=2, letter=other)
        mailings.add_variant(mailing=mailing, variant=REST, letter=letter, hold=Hold.REST)
        people = audience.select(organization=town.organization, topic=Topic.objects.get(pk=town.topic))
        mailings.seal(mailing=mailing, audience=people, split=[(1, 25), (2, 25), (REST, 50)])
        long_ago = timezone.now() - timedelta(days=3)
        Delivery.objects.filter(mailing=mailing).update(created_at=long_ago, due_at=long_ago)
    first = claimed(town)
    with tenant_scope(town.organization):
        variants = dict(Delivery.objects.filter(mailing=mailing).values_list("pk", "variant"))
    assert sorted(variants[parcel.id] for parcel in first) == [1, 1, 2, 2]
    assert {variants[parcel.id]: parcel.load.letter_id for parcel in first} == {1: letter.pk, 2: other.pk}
    assert all(time.time() - parcel.born > 2 * 86_400 for parcel in first)

    with tenant_scope(town.organization):
        assert mailings.release_variant(mailing=Mailing.objects.get(pk=mailing.pk), variant=REST, letter=other)
        assert not mailings.release_variant(mailing=mailing, variant=REST, letter=letter)  # once
        assert MailingVariant.objects.get(mailing=mailing, variant=REST).letter_id == other.pk
    rest = claimed(town)
    assert len(rest) == 4 and {variants[parcel.id] for parcel in rest} == {REST}
    assert {parcel.load.letter_id for parcel in rest} == {other.pk}
    assert all(time.time() - parcel.born < 60 for parcel in rest)  # not given up at the first refusal
    with cross_tenant("a test audits"):
        assert list(audit.audit()) == []
