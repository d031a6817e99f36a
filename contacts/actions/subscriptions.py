"""Subscribing and unsubscribing: how a person stands to a topic, and the proof, written together.

Policy: whoever leaves is believed at once, whoever joins needs a statement. Only the person's own act (`resubscribe`)
lifts "unsubscribed from everything"; nothing here ever lifts a complaint, a bounce or a member's entry.

Every verb locks the contact's row first, so two clicks at once make one change and one record. Call them inside of a
tenant's scope; each is one transaction of its own or part of the caller's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from contacts.actions import suppressions
from contacts.enums import ConsentAction, ConsentSource, SubscriptionState, SuppressionReason
from contacts.models import ConsentRecord, Contact, Subscription, Topic


@dataclass(frozen=True, slots=True)
class Statement:
    """How we know: where it was said, the words that were seen or the basis that was given, and what it came from."""

    source: ConsentSource
    wording: str = ""
    ip: str | None = None
    user_agent: str = ""
    about: str = ""
    actor: User | None = None
    at: datetime | None = None  # when it was said; None = now


@transaction.atomic
def subscribe(*, contact: Contact, topic: Topic, statement: Statement) -> bool:
    """Subscribe a person to a topic. False if they were subscribed already. Never lifts a suppression."""
    _lock(contact)
    return _move(contact, topic, SubscriptionState.SUBSCRIBED, ConsentAction.SUBSCRIBED, statement)


def said_no_or_nothing(*, contact: Contact, topic: Topic) -> bool:
    """Whether a person left a topic or everything, or was asked and never confirmed: no member but an admin brings them back."""
    stands = Subscription.objects.filter(contact=contact, topic=topic)
    return stands.exclude(state=SubscriptionState.SUBSCRIBED).exists() or suppressions.has_left_everything(
        contact.address_key
    )


@transaction.atomic
def unsubscribe(*, contact: Contact, topic: Topic, statement: Statement) -> bool:
    """Unsubscribe a person from one topic. False if they had left already (a first "no" to a topic is recorded too)."""
    _lock(contact)
    return _move(contact, topic, SubscriptionState.UNSUBSCRIBED, ConsentAction.UNSUBSCRIBED, statement)


@transaction.atomic
def unsubscribe_all(*, contact: Contact, statement: Statement) -> bool:
    """Stop all marketing mail to a person: every topic, and an entry on the do-not-send list. False if it was so."""
    _lock(contact)
    at = statement.at or timezone.now()
    standing = Subscription.objects.filter(contact=contact).exclude(state=SubscriptionState.UNSUBSCRIBED)
    topics = list(standing.values_list("topic_id", flat=True))
    standing.update(state=SubscriptionState.UNSUBSCRIBED, changed_at=at)
    new = suppressions.suppress(
        organization=contact.organization,
        address=contact.address_key,
        reason=SuppressionReason.UNSUBSCRIBED,
        source=statement.source,
        evidence=statement.wording,
        about=statement.about,
        actor=statement.actor,
    )
    if not new and not topics:
        return False
    ConsentRecord.objects.bulk_create(
        _record(contact, topic_id, ConsentAction.UNSUBSCRIBED, statement, at) for topic_id in [None, *topics]
    )
    return True


@transaction.atomic
def resubscribe(*, contact: Contact, topic: Topic | None, statement: Statement) -> bool:
    """The person's own wish to come back: to one topic, or (None) to all that the last "everything" had ended.

    Lifts "unsubscribed from everything", and no other suppression. False if nothing changed.
    """
    _lock(contact)
    at = statement.at or timezone.now()
    if topic is not None:
        _end_what_sleeps(contact, [topic], statement)
    lifted = suppressions.lift_own(
        contact=contact,
        topics=[topic] if topic is not None else (),
        why=f"Came back: {ConsentSource(statement.source).label}",
    )
    if topic is not None:
        return _move(contact, topic, SubscriptionState.SUBSCRIBED, ConsentAction.RESUBSCRIBED, statement) or lifted
    left = (
        ConsentRecord.objects.filter(contact=contact, topic=None, action=ConsentAction.UNSUBSCRIBED)
        .order_by("-id")
        .values_list("at", flat=True)
        .first()
    )
    ended = Subscription.objects.filter(contact=contact, state=SubscriptionState.UNSUBSCRIBED, changed_at=left or at)
    topics = list(ended.values_list("topic_id", flat=True)) if left else []
    if topics:
        ended.update(state=SubscriptionState.SUBSCRIBED, changed_at=at)
    if not topics and not lifted:
        return False
    ConsentRecord.objects.bulk_create(
        _record(contact, topic_id, ConsentAction.RESUBSCRIBED, statement, at) for topic_id in [None, *topics]
    )
    return True


@transaction.atomic
def ask(*, contact: Contact, topic: Topic, statement: Statement) -> bool:
    """Somebody typed this address to subscribe it: they wait until its owner confirms. False if subscribed already.

    Who had left stays so meanwhile: only their own confirmation may change that, and mail under way asks for that state.
    """
    _lock(contact)
    now = timezone.now()
    row = Subscription.objects.filter(contact=contact, topic=topic).first()
    if row is not None and row.state == SubscriptionState.SUBSCRIBED:
        return False
    if row is None:
        Subscription.objects.create(
            organization_id=contact.organization_id,
            contact=contact,
            topic=topic,
            state=SubscriptionState.PENDING,
            changed_at=now,
        )
    _record(contact, topic.pk, ConsentAction.REQUESTED, statement, statement.at or now).save(force_insert=True)
    return True


@transaction.atomic
def confirm(*, contact: Contact, topics: Iterable[Topic], statement: Statement) -> list[Topic]:
    """The owner of the address confirmed by the link that was mailed to it; the topics that this subscribed them to.

    Their own act, so it lifts "unsubscribed from everything", and no other suppression.
    """
    _lock(contact)
    topics = list(topics)
    _end_what_sleeps(contact, topics, statement)
    suppressions.lift_own(contact=contact, topics=topics, why=f"Confirmed: {ConsentSource(statement.source).label}")
    return [
        topic
        for topic in topics
        if _move(contact, topic, SubscriptionState.SUBSCRIBED, ConsentAction.CONFIRMED, statement)
    ]


@transaction.atomic
def expire(*, contact: Contact, topic_ids: Iterable[int], statement: Statement) -> int:
    """Nobody confirmed in time: they wait no longer, and the ledger says so. The number of topics."""
    _lock(contact)
    at = statement.at or timezone.now()
    waiting = Subscription.objects.filter(
        contact=contact, topic_id__in=list(topic_ids), state=SubscriptionState.PENDING
    )
    topics = list(waiting.values_list("topic_id", flat=True))
    waiting.delete()
    ConsentRecord.objects.bulk_create(
        _record(contact, topic_id, ConsentAction.EXPIRED, statement, at) for topic_id in topics
    )
    return len(topics)


def note(*, contact: Contact, action: ConsentAction, statement: Statement) -> None:
    """Put into the consent ledger what changes no topic: that they dispute it all, for one."""
    _record(contact, None, action, statement, statement.at or timezone.now()).save(force_insert=True)


def _lock(contact: Contact) -> None:
    Contact.objects.select_for_update(no_key=True).only("pk").get(pk=contact.pk)


def _end_what_sleeps(contact: Contact, wanted: list[Topic], statement: Statement) -> None:
    """Who had left everything comes back to some topics: what an import, a member or a merge left standing beside that "no"
    must not wake up with them. Call before it is lifted."""
    if not suppressions.has_left_everything(contact.address_key):
        return
    at = statement.at or timezone.now()
    asleep = Subscription.objects.filter(contact=contact).exclude(state=SubscriptionState.UNSUBSCRIBED)
    asleep = asleep.exclude(topic__in=[topic.pk for topic in wanted])
    topics = list(asleep.values_list("topic_id", flat=True))
    asleep.update(state=SubscriptionState.UNSUBSCRIBED, changed_at=at)
    said = replace(statement, wording="Had left everything, and came back to other topics only.")
    ConsentRecord.objects.bulk_create(
        _record(contact, topic_id, ConsentAction.UNSUBSCRIBED, said, at) for topic_id in topics
    )


def _move(
    contact: Contact, topic: Topic, state: SubscriptionState, action: ConsentAction, statement: Statement
) -> bool:
    now = timezone.now()
    row = Subscription.objects.filter(contact=contact, topic=topic).first()
    if row is not None and row.state == state:
        return False
    if row is None:
        Subscription.objects.create(
            organization_id=contact.organization_id, contact=contact, topic=topic, state=state, changed_at=now
        )
    else:
        row.state, row.changed_at = state, now
        row.save(update_fields=["state", "changed_at"])
    _record(contact, topic.pk, action, statement, statement.at or now).save(force_insert=True)
    return True


def _record(
    contact: Contact, topic_id: int | None, action: ConsentAction, statement: Statement, at: datetime
) -> ConsentRecord:
    return ConsentRecord(
        organization_id=contact.organization_id,
        contact=contact,
        topic_id=topic_id,
        action=action,
        at=at,
        source=statement.source,
        wording=statement.wording,
        ip=statement.ip,
        user_agent=statement.user_agent[:300],
        about=statement.about[:100],
        actor=statement.actor,
    )
