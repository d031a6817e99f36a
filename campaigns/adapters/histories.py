"""Answers contacts' questions about what became of a person's mail (contacts/ports.py)."""

from datetime import datetime

from django.db import connection
from django.db.models import Q

from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.queries import stories
from campaigns.queries.stories import Line
from contacts.enums import SubscriptionState
from contacts.models import Contact, Subscription
from contacts.ports import Engagement, MailFact, MailLine, WhyLine
from sending.enums import DeliveryState, EventKind, StreamKind
from sending.models import Delivery
from sending.queries import mailings

PAGE = "campaigns:message"
MOST_CAMPAIGNS = 10
# What a person's timeline tells; the steps of sending between are in the message's own story.
TOLD = (
    EventKind.DELIVERED,
    EventKind.BOUNCED,
    EventKind.EXPIRED,
    EventKind.SUPPRESSED,
    EventKind.OPENED,
    EventKind.OPENED_MACHINE,
    EventKind.CLICKED,
    EventKind.CLICKED_MACHINE,
    EventKind.UNSUBSCRIBED,
    EventKind.RESUBSCRIBED,
    EventKind.COMPLAINED,
    EventKind.AUTO_REPLIED,
    EventKind.LATE_BOUNCE,
)


class HistoryAnswers:
    """Plugged in by posthouse/wiring.py."""

    def lines(self, *, contact_id: int, before: int | None = None, most: int = 20) -> tuple[list[MailLine], int | None]:
        found = mailings.messages_to(
            contact_id=contact_id, organization_id=0, address="", before=before, limit=most + 1
        )
        shown = [_line(line) for line in stories.lines(found[:most])]
        return shown, found[most - 1].pk if len(found) > most else None

    def facts(self, *, contact_id: int, before: datetime | None = None, most: int = 30) -> list[MailFact]:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT at, kind, delivery_id, text FROM sending_event
                WHERE delivery_id = ANY (ARRAY(SELECT id FROM sending_delivery WHERE contact_id = %s))
                  AND kind = ANY(%s) AND at < coalesce(%s, 'infinity'::timestamptz)
                ORDER BY at DESC, id DESC LIMIT %s
                """,
                [contact_id, [int(kind) for kind in TOLD], before, most],
            )
            rows = cursor.fetchall()
        about = Delivery.objects.select_related("mailing", "mailing__stream").filter(pk__in={row[2] for row in rows})
        titles = {line.delivery.pk: line.title for line in stories.lines(list(about))}
        return [
            MailFact(at, *stories.CHAPTERS[EventKind(kind)], titles.get(pk, ""), PAGE, pk) for at, kind, pk, _ in rows
        ]

    def engagement(self, *, contact_id: int) -> Engagement:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT count(*), count(*) FILTER (WHERE d.state = %s), count(e.opened_at), count(e.clicked_at),
                       max(e.opened_at), max(e.clicked_at)
                FROM sending_delivery d JOIN sending_mailing m ON m.id = d.mailing_id
                JOIN sending_stream s ON s.id = m.stream_id AND s.kind = %s
                LEFT JOIN sending_engagement e ON e.delivery_id = d.id
                WHERE d.contact_id = %s
                """,
                [int(DeliveryState.DELIVERED), StreamKind.MARKETING, contact_id],
            )
            return Engagement(*cursor.fetchone())

    def why(self, *, contact_id: int, text: str) -> list[WhyLine]:
        person = Contact.objects.get(pk=contact_id)
        found = list(
            Campaign.objects.select_related("topic", "segment", "excluded_segment", "mailing")
            .filter(Q(name__icontains=text) | Q(subject__icontains=text), organization_id=person.organization_id)
            .order_by("-pk")[:MOST_CAMPAIGNS]
        )
        sent = Delivery.objects.select_related("mailing", "mailing__stream").filter(
            contact_id=contact_id, mailing_id__in=[campaign.mailing_id for campaign in found if campaign.mailing_id]
        )
        lines = {line.delivery.mailing_id: line for line in stories.lines(list(sent))}
        stands = {row.topic_id: row for row in Subscription.objects.filter(contact_id=contact_id)}
        return [
            _got(campaign, lines[campaign.mailing_id])
            if campaign.mailing_id in lines
            else _not_meant(campaign, person, stands.get(campaign.topic_id or 0))
            for campaign in found
        ]


def _line(line: Line) -> MailLine:
    delivery = line.delivery
    next_try = delivery.due_at if line.part == "retrying" else None
    return MailLine(
        line.title,
        line.part,
        line.status,
        line.words.what,
        delivery.changed_at,
        next_try,
        PAGE,
        delivery.pk,
    )


def _got(campaign: Campaign, line: Line) -> WhyLine:
    got = {"delivered": True, "on_its_way": None, "retrying": None, "needs_you": None}.get(line.part, False)
    said = " ".join(part for part in (line.words.what, line.words.do) if part)
    return WhyLine(campaign.name, got, said, line.delivery.changed_at, PAGE, line.delivery.pk)


def _not_meant(campaign: Campaign, person: Contact, stands: Subscription | None) -> WhyLine:
    """They were not in the audience, or there is none yet: the reasons that we can still see, the plainest first."""
    page = ("campaigns:campaign", campaign.public_id)
    sealed = campaign.mailing.sealed_at if campaign.mailing else None
    if sealed is None:
        state = CampaignState(campaign.state).label.lower()
        return WhyLine(campaign.name, None, f"It was not sent yet ({state}).", None, *page)
    return WhyLine(campaign.name, False, _absent(campaign, person, stands, sealed), sealed, *page)


def _absent(campaign: Campaign, person: Contact, stands: Subscription | None, sealed: datetime) -> str:
    topic = campaign.topic
    if person.created_at > sealed:
        return "They came to your list after it was sent."
    if person.archived_at is not None and person.archived_at <= sealed:
        return "They were archived when it was sent."
    if topic is not None and stands is None:
        return f"They never subscribed to {topic}."
    if topic is not None and stands is not None and stands.state != SubscriptionState.SUBSCRIBED:
        label = SubscriptionState(stands.state).label.lower()
        if stands.changed_at <= sealed:
            return f"They stood in {topic} as “{label}” when it was sent."
        return f"They were not in its audience. In {topic} they stand as “{label}” since then."
    if topic is not None and stands is not None and stands.changed_at > sealed:
        return f"They subscribed to {topic} only after it was sent."
    if campaign.excluded_segment is not None:
        return "Its segments left them out when it was sent."
    if campaign.segment is not None:
        return f"They did not fit the segment {campaign.segment} when it was sent."
    return "They were not in its audience when it was sent."
