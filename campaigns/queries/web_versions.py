"""The web version of one message: whose it is and what it says, by the token in the mail."""

from dataclasses import dataclass

from accounts import derived_keys
from accounts.tenancy import cross_tenant
from campaigns.queries import as_sent
from contacts.models import Topic
from sending.merging import Merged
from sending.models import Delivery, MailingVariant
from sending.queries import link_changes
from sending.tracking import tokens
from sending.tracking.tokens import Hit


@dataclass(frozen=True, slots=True)
class Opened:
    """A genuine token: the message, and the organization whose it is."""

    organization_id: int
    hit: Hit


def is_of_a_test(token: str) -> bool:
    """Whether this is the link of a test mail, which has no web version."""
    hit = tokens.read_view(token, keys=derived_keys.keys_for(tokens.PURPOSE))
    return hit is not None and hit.is_test


def opened(token: str) -> Opened | None:
    """What a web version's token is about; None when we did not make it, or the message is gone. Not inside of a scope."""
    hit = tokens.read_view(token, keys=derived_keys.keys_for(tokens.PURPOSE))
    if hit is None or hit.is_test:
        return None
    with cross_tenant("a web version is found by the token in a mail alone"):
        organization_id = (
            Delivery.objects.filter(pk=hit.delivery_id, mailing_id=hit.mailing_id)
            .values_list("organization_id", flat=True)
            .first()
        )
    return Opened(organization_id, hit) if organization_id is not None else None


def mail(hit: Hit) -> Merged | None:
    """The mail as that person got it; None for somebody who was forgotten, or mail without content of ours."""
    delivery = (
        Delivery.objects.select_related("contact", "mailing__letter__organization").filter(pk=hit.delivery_id).first()
    )
    if delivery is None or delivery.contact is None or delivery.contact.erased_at is not None:
        return None
    letter = delivery.mailing.letter
    if delivery.variant:
        own = MailingVariant.objects.select_related("letter__organization").filter(
            mailing_id=delivery.mailing_id, variant=delivery.variant
        )
        letter = row.letter if (row := own.first()) is not None else letter
    if letter is None:
        return None
    topic = Topic.objects.filter(pk=delivery.mailing.topic_id or 0).values_list("name", flat=True).first()
    links = link_changes.destinations(letter, delivery.mailing_id)
    return as_sent.for_person(letter, delivery.contact, links=links, topic=topic or "")
