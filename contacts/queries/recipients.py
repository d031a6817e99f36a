"""What a recipient's page shows: who they are (masked), whose mail it is, and how they stand to its topics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.utils import timezone

from accounts.models import Brand, Organization
from accounts.tenancy import read_at_once
from contacts import addresses, ports
from contacts.enums import SubscriptionState, SuppressionReason
from contacts.models import Contact, Topic
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
    def looks(self) -> tuple[Any, ...]:
        """All that a page shows of this person beside the token and the address: who has the same sees the same page."""
        brand = self.brand
        return (
            *(self.organization.pk, brand.pk, brand.name, brand.colour, str(brand.logo), self.postal_address),
            *(self.contact is None, not self.address, self.token.is_test, self.left_all, self.disputed, self.blocked),
            *(self.paused_day, self.cap, self.language, _looks(self.topic) if self.topic else None),
            tuple((*_looks(choice.topic), choice.subscribed) for choice in self.choices),
        )

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


M = TypeVar("M", bound=Model)


def _looks(topic: Topic) -> tuple[Any, ...]:
    return topic.pk, topic.public_id, topic.name, topic.description


def recipient(*, token: Token) -> Recipient | None:
    """The person and the mail behind a genuine token; None when there is no such organization. Whoever was found to be
    somebody else since is that person (contacts/queries/merged.py).

    One SELECT: these pages are opened by everybody at once when a send goes out.
    """
    behind, params = ports.mail.behind(about=token.about)
    contact_id = None if token.is_test else token.contact_id
    mine = token.organization_id
    rows = read_at_once(
        mine, _PAGE.format(behind=behind), [*params, mine, contact_id, mine, contact_id, mine, mine, mine, mine]
    )
    return _recipient(token, rows[0]) if rows else None


def _some(model: type[Model], *names: str) -> tuple[str, ...]:
    """Columns of a model in its own order, which is how `from_db` wants them."""
    return tuple(field.attname for field in model._meta.concrete_fields if field.attname in names)


_ORGANIZATION = _some(Organization, "id", "public_id", "name", "postal_address", "time_zone")
_BRAND = _some(
    Brand,
    "id",
    "public_id",
    "name",
    "colour",
    "logo",
    "postal_address",
    "from_name",
    "from_local",
    "reply_to",
    "link_host",
)
_CONTACT = _some(
    Contact,
    *("id", "organization_id", "address", "address_key", "locale", "source", "import_id", "form_id"),
    *("archived_at", "erased_at"),
)
_TOPIC = _some(Topic, "id", "public_id", "name", "description")
_CUTS = list(accumulate(map(len, (_ORGANIZATION, _BRAND, _CONTACT, _TOPIC)), initial=0))


def _columns(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


_PAGE = f"""
WITH mail AS MATERIALIZED ({{behind}}),
person AS MATERIALIZED (
    SELECT c.* FROM contacts_contact c WHERE c.organization_id = %s::bigint AND c.id = coalesce((
        SELECT m.merged_into FROM contacts_contact m
        WHERE m.id = %s::bigint AND m.organization_id = %s::bigint AND m.archived_at IS NOT NULL), %s::bigint)),
theme AS MATERIALIZED (SELECT t.* FROM contacts_topic t JOIN mail ON t.id = mail.topic_id),
brand AS MATERIALIZED (
    SELECT b.* FROM accounts_brand b WHERE b.organization_id = %s::bigint
    ORDER BY b.id = coalesce((SELECT brand_id FROM mail), (SELECT brand_id FROM theme)) DESC NULLS LAST, b.is_default DESC, b.id
    LIMIT 1
)
SELECT {_columns("o", _ORGANIZATION)}, {_columns("brand", _BRAND)}, {_columns("person", _CONTACT)}, {_columns("theme", _TOPIC)},
    mail.subject, own.paused_until, own.cap, own.language,
    (SELECT json_agg(json_build_array({_columns("t", _TOPIC)}, s.state) ORDER BY t.name) FROM contacts_topic t
     LEFT JOIN contacts_subscription s ON s.topic_id = t.id AND s.contact_id = person.id
     WHERE t.organization_id = %s::bigint AND t.brand_id = brand.id
       AND (s.state = {SubscriptionState.SUBSCRIBED:d} OR t.id = theme.id OR (t.is_public AND t.archived_at IS NULL))),
    (SELECT json_agg(json_build_array(x.reason, x.source)) FROM contacts_suppression x
     WHERE x.organization_id = %s::bigint AND x.address_key = person.address_key AND x.lifted_at IS NULL AND x.topic_id IS NULL)
FROM accounts_organization o
LEFT JOIN brand ON true LEFT JOIN person ON true LEFT JOIN mail ON true LEFT JOIN theme ON true
LEFT JOIN contacts_preference own ON own.contact_id = person.id
WHERE o.id = %s::bigint
"""


def _part(model: type[M], names: Sequence[str], row: Sequence[Any], which: int) -> M | None:
    values = row[_CUTS[which] : _CUTS[which + 1]]
    return model.from_db("default", names, values) if values[0] is not None else None


def _recipient(token: Token, row: Sequence[Any]) -> Recipient:
    organization = _part(Organization, _ORGANIZATION, row, 0)
    assert organization is not None  # the SELECT is about it
    brand = _part(Brand, _BRAND, row, 1) or Brand(name=organization.name)
    contact, topic = _part(Contact, _CONTACT, row, 2), _part(Topic, _TOPIC, row, 3)
    subject, paused_until, cap, language, topics, entries = row[_CUTS[-1] :]
    brand.organization = organization
    if contact is not None:
        contact.organization = organization
    reasons = {(reason, source) for reason, source in entries or ()}
    disputed = (SuppressionReason.MANUAL, "page") in reasons
    left_all = disputed or any(reason == SuppressionReason.UNSUBSCRIBED for reason, _ in reasons)
    return Recipient(
        token=token,
        organization=organization,
        brand=brand,
        contact=contact,
        topic=topic,
        subject=subject or "",
        choices=[
            Choice(Topic.from_db("default", _TOPIC, one), not left_all and state == SubscriptionState.SUBSCRIBED)
            for *one, state in topics or ()
        ],
        left_all=left_all,
        disputed=disputed,
        blocked=any(
            reason != SuppressionReason.UNSUBSCRIBED and (reason, source) != (SuppressionReason.MANUAL, "page")
            for reason, source in reasons
        ),
        paused_until=paused_until if paused_until and paused_until > timezone.now() else None,
        cap=cap or "",
        language=language or "",
    )


def again(person: Recipient) -> Recipient:
    """The same person as they stand now, after something was changed. Inside of the organization's scope."""
    now = recipient(token=person.token)
    assert now is not None  # its organization is open
    return now
