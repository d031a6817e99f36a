"""Counting an audience's health and keeping the numbers; and doing something about them with one click."""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from accounts.tenancy import cross_tenant
from contacts.actions import jobs, segments
from contacts.enums import JobKind
from contacts.errors import NotThisWay, Refused
from contacts.models import Health, Job, Segment
from contacts.queries import fields, health

FRESH = timedelta(hours=1)  # numbers older than that are counted anew when somebody looks
FRESH_WHERE_SMALL = timedelta(seconds=30)
PATIENCE = timedelta(minutes=5)  # after which a count that was asked for counts as lost
_LOCK = 7_308_115  # of this verb's advisory locks: two workers need not count the same


def ask(*, organization: Organization, anew: bool = False) -> tuple[Health, bool]:
    """The kept numbers, and whether a worker must be woken to count (tasks.count_health). Few people are counted now."""
    row, _ = Health.objects.get_or_create(organization=organization)
    now = timezone.now()
    small = fields.is_small(organization)
    age = FRESH_WHERE_SMALL if small else FRESH
    if not anew and row.counted_at is not None and now - row.counted_at < age:
        return row, False
    if small:
        return count(organization=organization) or row, False
    if not anew and row.asked_at is not None and now - row.asked_at < PATIENCE:
        return row, False
    row.asked_at = now
    row.save(update_fields=["asked_at"])
    return row, True


@transaction.atomic
def count(*, organization: Organization) -> Health | None:
    """Count everything and keep it; None where another worker is counting. Inside of the organization's scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, organization.pk])
        if not cursor.fetchone()[0]:
            return None
    row, _ = Health.objects.get_or_create(organization=organization)
    facts: dict[str, Any] = {"typo_domains": health.typo_domains(organization)}
    row.facts = facts
    samples: dict[str, list[int]] = {}
    facts["people"], _newest = health.count(organization, {"match": "all", "rules": []})
    facts["mailed"], _newest = health.count(organization, health.mailed())
    for number in health.NUMBERS:
        match number.name:
            case "role":
                asked: Any = health.role()
            case "disputed":
                asked = health.disputed(organization)
            case name:
                asked = health.definition(organization, name, row)
        facts[number.name], samples[number.name] = health.count(organization, asked) if asked is not None else (0, [])
    facts["valid"] = facts["people"] - facts["invalid"]
    twins = health.duplicates(organization)
    facts["mailboxes"], facts["extra"], facts["duplicates_cut"] = twins.mailboxes, twins.extra, twins.is_cut
    row.duplicates = twins.groups
    row.samples, row.counted_at, row.asked_at = samples, timezone.now(), None
    # The settings of "unengaged" may have been changed meanwhile: they stay.
    row.save(update_fields=["facts", "samples", "duplicates", "counted_at", "asked_at"])
    return row


def waiting() -> list[int]:
    """Organizations whose count was asked for and never came."""
    with cross_tenant("sweep counts of health that lost their worker"):
        lost = Health.objects.filter(asked_at__lt=timezone.now() - timedelta(minutes=1))
        return list(lost.order_by("asked_at").values_list("organization_id", flat=True)[:20])


@transaction.atomic
def set_silence(*, organization: Organization, days: int, sends: int, actor: User | None) -> None:
    """What "unengaged" means here: no human open or click in so many days, although so many mails came."""
    Health.objects.get_or_create(organization=organization)
    Health.objects.filter(organization=organization).update(silent_days=days, silent_sends=sends)
    audit.record(
        organization=organization, actor=actor, verb="contacts.silence_set", data={"days": days, "sends": sends}
    )


@transaction.atomic
def make_segment(*, organization: Organization, name: str, actor: User | None) -> Segment:
    """A segment of the people in a number, under the number's name; the one that there is, if it asks the same.

    Raises Refused.
    """
    row, _ = Health.objects.get_or_create(organization=organization)
    definition = health.definition(organization, name, row)
    if definition is None:
        raise NotThisWay("There is nobody to make a segment of.")
    title = _title(name, row)
    there = Segment.objects.filter(organization=organization, name=title, archived_at=None).first()
    if there is not None and there.definition == definition:
        return there
    return segments.save(organization=organization, segment=there, name=title, definition=definition, actor=actor)


@transaction.atomic
def archive(*, organization: Organization, name: str, actor: User | None) -> Job:
    """Archive everybody in a number, as a job that can be taken back. Raises Refused."""
    row, _ = Health.objects.get_or_create(organization=organization)
    if name not in health.BY_NAME:
        raise Refused("There is no such number.")
    title = f"Archive: {_title(name, row)}"
    people: dict[str, Any]
    if health.definition(organization, name, row) is not None:
        segment = make_segment(organization=organization, name=name, actor=actor)
        people = {"filter": {"segment": segment.public_id}}
    else:
        ids = row.samples.get(name, [])
        if not ids:
            raise NotThisWay("There is nobody to archive.")
        people = {"ids": ids[: jobs.MOST_IDS]}
    return jobs.start(organization=organization, kind=JobKind.ARCHIVE, title=title, people=people, what={}, actor=actor)


def _title(name: str, row: Health) -> str:
    if name == "silent":
        mails = "1 mail" if row.silent_sends == 1 else f"{row.silent_sends} mails"
        return f"Unengaged: no open or click in {row.silent_days} days, {mails} or more"
    return health.BY_NAME[name].label
