"""A person's timeline: what they agreed to, what stopped their mail, what they did with it, who changed what; one order.

Paged by time: each source gives its newest before a moment, and what happened at one moment stays on one page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import AuditEntry
from contacts import ports
from contacts.enums import ConsentAction
from contacts.models import ConsentRecord, Contact, Import, Suppression

PAGE = 30
WARNING = (ConsentAction.UNSUBSCRIBED, ConsentAction.EXPIRED, ConsentAction.REVERTED)
DEEDS = {  # of the audit log, that are about a person
    "contacts.person_corrected": "Corrected",
    "contacts.person_archived": "Archived",
    "contacts.person_restored": "Brought back",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened. `level`: pass, warn, fail or ""; `by`: who or what did it; `page`: an URL name to look."""

    at: datetime
    what: str
    level: str = ""
    detail: str = ""
    by: str = ""
    page: str = ""
    target: int | str = ""


def of(contact: Contact, *, before: datetime | None = None, most: int = PAGE) -> tuple[list[Moment], datetime | None]:
    """Moments before a time, newest first, and where the next page begins (None at the end)."""
    sources: tuple[Callable[[Contact, datetime | None, int], list[Moment]], ...] = (
        _consents,
        _suppressions,
        _mail,
        _deeds,
        _beginning,
    )
    moments = [moment for source in sources for moment in source(contact, before, most + 1)]
    moments.sort(key=lambda moment: moment.at, reverse=True)
    if len(moments) <= most:
        return moments, None
    last = moments[most - 1].at
    page = [moment for moment in moments if moment.at >= last]
    return page, last if len(page) < len(moments) else None


def _before(name: str, moment: datetime | None) -> dict[str, datetime]:
    return {f"{name}__lt": moment} if moment is not None else {}


def _consents(contact: Contact, before: datetime | None, most: int) -> list[Moment]:
    rows = (
        ConsentRecord.objects.filter(contact=contact, **_before("at", before))
        .select_related("topic", "actor")
        .order_by("-at", "-pk")[:most]
    )
    return [
        Moment(
            row.at,
            f"{row.get_action_display()}: {row.topic or 'everything'}",
            "warn" if row.action in WARNING else "fail" if row.action == ConsentAction.DISPUTED else "pass",
            row.wording,
            str(row.actor) if row.actor else row.get_source_display(),
        )
        for row in rows
    ]


def _suppressions(contact: Contact, before: datetime | None, most: int) -> list[Moment]:
    rows = Suppression.objects.filter(
        organization_id=contact.organization_id, address_key=contact.address_key
    ).select_related("actor", "topic")
    listed = [
        Moment(
            row.created_at,
            f"On the do-not-send list: {row.reason_words}" + (f" ({row.topic})" if row.topic else ""),
            "fail",
            row.evidence,
            str(row.actor) if row.actor else row.source_words,
        )
        for row in rows.filter(**_before("created_at", before)).order_by("-created_at")[:most]
    ]
    lifted = [
        Moment(row.lifted_at, f"Off the do-not-send list: {row.reason_words}", "", row.lifted_why)
        for row in rows.filter(lifted_at__isnull=False, **_before("lifted_at", before)).order_by("-lifted_at")[:most]
        if row.lifted_at is not None
    ]
    return listed + lifted


def _mail(contact: Contact, before: datetime | None, most: int) -> list[Moment]:
    return [
        Moment(fact.at, fact.what, fact.level, fact.title, page=fact.page, target=fact.target)
        for fact in ports.history.facts(contact_id=contact.pk, before=before, most=most)
    ]


def _deeds(contact: Contact, before: datetime | None, most: int) -> list[Moment]:
    rows = AuditEntry.objects.filter(
        organization_id=contact.organization_id,
        target_kind="contacts.contact",
        target_id=str(contact.pk),
        verb__in=DEEDS,
        **_before("at", before),
    ).order_by("-at")[:most]
    return [
        Moment(row.at, DEEDS[row.verb], detail=", ".join(map(str, row.data.get("fields", []))), by=row.actor_name)
        for row in rows
    ]


def _beginning(contact: Contact, before: datetime | None, most: int) -> list[Moment]:
    if before is not None and contact.created_at >= before:
        return []
    file = ""
    if contact.import_id:
        found = Import.objects.filter(pk=contact.import_id).first()
        file = found.file_name if found else ""
    return [Moment(contact.created_at, "Added", "pass", file, by=contact.source)]
