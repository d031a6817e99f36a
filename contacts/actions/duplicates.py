"""Several addresses of one mailbox become one person. What a person refused anywhere counts for the one who stays.

Policy: the one who stays keeps what is known of them, and gets what only the other had; of two standings to a topic the
stricter one wins, as does every do-not-send entry, the longer pause and the lower cap. The proof of consent is copied, for
the ledger is never changed. The other person is archived, not deleted: the mail that they got stays in their name, what they
say by its links counts for the one who stays (queries/merged.py), and erasing one of them erases both.
"""

from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from contacts import addresses
from contacts.enums import CAP_DAYS, Cap, SubscriptionState
from contacts.errors import NotThisWay
from contacts.models import Contact, Preference, Subscription

STRICTNESS = {SubscriptionState.SUBSCRIBED: 0, SubscriptionState.PENDING: 1, SubscriptionState.UNSUBSCRIBED: 2}


@transaction.atomic
def merge(*, keep: Contact, extra: Contact, actor: User | None) -> None:
    """Make `extra` a part of `keep`. Raises NotThisWay unless they are one mailbox and both still there."""
    locked = {
        one.pk: one
        for one in Contact.objects.select_for_update()
        .filter(pk__in=[keep.pk, extra.pk], organization_id=keep.organization_id, archived_at=None, erased_at=None)
        .order_by("pk")
    }
    if len(locked) < 2:
        raise NotThisWay("One of them is not there any more. Look at the page again.")
    keep, extra = locked[keep.pk], locked[extra.pk]
    if addresses.canonical(keep.address_key) != addresses.canonical(extra.address_key):
        raise NotThisWay(f"{keep.address} and {extra.address} are not one mailbox.")
    keep.values = {**extra.values, **{key: value for key, value in keep.values.items() if value not in (None, "")}}
    keep.locale = keep.locale or extra.locale
    keep.save(update_fields=["values", "locale", "updated_at"])
    topics = _merge_subscriptions(keep, extra)
    _merge_preferences(keep, extra)
    _copy(keep, extra, actor)
    Contact.objects.filter(merged_into=extra.pk).update(merged_into=keep.pk)
    extra.archived_at, extra.merged_into = timezone.now(), keep.pk
    extra.save(update_fields=["archived_at", "merged_into", "updated_at"])
    audit.record(
        organization=keep.organization,
        actor=actor,
        verb="contacts.people_merged",
        target=keep,
        data={"from": extra.pk, "topics_changed": topics},
    )


def _merge_subscriptions(keep: Contact, extra: Contact) -> list[int]:
    """The topics in which the one who stays stands otherwise now."""
    mine = {one.topic_id: one for one in Subscription.objects.select_for_update().filter(contact=keep)}
    changed = []
    for theirs in Subscription.objects.filter(contact=extra).order_by("topic_id"):
        own = mine.get(theirs.topic_id)
        if own is None:
            Subscription.objects.create(
                organization_id=keep.organization_id,
                contact=keep,
                topic_id=theirs.topic_id,
                state=theirs.state,
                changed_at=theirs.changed_at,
            )
        elif STRICTNESS[SubscriptionState(theirs.state)] > STRICTNESS[SubscriptionState(own.state)]:
            own.state, own.changed_at = theirs.state, theirs.changed_at
            own.save(update_fields=["state", "changed_at"])
        else:
            continue
        changed.append(theirs.topic_id)
    return changed


def _merge_preferences(keep: Contact, extra: Contact) -> None:
    theirs = Preference.objects.filter(contact=extra).first()
    if theirs is None:
        return
    mine = Preference.objects.filter(contact=keep).first() or Preference(
        organization_id=keep.organization_id, contact=keep
    )
    until = [one for one in (mine.paused_until, theirs.paused_until) if one is not None]
    mine.paused_until = max(until) if until else None
    caps = [one for one in (mine.cap, theirs.cap) if one]
    mine.cap = max(caps, key=lambda cap: CAP_DAYS[Cap(cap)]) if caps else ""
    mine.save()


def _copy(keep: Contact, extra: Contact, actor: User | None) -> None:
    """Tags, the proof of consent, and every do-not-send entry that stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO contacts_tagging (organization_id, tag_id, contact_id, import_id)
               SELECT organization_id, tag_id, %s, import_id FROM contacts_tagging WHERE contact_id = %s
               ON CONFLICT DO NOTHING""",
            [keep.pk, extra.pk],
        )
        cursor.execute(
            """INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, ip,
                                                   user_agent, about, actor_id)
               SELECT organization_id, %s, topic_id, action, at, source, wording, ip, user_agent, about, actor_id
               FROM contacts_consentrecord WHERE contact_id = %s ORDER BY id""",
            [keep.pk, extra.pk],
        )
        cursor.execute(
            """INSERT INTO contacts_suppression (organization_id, address_key, reason, topic_id, marketing_only, source,
                                                 evidence, about, actor_id, created_at, lifted_why)
               SELECT organization_id, %s, reason, topic_id, marketing_only, source, evidence, about, %s, created_at, ''
               FROM contacts_suppression
               WHERE organization_id = %s AND address_key = %s AND lifted_at IS NULL
               ON CONFLICT DO NOTHING""",
            [keep.address_key, actor.pk if actor is not None else None, keep.organization_id, extra.address_key],
        )
