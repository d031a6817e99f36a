"""What ages from later than it was made. Those who wait for others: held lanes are not offered; let go, they get the letter that
was put in. What is sent again by choice: it is tried as long as anything new.
"""

import time
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import cross_tenant, tenant_scope
from contacts.models import Topic
from contacts.queries import audience
from sending.actions import mailings, retries
from sending.enums import REST, Bucket, DeliveryState, Hold
from sending.models import Delivery, Letter, Mailing, MailingVariant, Tally
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


def test_what_is_chosen_to_be_sent_again_after_days_has_its_whole_time(town: Town, marketer: User) -> None:
    long_ago = timezone.now() - timedelta(days=9)
    with tenant_scope(town.organization):
        mailing = Mailing.objects.get(pk=town.mailing)
        rows = Delivery.objects.filter(mailing=mailing)
        rows.update(
            state=DeliveryState.FAILED, reason="merge", created_at=long_ago, due_at=long_ago, changed_at=long_ago
        )
        fact = {"organization_id": mailing.organization_id, "mailing_id": mailing.pk}
        Tally.objects.create(**fact, kind=Bucket.ON_ITS_WAY, link=-1, n=-8, at=long_ago)
        Tally.objects.create(**fact, kind=Bucket.FAILED, link=-1, n=8, at=long_ago)
        order = retries.order(mailing=mailing, groups=[(DeliveryState.FAILED, "merge", "")], actor=marketer)
        assert order is not None and not retries.step(retry_id=order.pk)

    async def claim() -> list[Parcel]:
        ledger = await relay(town)
        parcels = await claim_all(ledger)
        await ledger.close()
        return parcels

    parcels = async_to_sync(claim)()
    assert len(parcels) == 8 and all(time.time() - parcel.born < 60 for parcel in parcels)
