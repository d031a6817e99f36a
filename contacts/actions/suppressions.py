"""The do-not-send list: putting addresses on it, and the rare lifting.

Policy: adding is easy and repeats harmlessly; the first reason of each kind stands with its evidence. Lifting is a
decision of a person with a reason and goes to the audit log; a request to be forgotten is never lifted.
"""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts import addresses, fingerprints
from contacts.enums import MARKETING_ONLY, SuppressionReason
from contacts.errors import NotThisWay
from contacts.models import Contact, Suppression

BATCH = 1_000


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
) -> bool:
    """Send no more to an address (a key does as well). False if that reason stands already.

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
) -> int:
    """Put address keys on the list; the number that are new to it under this reason."""
    wanted = list(dict.fromkeys(keys))
    new = 0
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        standing = set(
            Suppression.objects.filter(address_key__in=batch, reason=reason, lifted_at=None).values_list(
                "address_key", flat=True
            )
        )
        fresh = [
            Suppression(
                organization=organization,
                address_key=key,
                reason=reason,
                marketing_only=reason in MARKETING_ONLY,
                source=source[:20],
                evidence=evidence.replace("\x00", "")[:10_000],
                about=about[:100],
                actor=actor,
            )
            for key in batch
            if key not in standing
        ]
        # Somebody else may add the same in between: the first one stands.
        Suppression.objects.bulk_create(fresh, ignore_conflicts=True)
        new += len(fresh)
    if new and actor is not None:
        shown = wanted[0] if len(wanted) == 1 else f"{new} addresses"
        audit.record(
            organization=organization,
            actor=actor,
            verb="contacts.address_suppressed",
            data={"addresses": shown, "reason": str(reason)},
        )
    return new


@transaction.atomic
def lift(*, suppression: Suppression, actor: User, why: str) -> None:
    """Take an address off the list. Raises NotThisWay without a reason, or when it asked to be forgotten."""
    why = " ".join(why.split())
    if not why:
        raise NotThisWay("Say why this address may get mail again.")
    suppression = Suppression.objects.select_for_update().get(pk=suppression.pk)
    if suppression.reason == SuppressionReason.ERASED:
        raise NotThisWay("This person asked to be forgotten. That stays.")
    if suppression.lifted_at is not None:
        return
    suppression.lifted_at, suppression.lifted_why = timezone.now(), why[:300]
    suppression.save(update_fields=["lifted_at", "lifted_why"])
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


def lift_own(*, contact: Contact, why: str) -> bool:
    """Lift "unsubscribed from everything" by the person's own wish; True if it stood. See subscriptions.resubscribe."""
    standing = Suppression.objects.filter(
        address_key=contact.address_key, reason=SuppressionReason.UNSUBSCRIBED, lifted_at=None
    )
    return bool(standing.update(lifted_at=timezone.now(), lifted_why=why[:300]))
