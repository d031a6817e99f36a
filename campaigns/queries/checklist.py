"""The checklist of a campaign: gather the facts, ask the rules."""

from django.db import connection

from campaigns import preflight
from campaigns.models import Campaign
from campaigns.preflight import Facts, Gap, Result
from campaigns.preflight.results import Status
from campaigns.queries import content
from contacts.queries import audience
from contacts.segments.tree import BadDefinition
from reputation.queries import domains

# Always there, so that no fallback is needed.
_NEVER_EMPTY = frozenset({"email"})


def results(campaign: Campaign) -> list[Result]:
    """All checks, measured now."""
    return preflight.run(facts(campaign))


def is_ready(found: list[Result]) -> bool:
    """Whether nothing stops the send (warnings still want their ticks)."""
    return all(result.status != "fail" for result in found)


def facts(campaign: Campaign) -> Facts:
    """What the rules look at."""
    made = content.make(campaign)
    plan, compiled = made.plan, made.compiled
    people, skipped, trouble = _count(campaign)
    domain = campaign.domain
    clearance = domains.clearance(domain) if domain else None
    return Facts(
        subject=campaign.subject,
        subject_problems=made.subject_problems,
        preheader=campaign.preheader,
        from_name=campaign.from_name,
        from_address=f"{campaign.from_local}@{domain.name}" if domain and campaign.from_local else "",
        reply_to=campaign.reply_to,
        domain_name=domain.name if domain else "",
        domain_status=_status(clearance),
        domain_evidence=f"{domain.name}: {clearance.summary}" if domain and clearance else "",
        domain_fix="Look at the records, and publish what is missing.",
        topic_name=campaign.topic.name if campaign.topic else "",
        segment_name=campaign.segment.name if campaign.segment else "",
        excluded_name=campaign.excluded_segment.name if campaign.excluded_segment else "",
        audience=people,
        skipped=skipped,
        audience_problem=trouble,
        has_design=campaign.design_id is not None,
        compiled=compiled,
        errors=made.errors,
        names=plan.names if plan else frozenset(),
        gaps=_gaps(
            campaign, plan.unguarded_fields - _NEVER_EMPTY if plan else frozenset(), countable=people is not None
        ),
        postal_address=campaign.brand.postal_address or campaign.organization.postal_address,
    )


def _status(clearance: domains.Clearance | None) -> Status:
    """A domain that may not be sent from fails, whatever the reason."""
    if clearance is None:
        return "unknown"
    if not clearance.ready:
        return "fail"
    return "pass" if clearance.status == "pass" else "warn"


def _count(campaign: Campaign) -> tuple[int | None, int, str]:
    if campaign.topic is None:
        return None, 0, ""
    try:
        count = audience.count(
            organization=campaign.organization,
            topic=campaign.topic,
            segment=campaign.segment,
            excluded=campaign.excluded_segment,
        )
    except BadDefinition as error:
        return None, 0, str(error)
    return count.people, count.skipped, ""


def _gaps(campaign: Campaign, fields: frozenset[str], *, countable: bool) -> tuple[Gap, ...]:
    names = sorted(fields)
    if not names:
        return ()
    if not countable or campaign.topic is None:
        return tuple(Gap(field=name, people=None) for name in names)
    people = audience.select(
        organization=campaign.organization,
        topic=campaign.topic,
        segment=campaign.segment,
        excluded=campaign.excluded_segment,
    )
    counted = ", ".join("count(*) FILTER (WHERE coalesce(btrim(c.values ->> %s), '') = '')" for _ in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {counted} FROM ({people.text}) a JOIN contacts_contact c ON c.id = a.contact_id WHERE a.reason IS NULL",
            [*names, *people.params],
        )
        row = cursor.fetchone()
    return tuple(Gap(field=name, people=n) for name, n in zip(names, row, strict=True))
