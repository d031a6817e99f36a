"""The story of a person and of a message: what we know, in plain words."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import AuditEntry, Organization
from campaigns import wording
from campaigns.models import Campaign
from campaigns.queries import forecasts, ruled, variants
from campaigns.wording import Words
from contacts import addresses
from contacts.models import Contact, Subscription, Suppression
from contacts.queries import people as named
from contacts.segments import providers
from sending.enums import OPEN_STATES, DeliveryState, EventKind, Hold, StreamKind
from sending.models import Delivery, MailingVariant, StoredMessage
from sending.queries import esp_accounts, mailings, relays
from sending.queries.mailings import Happening

MANY = 20
PART_OF_STATE = {
    DeliveryState.QUEUED: "on_its_way",
    DeliveryState.SENDING: "on_its_way",
    DeliveryState.DEFERRED: "retrying",
    DeliveryState.HANDED_OVER: "on_its_way",
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
    """One thing that happened to a message, in words; `level` is pass, warn, fail or "".

    `waited`: for what it had to wait before; `tried`: where, and how long it took; `protection`: how it was encrypted;
    `ruling`: the class of trouble that the reply was judged to be.
    """

    happening: Happening
    title: str
    level: str
    detail: str
    protection: str = ""
    waited: str = ""
    tried: str = ""
    ruling: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about one message."""

    line: Line
    chapters: list[Chapter]
    stored: StoredMessage | None
    standstill: str = ""  # why it does not leave now, in words
    until: datetime | None = None  # ... and until when, where that is known

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
    steps = _steps(line.campaign, delivery) if line.campaign else []
    chapters = sorted(
        [*(_chapter(happening, steps) for happening in happenings), *(_step(entry) for entry in steps)],
        key=lambda chapter: chapter.happening.at,
    )
    standstill, until = _standstill(delivery, happenings)
    return Story(line, chapters, stored, standstill, until)


def _steps(campaign: Campaign, delivery: Delivery) -> list[AuditEntry]:
    """When its send was stopped and went on, as long as the message waited."""
    entries = AuditEntry.objects.filter(
        organization=delivery.organization,
        target_kind="campaigns.campaign",
        target_id=campaign.public_id,
        verb__in=[f"campaigns.{verb}" for verb in STEPS],
        at__gte=delivery.created_at,
    )
    if delivery.state not in OPEN_STATES:
        entries = entries.filter(at__lte=delivery.changed_at)
    return list(entries.order_by("id")[:MOST_STEPS])


def _step(entry: AuditEntry) -> Chapter:
    title, level = STEPS[entry.verb.removeprefix("campaigns.")]
    by = f"By {entry.actor_name}." if entry.actor_name else str(entry.data.get("why") or "By Posthouse.")
    return Chapter(Happening(entry.at, None, "", "", -1, "", {}), title, level, by)


def _standstill(delivery: Delivery, happenings: list[Happening]) -> tuple[str, datetime | None]:
    """Why it does not leave now: its send stands still, or nothing is sent to that place for a while."""
    if delivery.state not in (DeliveryState.QUEUED, DeliveryState.DEFERRED):
        return "", None
    mailing = delivery.mailing
    hold = mailing.hold or (
        MailingVariant.objects.filter(mailing=mailing, variant=delivery.variant).values_list("hold", flat=True).first()
        if delivery.variant
        else None
    )
    if hold:
        return wording.HOLDS.get(hold, "The send stands still."), mailing.held_until if hold == Hold.UNDO else None
    for account in esp_accounts.in_trouble(delivery.organization, kind=mailing.stream.kind):
        trouble = "refuses us" if account.refused_at else "is in trouble"
        return f"It goes by {account.name}, which {trouble}. It is tried again, and nothing is lost.", None
    host = next((str(h.facts["host"]) for h in reversed(happenings) if h.facts.get("host")), "")
    domain = delivery.address.rpartition("@")[2]
    provider = delivery.provider or relays.provider_of(domain)
    for decree in ruled.of(mailing.organization_id, mailing_id=mailing.pk):
        if decree.holds(provider):
            return decree.words, decree.until
    for held in relays.held_sites():
        if host in held.hosts or (provider == held.provider and provider not in ("", "Other")):
            because = wording.held(held.cause, held.provider)
            return f"{because[:1].upper()}{because[1:]}. We send nothing there for a while.", held.until
    if delivery.state == DeliveryState.QUEUED:
        return forecasts.why_it_waits(mailing.stream, provider or providers.of(domain), many=False), None
    return "", None


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


TRIES = {
    EventKind.DEFERRED,
    EventKind.DELIVERED,
    EventKind.BOUNCED,
    EventKind.EXPIRED,
    EventKind.FAILED,
    EventKind.IN_DOUBT,
    EventKind.HANDED_OVER,
}
CHAPTERS = {
    EventKind.DEFERRED: ("Their server asked us to come back later", "warn"),
    EventKind.DELIVERED: ("Their server accepted it", "pass"),
    EventKind.BOUNCED: ("Their server refused it", "fail"),
    EventKind.EXPIRED: ("We gave up", "fail"),
    EventKind.SUPPRESSED: ("Skipped", "warn"),
    EventKind.CANCELLED: ("Cancelled", "warn"),
    EventKind.FAILED: ("Could not be made: our fault", "fail"),
    EventKind.IN_DOUBT: ("The line was cut before the answer: unconfirmed", "warn"),
    EventKind.HANDED_OVER: ("Handed over to your ESP, which has not said yet what became of it", ""),
    EventKind.DELAYED: ("Your ESP was asked to come back later, and will", "warn"),
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


# What is done with a whole send, from its log.
STEPS = {
    "campaign_paused": ("The send was paused", "warn"),
    "campaign_resumed": ("The send went on", ""),
    "campaign_cancelled": ("The send was cancelled", "warn"),
    "canary_asks": ("The careful start waited for a decision", "warn"),
    "canary_stopped": ("The careful start stopped the send", "warn"),
    "canary_halted": ("The careful start was ended, the others wait", "warn"),
    "canary_passed": ("The careful start went well: the others follow", ""),
    "canary_let_go": ("The others were let go", ""),
}
MOST_STEPS = 100


def _chapter(happening: Happening, steps: list[AuditEntry]) -> Chapter:
    title, level = (
        CHAPTERS.get(happening.kind, ("Something happened", "")) if happening.kind else ("Something happened", "")
    )
    detail = ""
    reason = str(happening.facts.get("class") or "")
    if happening.kind == EventKind.SUPPRESSED:
        detail = wording.words("suppressed", reason).what if reason in wording.SKIPPED else ""
    elif reason in wording.TROUBLE:
        detail = wording.TROUBLE[reason].what
    if happening.kind not in TRIES:
        return Chapter(happening, title, level, detail)
    facts = happening.facts
    return Chapter(
        happening,
        title,
        level,
        detail,
        protection=wording.protection(str(facts.get("tls") or "")),
        waited="" if _stood_still(happening, steps) else wording.waited(facts, happening.provider),
        tried=wording.tried(facts),
        ruling=reason,
    )


def _stood_still(happening: Happening, steps: list[AuditEntry]) -> bool:
    """Whether its send was stopped or let go while it waited: then it is that which is told."""
    waited = happening.facts.get("waited")
    if not isinstance(waited, int | float) or happening.facts.get("held"):
        return False
    return any(happening.at - timedelta(seconds=waited + 60) <= entry.at <= happening.at for entry in steps)
