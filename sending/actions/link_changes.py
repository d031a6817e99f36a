"""Where a link of mail that was sent leads from now on: changed, changed again, led back. Nothing of it is forgotten.

Policy: only an address that the mailing's own letters have can be led elsewhere, and only to an address that is kept here, so
that there is no open redirect. It is the same in all letters of the mailing. What is counted stays counted for that link.
"""

import hashlib
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from sending.errors import Refused
from sending.models import LinkChange, Mailing
from sending.queries import link_changes as reading
from sending.tracking import destinations

MOST_REASON = 500


@transaction.atomic
def change(*, mailing: Mailing, was: str, url: str, reason: str, actor: User, ours: Collection[str]) -> LinkChange:
    """Lead a link elsewhere. `was`: the address in the letters; `ours`: the hosts of our own pages.

    Raises Refused: nothing was sent, the mailing has no such link or it is one that acts for a person, the new address is
    none or leads into a private network, or no reason is given.
    """
    mailing = _sent(mailing)
    if was not in reading.addresses(mailing):
        raise Refused("This send has no such link.")
    if destinations.is_personal(was, ours=ours):
        raise Refused("A link to unsubscribe, to the preferences or to the web version stays as it is.")
    url = url.strip()
    if why := destinations.why_not(url, ours=ours):
        raise Refused(why)
    reason = " ".join(reason.replace("\x00", "").split())[:MOST_REASON]
    if not reason:
        raise Refused("Say why, for those who look at it later.")
    if url == was:
        raise Refused("That is where it led when it was sent. Lead it back instead.")
    before = _in_force(mailing, was)
    if before is not None and before.url == url:
        raise Refused("It leads there already.")
    now = timezone.now()
    _end(before, actor, now)
    made = LinkChange.objects.create(
        organization_id=mailing.organization_id,
        mailing=mailing,
        was=was,
        was_hash=_hash(was),
        url=url,
        reason=reason,
        changed_at=now,
        changed_by=actor,
    )
    audit.record(
        organization=mailing.organization,
        actor=actor,
        verb="sending.link_changed",
        target=mailing,
        data={"was": was, "from": before.url if before else was, "to": url, "reason": reason},
    )
    return made


@transaction.atomic
def lead_back(*, mailing: Mailing, was: str, actor: User) -> bool:
    """Let a link lead again where it led when it was sent; False when it does."""
    mailing = _sent(mailing)
    before = _in_force(mailing, was)
    if before is None:
        return False
    _end(before, actor, timezone.now())
    audit.record(
        organization=mailing.organization,
        actor=actor,
        verb="sending.link_led_back",
        target=mailing,
        data={"was": was, "from": before.url},
    )
    return True


def _sent(mailing: Mailing) -> Mailing:
    """The mailing, locked: two changes at once come one after the other."""
    mailing = Mailing.objects.select_for_update(of=("self",)).select_related("organization").get(pk=mailing.pk)
    if mailing.sealed_at is None:
        raise Refused("Nothing has been sent yet: change the link in the content.")
    return mailing


def _in_force(mailing: Mailing, was: str) -> LinkChange | None:
    return LinkChange.objects.filter(mailing=mailing, was_hash=_hash(was), ended_at=None).first()


def _end(change: LinkChange | None, actor: User, now) -> None:  # type: ignore[no-untyped-def]
    if change is not None:
        change.ended_at, change.ended_by = now, actor
        change.save(update_fields=["ended_at", "ended_by"])


def _hash(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
