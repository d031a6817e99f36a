"""What a recipient's page shows: who they are (masked), whose mail it is, and how they stand to its topics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Brand, Organization
from contacts import addresses, ports
from contacts.enums import SubscriptionState, SuppressionReason
from contacts.models import Contact, Preference, Subscription, Suppression, Topic
from contacts.tokens import Token


@dataclass(frozen=True, slots=True)
class Choice:
    """A topic of the brand; `subscribed` is how the person stands to it now."""

    topic: Topic
    subscribed: bool


@dataclass(frozen=True, slots=True)
class Recipient:
    """Everything for one page. `contact` None: a test mail, or somebody who is gone; `topic`: that of the mail, if any.

    `left_all`: they unsubscribed from everything. `disputed`: they said that they never signed up. `blocked`: something
    stronger stops mail to them, and nothing that they do here changes it.
    """

    token: Token
    organization: Organization
    brand: Brand
    contact: Contact | None
    topic: Topic | None
    subject: str
    choices: Sequence[Choice]
    left_all: bool
    disputed: bool
    blocked: bool
    paused_until: datetime | None = None  # None: not paused now
    cap: str = ""
    language: str = ""  # chosen by themselves

    @property
    def address(self) -> str:
        """m•••@example.org: mail gets forwarded, so a page never shows whose it was."""
        return addresses.masked(self.contact.address) if self.contact and not self.contact.erased_at else ""

    @property
    def paused_day(self) -> date | None:
        """The day on which the pause ends, where the organization is."""
        return self.paused_until.astimezone(ZoneInfo(self.organization.time_zone)).date() if self.paused_until else None

    @property
    def gets_topic(self) -> bool:
        """Whether they get mail on the topic of this mail now."""
        return not self.left_all and any(c.subscribed for c in self.choices if c.topic == self.topic)

    @property
    def postal_address(self) -> str:
        return self.brand.postal_address or self.organization.postal_address


def recipient(*, organization: Organization, token: Token) -> Recipient:
    """The person and the mail behind a genuine token. Call inside of the organization's scope."""
    mail = ports.mail.behind(about=token.about) if token.about else None
    contact = None
    if not token.is_test:
        contact = Contact.objects.filter(pk=token.contact_id).first()
    topic = None
    if mail is not None and mail.topic_id is not None:
        topic = Topic.objects.filter(pk=mail.topic_id).first()
    brand = brand_for(organization, mail.brand_id if mail is not None else None, topic)
    states: dict[int, int] = {}
    reasons: set[tuple[str, str]] = set()
    own = None
    if contact is not None:
        states = dict(Subscription.objects.filter(contact=contact).values_list("topic_id", "state"))
        standing = Suppression.objects.filter(address_key=contact.address_key, lifted_at=None, topic=None)
        reasons = set(standing.values_list("reason", "source"))
        own = Preference.objects.filter(contact=contact).first()
    left_all = any(reason == SuppressionReason.UNSUBSCRIBED for reason, _ in reasons)
    disputed = (SuppressionReason.MANUAL, "page") in reasons
    topics = [
        one
        for one in Topic.objects.filter(brand=brand).order_by("name")
        if states.get(one.pk) == SubscriptionState.SUBSCRIBED or one == topic or (one.is_public and not one.archived_at)
    ]
    return Recipient(
        token=token,
        organization=organization,
        brand=brand,
        contact=contact,
        topic=topic,
        subject=mail.subject if mail is not None else "",
        choices=[Choice(one, not left_all and states.get(one.pk) == SubscriptionState.SUBSCRIBED) for one in topics],
        left_all=left_all or disputed,
        disputed=disputed,
        blocked=any(
            reason != SuppressionReason.UNSUBSCRIBED and (reason, source) != (SuppressionReason.MANUAL, "page")
            for reason, source in reasons
        ),
        paused_until=own.paused_until if own and own.paused_until and own.paused_until > timezone.now() else None,
        cap=own.cap if own else "",
        language=own.language if own else "",
    )


def brand_for(organization: Organization, brand_id: int | None = None, topic: Topic | None = None) -> Brand:
    """In whose name a page speaks: the mail's brand, the topic's, else the default one."""
    brands = Brand.objects.filter(organization=organization)
    wanted = brand_id or (topic.brand_id if topic is not None else None)
    if wanted is not None and (brand := brands.filter(pk=wanted).first()) is not None:
        return brand
    return brands.order_by("-is_default", "pk").first() or Brand(organization=organization, name=organization.name)
