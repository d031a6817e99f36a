"""The do-not-send list: putting addresses on it, and the rare lifting.

Policy: adding is easy and repeats harmlessly; the first reason of each kind stands with its evidence. Lifting is a
decision of a person with a reason and goes to the audit log; a request to be forgotten is never lifted.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts import addresses, fingerprints
from contacts.adapters import import_tables
from contacts.enums import MARKETING_ONLY, SuppressionReason
from contacts.errors import NotThisWay
from contacts.models import Contact, Suppression, Topic

BATCH = 20_000


@transaction.atomic
def suppress(
    *,
    organization: Organization,
    address: str,
    reason: SuppressionReason,
    source: str,
    evidence: str = "",
    about: str = "",
    actor: User | None = None,
    topic: Topic | None = None,
) -> bool:
    """Send no more to an address (a key does as well); with a topic, nothing of that topic. False if that stands already.

    `source` is one of relay, mailroom, page, one_click, mailto, complaint, import, member, api.
    """
    key = addresses.key_of(address) or address.strip().lower()[:320]
    return bool(
        suppress_many(
            organization=organization,
            keys=[key],
            reason=reason,
            source=source,
            evidence=evidence,
            about=about,
            actor=actor,
            topic=topic,
        )
    )


@transaction.atomic
def suppress_many(
    *,
    organization: Organization,
    keys: Iterable[str],
    reason: SuppressionReason,
    source: str,
    evidence: str = "",
    about: str = "",
    actor: User | None = None,
    topic: Topic | None = None,
) -> int:
    """Put address keys on the list; the number that are new to it under this reason and for this topic."""
    wanted = [(key, evidence) for key in dict.fromkeys(keys)]
    new = put_on(
        organization=organization,
        entries=wanted,
        reason=reason,
        source=source,
        about=about,
        actor=actor,
        topic=topic,
    )
    if new and actor is not None:
        shown = wanted[0][0] if len(wanted) == 1 else f"{new} addresses"
        audit.record(
            organization=organization,
            actor=actor,
            verb="contacts.address_suppressed",
            data={"addresses": shown, "reason": str(reason), **({"topic": topic.name} if topic is not None else {})},
        )
    return new


def put_on(
    *,
    organization: Organization,
    entries: Sequence[tuple[str, str]],
    reason: SuppressionReason,
    source: str,
    about: str = "",
    actor: User | None = None,
    topic: Topic | None = None,
) -> int:
    """(address key, evidence) onto the list, without a word in the audit log; how many were new.

    What stands already stays as it is, also where somebody else adds the same in this moment. Who asked to be forgotten is on
    it already, by a hash: their address is not written down again.
    """
    is_erased, params = import_tables.erased_rows("n.key", organization.pk)
    new = 0
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        with connection.cursor() as cursor:
            cursor.execute(
                f"""INSERT INTO contacts_suppression (organization_id, address_key, reason, topic_id, marketing_only, source,
                                                      evidence, about, actor_id, created_at, lifted_why)
                    SELECT %s, n.key, %s, %s, %s, %s, n.evidence, %s, %s, now(), ''
                    FROM unnest(%s::text[], %s::text[]) n (key, evidence)
                    WHERE NOT {is_erased}
                    ON CONFLICT DO NOTHING""",
                [
                    organization.pk,
                    str(reason),
                    topic.pk if topic is not None else None,
                    reason in MARKETING_ONLY,
                    source[:20],
                    about[:100],
                    actor.pk if actor is not None else None,
                    [key[:320] for key, _ in batch],
                    [evidence.replace("\x00", "")[:10_000] for _, evidence in batch],
                    *params,
                ],
            )
            new += cursor.rowcount
    return new


@transaction.atomic
def lift(*, suppression: Suppression, actor: User, why: str) -> None:
    """Take an address off the list. Raises NotThisWay without a reason, or when it asked to be forgotten."""
    why = " ".join(why.split())
    if not why:
        raise NotThisWay("Say why this address may get mail again.")
    suppression = Suppression.objects.select_for_update().get(pk=suppression.pk)
    if suppression.is_forgotten:
        raise NotThisWay("This person asked to be forgotten. That stays.")
    if suppression.lifted_at is not None:
        return
    suppression.lifted_at, suppression.lifted_why, suppression.lifted_by = timezone.now(), why[:300], actor
    suppression.save(update_fields=["lifted_at", "lifted_why", "lifted_by"])
    audit.record(
        organization=suppression.organization,
        actor=actor,
        verb="contacts.suppression_lifted",
        target=suppression,
        data={"why": why[:300], "reason": suppression.reason},
    )


def is_erased(address_key: str) -> bool:
    """Whether the person of this address asked to be forgotten: then nobody adds, imports or signs them up again.

    Inside of the organization's scope.
    """
    return Suppression.objects.filter(
        address_key__in=fingerprints.listed(address_key), reason=SuppressionReason.ERASED, lifted_at=None
    ).exists()


def has_left_everything(address_key: str) -> bool:
    """Whether "unsubscribed from everything" stands. Inside of the organization's scope."""
    return Suppression.objects.filter(
        address_key=address_key, reason=SuppressionReason.UNSUBSCRIBED, topic=None, lifted_at=None
    ).exists()


def lift_own(*, contact: Contact, why: str, topics: Iterable[Topic] = ()) -> bool:
    """Lift "unsubscribed" by the person's own wish, from everything and from the topics that they come back to; True if it
    stood. See subscriptions.resubscribe.
    """
    standing = Suppression.objects.filter(
        Q(topic=None) | Q(topic__in=[topic.pk for topic in topics]),
        address_key=contact.address_key,
        reason=SuppressionReason.UNSUBSCRIBED,
        lifted_at=None,
    )
    return bool(standing.update(lifted_at=timezone.now(), lifted_why=why[:300]))
