"""What a person's page says of their mail: lines, what happened, engagement, and why they did or did not get a campaign."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import tenant_scope
from campaigns.adapters.histories import HistoryAnswers
from campaigns.models import Campaign
from contacts.models import Contact, Segment, Subscription
from sending.enums import DeliveryState, EventKind, StreamKind
from sending.models import Engagement
from tests.sending import ledger

answers = HistoryAnswers()


@pytest.fixture
def ann(organization, people):
    (contact,) = people(1)
    with tenant_scope(organization):  # they came, and subscribed, a week ago
        before = timezone.now() - timedelta(days=7)
        Contact.objects.update(created_at=before)
        Subscription.objects.update(changed_at=before)
        contact.refresh_from_db()
    return contact


def sent(draft, contact=None, **facts):
    """The draft as a campaign that was sent, to this person or to nobody."""
    mailing = ledger.mailing(draft.organization)
    Campaign.objects.filter(pk=draft.pk).update(mailing=mailing, state="sent")
    return ledger.delivery(mailing, contact=contact, **facts) if contact else mailing


def happened(delivery, kind, at):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, at, variant, link, provider, code,"
            " text, facts) VALUES (%s, %s, %s, %s, %s, 0, -1, '', '', '', '{}')",
            [delivery.organization_id, delivery.mailing_id, delivery.pk, int(kind), at],
        )


def test_lines_come_newest_first_and_page_by_page(organization, ann):
    with tenant_scope(organization):
        made = [ledger.delivery(ledger.mailing(organization), contact=ann) for _ in range(5)]
        first, older = answers.lines(contact_id=ann.pk, most=3)
        second, end = answers.lines(contact_id=ann.pk, before=older, most=3)
    assert [line.target for line in first + second] == [delivery.pk for delivery in reversed(made)]
    assert end is None
    assert (first[0].part, first[0].page) == ("delivered", "campaigns:message")


def test_what_happened_is_told_newest_first(organization, ann, draft):
    now = timezone.now()
    with tenant_scope(organization):
        delivery = sent(draft, ann)
        for minutes, kind in ((3, EventKind.DELIVERED), (2, EventKind.OPENED), (1, EventKind.CLICKED)):
            happened(delivery, kind, now - timedelta(minutes=minutes))
        happened(delivery, EventKind.DEFERRED, now)
        facts = answers.facts(contact_id=ann.pk)
        earlier = answers.facts(contact_id=ann.pk, before=facts[0].at, most=1)
    assert [(fact.what, fact.title) for fact in facts] == [
        ("Clicked a link", "Spring letter"),
        ("Opened", "Spring letter"),
        ("Their server accepted it", "Spring letter"),
    ]
    assert [fact.what for fact in earlier] == ["Opened"]


def test_engagement_counts_humans_in_marketing_mail(organization, ann):
    now = timezone.now()
    with tenant_scope(organization):
        marketing = ledger.mailing(organization)
        opened = ledger.delivery(marketing, contact=ann)
        ledger.delivery(ledger.mailing(organization, kind=StreamKind.APP), contact=ann)
        ledger.delivery(ledger.mailing(organization), contact=ann, state=DeliveryState.BOUNCED)
        machine = ledger.delivery(ledger.mailing(organization), contact=ann)
        Engagement.objects.create(
            organization=organization, delivery=opened, mailing_id=marketing.pk, contact_id=ann.pk, opened_at=now
        )
        Engagement.objects.create(
            organization=organization,
            delivery=machine,
            mailing_id=machine.mailing_id,
            contact_id=ann.pk,
            machine_opened_at=now,
        )
        figures = answers.engagement(contact_id=ann.pk)
    assert (figures.messages, figures.delivered, figures.opened, figures.clicked) == (3, 2, 1, 0)
    assert (figures.last_opened, figures.last_clicked) == (now, None)


@pytest.mark.parametrize(
    ("state", "got"), [(DeliveryState.DELIVERED, True), (DeliveryState.QUEUED, None), (DeliveryState.BOUNCED, False)]
)
def test_whoever_was_meant_is_told_by_the_message(organization, ann, draft, state, got):
    with tenant_scope(organization):
        delivery = sent(draft, ann, state=state)
        (line,) = answers.why(contact_id=ann.pk, text="spring")
    assert (line.got, line.page, line.target) == (got, "campaigns:message", delivery.pk)


def test_whoever_was_not_meant_is_told_the_plainest_reason(organization, ann, draft, topic):
    def said():
        with tenant_scope(organization):
            (line,) = answers.why(contact_id=ann.pk, text="Hello")
        return line

    assert said().got is None
    assert said().what == "It was not sent yet (draft)."
    with tenant_scope(organization):
        sealed = sent(draft).sealed_at
    assert said().got is False
    assert said().what == "They were not in its audience when it was sent."
    now, before, after = timezone.now(), sealed - timedelta(days=1), sealed + timedelta(minutes=1)
    with tenant_scope(organization):
        segment = Segment.objects.create(organization=organization, name="Regulars", definition={})
        Campaign.objects.update(segment=segment)
    assert said().what == "They did not fit the segment Regulars when it was sent."
    with tenant_scope(organization):
        Subscription.objects.update(changed_at=after)
    assert said().what == "They subscribed to Weekly news only after it was sent."
    with tenant_scope(organization):
        Subscription.objects.update(state=3, changed_at=before)
    assert said().what == "They stood in Weekly news as “unsubscribed” when it was sent."
    with tenant_scope(organization):
        Subscription.objects.all().delete()
    assert said().what == "They never subscribed to Weekly news."
    with tenant_scope(organization):
        Contact.objects.update(archived_at=before)
    assert said().what == "They were archived when it was sent."
    with tenant_scope(organization):
        Contact.objects.update(created_at=now + timedelta(days=1), archived_at=None)
    assert said().what == "They came to your list after it was sent."


def test_nothing_of_that_name_is_said_so(organization, ann, draft, other_organization):
    with tenant_scope(organization):
        assert answers.why(contact_id=ann.pk, text="100% autumn_") == []


def test_the_page_of_a_person_shows_it_all(as_analyst, organization, ann, draft):
    with tenant_scope(organization):
        delivery = sent(draft, ann)
        happened(delivery, EventKind.OPENED, timezone.now())
    address = reverse("contacts:person", kwargs={"org": organization.public_id, "contact": ann.pk})
    page = as_analyst.get(address, {"why": "spring"}).content.decode()
    message = reverse("campaigns:message", kwargs={"org": organization.public_id, "message": delivery.pk})
    assert page.count(message) >= 3
    assert "They got it" in page
    assert "Opened" in page


@pytest.mark.parametrize("n", [1, 3])
def test_a_page_takes_the_same_queries_for_any_mail(n, as_analyst, organization, ann, django_assert_num_queries):
    with tenant_scope(organization):
        for _ in range(n):
            happened(ledger.delivery(ledger.mailing(organization), contact=ann), EventKind.OPENED, timezone.now())
    address = reverse("contacts:person", kwargs={"org": organization.public_id, "contact": ann.pk})
    as_analyst.get(address)
    with django_assert_num_queries(32):
        as_analyst.get(address)
