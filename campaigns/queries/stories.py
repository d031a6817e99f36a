"""The story of a person and of a message: what we know, in plain words."""

from dataclasses import dataclass, field

from accounts.models import Organization
from campaigns import wording
from campaigns.models import Campaign
from campaigns.queries import variants
from campaigns.wording import Words
from contacts import addresses
from contacts.models import Contact, Subscription, Suppression
from contacts.queries import people as named
from sending.enums import DeliveryState, EventKind, StreamKind
from sending.models import Delivery, StoredMessage
from sending.queries import mailings
from sending.queries.mailings import Happening

MANY = 20
PART_OF_STATE = {
    DeliveryState.QUEUED: "on_its_way",
    DeliveryState.SENDING: "on_its_way",
    DeliveryState.DEFERRED: "retrying",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.BOUNCED: "bounced",
    DeliveryState.EXPIRED: "bounced",
    DeliveryState.SUPPRESSED: "skipped",
    DeliveryState.CANCELLED: "skipped",
    DeliveryState.FAILED: "needs_you",
    DeliveryState.IN_DOUBT: "needs_you",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One message in a list: what it was, where it stands, in words."""

    delivery: Delivery
    title: str
    part: str
    status: str
    words: Words
    campaign: Campaign | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found: one person with their messages, or several people to choose from, or nobody."""

    query: str
    address: str = ""
    contact: Contact | None = None
    lines: list[Line] = field(default_factory=list)
    suppressions: list[Suppression] = field(default_factory=list)
    topics: list[Subscription] = field(default_factory=list)
    people: list[Contact] = field(default_factory=list)

    @property
    def found(self) -> bool:
        return bool(self.contact or self.lines or self.suppressions or self.people)


@dataclass(frozen=True, slots=True)
class Chapter:
    """One thing that happened to a message, in words; `level` is pass, warn, fail or ""; `protection`: how it was encrypted."""

    happening: Happening
    title: str
    level: str
    detail: str
    protection: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about one message."""

    line: Line
    chapters: list[Chapter]
    stored: StoredMessage | None

    @property
    def delivery(self) -> Delivery:
        return self.line.delivery

    @property
    def reply(self) -> Happening | None:
        """The last thing that a server said."""
        return next((c.happening for c in reversed(self.chapters) if c.happening.text or c.happening.code), None)


def search(organization: Organization, query: str) -> Answer:
    """Who is meant by an address, the beginning of one, or a name."""
    query = "".join(character for character in query if character.isprintable()).strip()
    whole = addresses.key_of(query)
    key = whole or query.lower()
    people = Contact.objects.filter(organization=organization)
    contact = people.filter(address_key=key).first()
    if contact is None and not whole and len(query) >= 2:
        # A range, not LIKE: under row-level security only such a search uses the index.
        found = list(
            people.filter(address_key__gte=key, address_key__lt=key + "\U0010ffff").order_by("address_key")[:MANY]
        ) or list(people.filter(pk__in=named.search(query, MANY)).order_by("address_key"))
        if len(found) != 1:
            return Answer(query, people=found)
        contact, key = found[0], found[0].address_key
    sent = mailings.messages_to(
        contact_id=contact.pk if contact else None, organization_id=organization.pk, address=key
    )
    return Answer(
        query,
        address=contact.address if contact else key,
        contact=contact,
        lines=lines(sent),
        suppressions=list(
            Suppression.objects.filter(organization=organization, address_key=key, lifted_at=None).order_by("-id")
        ),
        topics=list(Subscription.objects.filter(contact=contact).select_related("topic").order_by("topic__name"))
        if contact
        else [],
    )


def of(delivery: Delivery) -> Story:
    """The story of one message."""
    (line,) = lines([delivery])
    happenings = mailings.story(delivery)
    stored = None
    if line.campaign is None:
        stored = StoredMessage.objects.defer("raw").filter(pk=delivery.pk).first()
    return Story(line, [_chapter(happening) for happening in happenings], stored)


def lines(deliveries: list[Delivery]) -> list[Line]:
    """What each message was and where it stands. Their mailings and streams should be fetched with them."""
    mailing_ids = {delivery.mailing_id for delivery in deliveries}
    campaigns = {c.mailing_id: c for c in Campaign.objects.filter(mailing_id__in=mailing_ids)} if mailing_ids else {}
    loose = [d.pk for d in deliveries if d.mailing_id not in campaigns]
    subjects = dict(StoredMessage.objects.filter(pk__in=loose).values_list("pk", "subject")) if loose else {}
    return [
        _line(delivery, campaigns.get(delivery.mailing_id), subjects.get(delivery.pk, "")) for delivery in deliveries
    ]


def _line(delivery: Delivery, campaign: Campaign | None, subject: str) -> Line:
    state = DeliveryState(delivery.state)
    part = PART_OF_STATE[state]
    if state in (DeliveryState.QUEUED, DeliveryState.SENDING) and delivery.attempts:
        part = "retrying"
    kind = {StreamKind.APP: "App mail", StreamKind.TEST: "Test"}.get(StreamKind(delivery.mailing.stream.kind), "")
    title = (
        campaign.name if campaign else (f"{kind}: {subject}" if subject else kind or delivery.mailing.name or "Mail")
    )
    words = wording.words(state.name.lower(), delivery.reason)
    version = variants.part_name(campaign, delivery.variant) if campaign else ""
    return Line(delivery, title, part, state.label, words, campaign, version)


CHAPTERS = {
    EventKind.DEFERRED: ("Their server asked us to come back later", "warn"),
    EventKind.DELIVERED: ("Their server accepted it", "pass"),
    EventKind.BOUNCED: ("Their server refused it", "fail"),
    EventKind.EXPIRED: ("We gave up", "fail"),
    EventKind.SUPPRESSED: ("Skipped", "warn"),
    EventKind.CANCELLED: ("Cancelled", "warn"),
    EventKind.FAILED: ("Could not be made: our fault", "fail"),
    EventKind.IN_DOUBT: ("The line was cut before the answer: unconfirmed", "warn"),
    EventKind.REQUEUED: ("Put in the queue again", ""),
    EventKind.OPENED: ("Opened", "pass"),
    EventKind.OPENED_MACHINE: ("Opened by a machine", ""),
    EventKind.CLICKED: ("Clicked a link", "pass"),
    EventKind.CLICKED_MACHINE: ("A link was checked by a machine", ""),
    EventKind.UNSUBSCRIBED: ("Unsubscribed", "warn"),
    EventKind.COMPLAINED: ("Reported it as spam", "fail"),
    EventKind.RESUBSCRIBED: ("Came back", "pass"),
    EventKind.AUTO_REPLIED: ("Answered by itself", ""),
    EventKind.LATE_BOUNCE: ("It came back after it had been accepted", "fail"),
}


def _chapter(happening: Happening) -> Chapter:
    title, level = (
        CHAPTERS.get(happening.kind, ("Something happened", "")) if happening.kind else ("Something happened", "")
    )
    detail = ""
    reason = str(happening.facts.get("class") or "")
    if happening.kind == EventKind.SUPPRESSED:
        detail = wording.words("suppressed", reason).what if reason in wording.SKIPPED else ""
    elif reason in wording.TROUBLE:
        detail = wording.TROUBLE[reason].what
    return Chapter(happening, title, level, detail, wording.protection(str(happening.facts.get("tls") or "")))
