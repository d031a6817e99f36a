"""Where the links of a mailing lead now, and how that came about."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from sending.models import Letter, LinkChange, Mailing, MailingVariant

MOST = 100  # of a link's history on a page


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody led a link elsewhere; `url` "": back to where it led when it was sent."""

    at: datetime
    by: User | None
    url: str = ""
    reason: str = ""


def addresses(mailing: Mailing) -> set[str]:
    """Every tracked address of a mailing's letters, as it was sent."""
    ids = [*MailingVariant.objects.filter(mailing=mailing).values_list("letter_id", flat=True)]
    if mailing.letter_id is not None:
        ids.append(mailing.letter_id)
    found: set[str] = set()
    for links in Letter.objects.filter(pk__in=ids).values_list("links", flat=True):
        found.update(links)
    return found


def in_force(mailing_id: int) -> dict[str, str]:
    """Where links lead that do not lead any more where they led when they were sent: address as sent -> address now."""
    return dict(LinkChange.objects.filter(mailing_id=mailing_id, ended_at=None).values_list("was", "url"))


def destinations(letter: Letter, mailing_id: int) -> list[str]:
    """Where the tracked links of a letter lead now, in their order."""
    changed = in_force(mailing_id)
    return [changed.get(address, address) for address in letter.links]


def history(mailing_id: int, was: str) -> list[Step]:
    """What became of one link since it was sent, the newest first."""
    found = LinkChange.objects.filter(mailing_id=mailing_id, was=was).select_related("changed_by", "ended_by")
    changes = list(found.order_by("-pk")[:MOST])
    followed = {change.changed_at for change in changes}
    steps = []
    for change in changes:
        if change.ended_at is not None and change.ended_at not in followed:
            steps.append(Step(change.ended_at, change.ended_by))
        steps.append(Step(change.changed_at, change.changed_by, change.url, change.reason))
    return steps
