"""Why did X not get it: every answer that the search can give, and what a person may do about it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import launches
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from contacts.actions import suppressions
from contacts.enums import SuppressionReason
from contacts.models import Contact
from reputation.queries import totals
from sending.enums import Bucket, DeliveryState, EventKind
from sending.models import Delivery, Event, Lane, Mailing, Relay, Tally

People = Callable[..., list[Contact]]


@pytest.fixture
def sending(organization: Organization, draft: Campaign, people: People, marketer: User) -> Campaign:
    people(12)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        return Campaign.objects.get(pk=draft.pk)


def messages(organization: Organization) -> str:
    return reverse("campaigns:messages", args=[organization.public_id])


def message(organization: Organization, name: str, delivery: Delivery) -> str:
    return reverse(f"campaigns:{name}", kwargs={"org": organization.public_id, "message": delivery.pk})


def settle(
    organization: Organization, state: DeliveryState, bucket: Bucket, *, reason: str, code: str, text: str
) -> Delivery:
    """What the relay writes when a first try ends so."""
    delivery = Delivery.objects.order_by("id").first()
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, reason=reason, code=code, attempts=1, provider="granite"
    )
    for kind, n, provider in ((Bucket.ON_ITS_WAY, -1, ""), (bucket, 1, "granite")):
        Tally.objects.create(
            organization=organization,
            mailing_id=delivery.mailing_id,
            kind=kind,
            n=n,
            provider=provider,
            at=delivery.created_at,
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, code, text, facts) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                organization.pk,
                delivery.mailing_id,
                delivery.pk,
                EventKind.DEFERRED,
                code,
                text,
                '{"host": "mx1.granite.example", "tls": "TLSv1.3 TLS_AES_256_GCM_SHA384 opportunistic"}',
            ],
        )
    delivery.refresh_from_db()
    return delivery


def test_an_empty_search_teaches(as_analyst: Client, organization: Organization) -> None:
    assert "Whom are you looking for?" in as_analyst.get(messages(organization)).content.decode()


@pytest.mark.parametrize(
    "query", ["nobody@nowhere.example", "\x00", "%", "'; DROP TABLE", "x" * 5000, "a@" + "b" * 300, "ملف@مثال.إختبار"]
)
def test_an_unknown_address_is_said_to_be_unknown(query: str, as_analyst: Client, organization: Organization) -> None:
    answer = as_analyst.get(messages(organization), {"q": query})
    assert answer.status_code == 200 and "We know nobody of this name or address" in answer.content.decode()


def test_an_address_however_it_is_written(as_analyst: Client, organization: Organization, sending: Campaign) -> None:
    for query in ("p3@a.example", " P3@A.EXAMPLE ", "p3@"):
        page = as_analyst.get(messages(organization), {"q": query}).content.decode()
        assert "P3@a.example" in page and "Spring letter" in page and "It waits for its turn." in page, query
    choice = as_analyst.get(messages(organization), {"q": "p1"}).content.decode()
    assert "Whom do you mean?" in choice and "P10@b.example" in choice and "P2@" not in choice


def test_a_name_finds_the_person(as_analyst: Client, organization: Organization, people: People) -> None:
    people(1, first_name="Søren", last_name="Kirk")
    people(2, first_name="Zoë", last_name="Kirk")
    page = as_analyst.get(messages(organization), {"q": "søren kirk"}).content.decode()
    assert "P1@b.example" in page and "in the audience of no send" in page
    choice = as_analyst.get(messages(organization), {"q": "zoë"}).content.decode()
    assert "Whom do you mean?" in choice and "P2@c.example" in choice and "P3@a.example" in choice


def test_somebody_on_the_do_not_send_list(as_analyst: Client, organization: Organization, people: People) -> None:
    (somebody,) = people(1)
    with tenant_scope(organization):
        suppressions.suppress(
            organization=organization,
            address=somebody.address,
            reason=SuppressionReason.INVALID,
            source="relay",
            evidence="550 5.1.1 unknown",
        )
    page = as_analyst.get(messages(organization), {"q": somebody.address}).content.decode()
    assert "The address does not exist" in page and "550 5.1.1 unknown" in page
    assert "in the audience of no send" in page


def test_a_retried_message_tells_its_story_and_can_be_hurried(
    as_analyst: Client, as_marketer: Client, organization: Organization, sending: Campaign
) -> None:
    with tenant_scope(organization):
        delivery = settle(
            organization,
            DeliveryState.DEFERRED,
            Bucket.RETRYING,
            reason="mailbox_full",
            code="452 4.2.2",
            text="<b>Mailbox full</b>",
        )
        Delivery.objects.filter(pk=delivery.pk).update(due_at="2027-01-01T00:00Z")
    page = as_analyst.get(message(organization, "message", delivery)).content.decode()
    assert (
        "Their mailbox is full." in page and "&lt;b&gt;Mailbox full&lt;/b&gt;" in page and "mx1.granite.example" in page
    )
    assert "Next try" in page and "Retry now" not in page and "its turn comes" not in page
    assert "Retry now" in as_marketer.get(message(organization, "message", delivery)).content.decode()
    answer = as_marketer.post(message(organization, "message_retry", delivery), follow=True)
    page = answer.content.decode()
    assert "It is tried again now" in page and "as soon as its turn comes" in page and "Next try" not in page
    with tenant_scope(organization):
        hurried = Delivery.objects.get(pk=delivery.pk)
        assert hurried.due_at.year == 2026 and hurried.state == DeliveryState.DEFERRED
        Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.DELIVERED)
    answer = as_marketer.post(message(organization, "message_retry", delivery), follow=True)
    assert "It does not wait any more" in answer.content.decode()


def test_an_unconfirmed_message_can_be_sent_again_by_a_person(
    as_marketer: Client, organization: Organization, sending: Campaign
) -> None:
    with tenant_scope(organization):
        Delivery.objects.update(state=DeliveryState.DELIVERED)
        delivery = settle(
            organization, DeliveryState.IN_DOUBT, Bucket.IN_DOUBT, reason="relay_lost", code="", text="stopped"
        )
        assert launches.finish_if_done(campaign=sending)
        Lane.objects.update(open=False)
    page = as_marketer.get(message(organization, "message", delivery)).content.decode()
    assert "If it did, they get it twice." in page
    assert (
        "It is sent again."
        in as_marketer.post(message(organization, "message_again", delivery), follow=True).content.decode()
    )
    with tenant_scope(organization):
        again = Delivery.objects.select_related("lane", "mailing").get(pk=delivery.pk)
        assert again.state == DeliveryState.QUEUED and again.lane.open and again.mailing.finished_at is None
        assert Campaign.objects.get(pk=sending.pk).state == CampaignState.SENDING
        counts = totals.of_mailing(sending.mailing_id)
        assert counts.of(Bucket.IN_DOUBT) == 0 and counts.of(Bucket.RETRYING) == 1 and counts.audience == 12
        assert Event.objects.filter(kind=EventKind.REQUEUED, delivery_id=delivery.pk).count() == 1
    assert (
        "nothing to send again"
        in as_marketer.post(message(organization, "message_again", delivery), follow=True).content.decode()
    )


def test_nothing_of_a_cancelled_send_goes_out_again(
    as_marketer: Client, organization: Organization, sending: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        delivery = settle(organization, DeliveryState.IN_DOUBT, Bucket.IN_DOUBT, reason="relay_lost", code="", text="")
        launches.cancel(campaign=sending, actor=marketer)
    answer = as_marketer.post(message(organization, "message_again", delivery), follow=True)
    assert "This send was cancelled" in answer.content.decode()
    with tenant_scope(organization):
        assert Delivery.objects.get(pk=delivery.pk).state == DeliveryState.IN_DOUBT


@pytest.mark.parametrize("rows", [1, 3])
def test_the_search_takes_a_fixed_number_of_queries(
    rows: int, as_analyst: Client, organization: Organization, sending: Campaign, django_assert_num_queries: Any
) -> None:
    with tenant_scope(organization):
        first = Delivery.objects.select_related("contact").order_by("id").first()
        for occasion in range(1, rows):
            first.pk, first.occasion = None, occasion
            first._state.adding = True
            first.save()
    as_analyst.get(messages(organization), {"q": first.address})
    with django_assert_num_queries(SEARCH_QUERIES):
        page = as_analyst.get(messages(organization), {"q": first.address}).content.decode()
    assert page.count('class="row-link"') == rows


SEARCH_QUERIES = 16


def test_a_message_says_how_its_conversations_were_protected(
    as_analyst: Client, organization: Organization, sending: Campaign
) -> None:
    with tenant_scope(organization):
        delivery = settle(
            organization, DeliveryState.DEFERRED, Bucket.RETRYING, reason="greylisted", code="450 4.2.0", text="Later"
        )
    page = as_analyst.get(message(organization, "message", delivery)).content.decode()
    words = "Encrypted; who the server was has not been proved (TLSv1.3, TLS_AES_256_GCM_SHA384)."
    assert words in page


def happened(delivery: Delivery, kind: EventKind, facts: dict[str, Any], *, provider: str = "Greylake") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, provider, facts, at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                delivery.organization_id,
                delivery.mailing_id,
                delivery.pk,
                kind,
                provider,
                json.dumps(facts),
                timezone.now(),
            ],
        )


def test_a_try_tells_its_waits_its_place_and_its_ruling(
    as_analyst: Client, organization: Organization, sending: Campaign
) -> None:
    with tenant_scope(organization):
        delivery = Delivery.objects.order_by("id").first()
        place = {"host": "mx1.greylake.example", "address": "192.0.2.7", "took": 0.412}
        happened(delivery, EventKind.DEFERRED, {**place, "class": "rate_limit", "waited": 40})
        happened(
            delivery, EventKind.DELIVERED, {**place, "took": 75, "waited": 260, "held": 240, "held_for": "rate_limit"}
        )
        happened(delivery, EventKind.OPENED, {"ip": "198.51.100.9", "waited": "nonsense", "took": [1]})
    page = as_analyst.get(message(organization, "message", delivery)).content.decode()
    assert "At mx1.greylake.example (192.0.2.7) in 412 ms." in page and "in 1 minute." in page
    assert "Before that it waited 40 seconds for its turn." in page
    assert "Before that we waited 4 minutes because Greylake asked us to slow down." in page
    assert 'Our ruling: <span class="mono">rate_limit</span>' in page
    assert "198.51.100.9" not in page and "nonsense" not in page


def test_a_message_that_cannot_leave_says_why_and_until_when(
    as_analyst: Client, organization: Organization, sending: Campaign
) -> None:
    now = timezone.now()
    held = {
        "site": "(mx1|mx2).slow.example",
        "provider": "Other",
        "hosts": ["mx1.slow.example"],
        "cause": "network",
        "why": "421 secret of others",
        "since": now.timestamp(),
        "until": now.timestamp() + 600,
    }
    Relay.objects.create(name="r", pid=1, started_at=now, beat_at=now, facts={"held": [held]})
    with tenant_scope(organization):
        delivery = Delivery.objects.order_by("id").first()
    address = message(organization, "message", delivery)
    assert "We send nothing there" not in as_analyst.get(address).content.decode(), (
        "another server of no known provider"
    )
    with tenant_scope(organization):
        happened(delivery, EventKind.DEFERRED, {"host": "mx1.slow.example", "class": "network"}, provider="Other")
        Delivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.DEFERRED, attempts=1, reason="network", due_at=now + timedelta(hours=1)
        )
        Mailing.objects.filter(pk=delivery.mailing_id).update(hold=None)
    page = as_analyst.get(address).content.decode()
    assert "Their server could not be reached. We send nothing there for a while. Until <time" in page
    assert "secret of others" not in page


def test_what_was_done_with_the_whole_send_is_part_of_the_story(
    as_analyst: Client, organization: Organization, sending: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        Mailing.objects.filter(pk=sending.mailing_id).update(hold=None)
        Campaign.objects.filter(pk=sending.pk).update(state=CampaignState.SENDING)
        launches.pause(campaign=Campaign.objects.get(pk=sending.pk), actor=marketer)
        delivery = Delivery.objects.order_by("id").first()
        happened(delivery, EventKind.DEFERRED, {"waited": 900})
    page = as_analyst.get(message(organization, "message", delivery)).content.decode()
    assert "The send was paused</strong>" in page and f"By {marketer}." in page
    assert "The send is paused." in page
    assert "Before that it waited" not in page, "it was the pause"


@pytest.mark.parametrize("events", [1, 3])
def test_a_story_takes_a_fixed_number_of_queries(
    events: int, as_analyst: Client, organization: Organization, sending: Campaign, django_assert_num_queries: Any
) -> None:
    with tenant_scope(organization):
        delivery = Delivery.objects.order_by("id").first()
        for _ in range(events):
            happened(delivery, EventKind.DEFERRED, {"host": "mx1.greylake.example"})
        Mailing.objects.filter(pk=delivery.mailing_id).update(hold=None)
    with django_assert_num_queries(STORY_QUERIES):
        as_analyst.get(message(organization, "message", delivery))


STORY_QUERIES = 20
