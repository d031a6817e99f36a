"""A new address for somebody who proved both mailboxes. Consent goes along; why the old one gets nothing does not get lost.

Policy: entries of the do-not-send list stay with the old address. Those that say what the *person* wants (unsubscribed,
complained, put there by a member or an earlier service) count for the new one too; those about the mailbox do not.
"""

from enum import Enum

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from contacts import addresses
from contacts.actions import subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, SubscriptionState, SuppressionReason
from contacts.errors import NotThisWay
from contacts.models import Contact, Subscription, Suppression, Topic

OF_THE_PERSON = (
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.MANUAL,
    SuppressionReason.IMPORTED,
)
WORDING = "My new address; both mailboxes confirmed"


class Change(Enum):
    CHANGED = "changed"
    JOINED = "joined"  # the new address was somebody of ours already: topics went there, the old entry is put away
    SAME = "same"


@transaction.atomic
def change(*, contact: Contact, address: str) -> Change:
    """Let a person be written to at another address. Raises NotThisWay, addresses.InvalidAddress."""
    parsed = addresses.parse(address)
    if suppressions.is_erased(parsed.key):
        raise NotThisWay("The owner of this address asked to be forgotten, so it cannot be used.")
    known = Contact.objects.filter(organization_id=contact.organization_id, address_key=parsed.key).values("pk").first()
    # Two changes that meet lock the two people in the same order.
    ids = sorted({contact.pk, known["pk"]} if known else {contact.pk})
    locked = {c.pk: c for c in Contact.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")}
    contact = locked[contact.pk]
    if contact.address_key == parsed.key:
        return Change.SAME
    _carry_over(contact, parsed.key)
    statement = Statement(source=ConsentSource.PAGE, wording=WORDING)
    if known is None:
        contact.address, contact.address_key, contact.domain = parsed.address, parsed.key, parsed.domain
        contact.save(update_fields=["address", "address_key", "domain", "updated_at"])
        outcome = Change.CHANGED
    else:
        _join(contact, locked[known["pk"]], statement)
        outcome = Change.JOINED
    audit.record(
        organization=contact.organization, verb="contacts.address_changed", target=contact, data={"how": outcome.value}
    )
    return outcome


def _carry_over(contact: Contact, key: str) -> None:
    for entry in Suppression.objects.filter(
        organization_id=contact.organization_id,
        address_key=contact.address_key,
        reason__in=OF_THE_PERSON,
        lifted_at=None,
    ).select_related("topic"):
        suppressions.suppress(
            organization=contact.organization,
            address=key,
            reason=SuppressionReason(entry.reason),
            source=entry.source,
            evidence=f"Carried over by a change of address. {entry.evidence}",
            about=entry.about,
            topic=entry.topic,
        )


def _join(old: Contact, new: Contact, statement: Statement) -> None:
    """Both are the same person: what the old address is subscribed to goes to the new one, and the old one is put away."""
    Contact.objects.filter(merged_into=old.pk).update(merged_into=new.pk)
    Contact.objects.filter(pk=new.pk).update(archived_at=None, merged_into=None)
    topics = Topic.objects.filter(
        pk__in=Subscription.objects.filter(contact=old, state=SubscriptionState.SUBSCRIBED).values("topic_id")
    ).exclude(  # what they left with the new address stays left
        pk__in=Subscription.objects.filter(contact=new, state=SubscriptionState.UNSUBSCRIBED).values("topic_id")
    )
    for topic in topics:
        subscriptions.subscribe(contact=new, topic=topic, statement=statement)
        subscriptions.unsubscribe(contact=old, topic=topic, statement=statement)
    Contact.objects.filter(pk=old.pk).update(archived_at=timezone.now(), merged_into=new.pk)
