"""The checklist of a campaign: gather the facts, ask the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from django.conf import settings

from campaigns import ab_testing, careful_start, preflight
from campaigns.models import Campaign, Media
from campaigns.preflight import Asked, Facts, Gap, Result, Test, markup
from campaigns.preflight.markup import Markup
from campaigns.preflight.results import Status
from campaigns.queries import (
    audiences,
    brand_kits,
    check_counts,
    content,
    follow_ups,
    forecasts,
    link_checks,
    spam_scores,
    variants,
)
from campaigns.queries.check_counts import People
from campaigns.queries.variants import Version
from contacts.models import Contact
from contacts.queries import fields
from contacts.segments.tree import BadDefinition
from reputation.queries import domains
from sending.merging import Merged, Plan, Unmergeable

# Always there, so that no fallback is needed.
_NEVER_EMPTY = frozenset({"email"})


def results(campaign: Campaign) -> list[Result]:
    """All checks, measured now; what is asked in the background, as it is known now."""
    return preflight.run(facts(campaign))


def is_ready(found: list[Result]) -> bool:
    """Whether nothing stops the send (warnings still want their ticks)."""
    return all(result.status != "fail" for result in found)


def urls(campaign: Campaign) -> list[str]:
    """What a worker can ask about this campaign: its links, and its pictures on other people's servers."""
    versions = [version.campaign for version in variants.of(campaign)] or [campaign]
    return list(dict.fromkeys(url for each in versions for url in urls_of(campaign, content.make(each))))


@dataclass(frozen=True, slots=True)
class _Mail:
    """One mail of the campaign, read once: the campaign's own, or that of a version."""

    campaign: Campaign
    made: content.Made
    fallbacks: Mapping[str, str]
    shown: Merged | None
    seen: Markup | None


def _read(campaign: Campaign) -> _Mail:
    made = content.make(campaign)
    shown = _shown(campaign, made.plan)
    seen = markup.read(shown.html if shown else made.compiled.html) if made.compiled else None
    return _Mail(campaign, made, _fallbacks(made.plan) if made.plan else {}, shown, seen)


def facts(campaign: Campaign) -> Facts:
    """What the rules look at. Everything about people is asked once, whatever number of versions there is."""
    versions = variants.of(campaign)
    mails = [_read(version.campaign) for version in versions] or [_read(campaign)]
    counted, trouble, chosen = None, "", None
    try:
        chosen = audiences.select(campaign)
        if chosen is not None:
            counted = check_counts.people(chosen, sorted({name for mail in mails for name in mail.fallbacks}))
    except BadDefinition as error:
        trouble, chosen = str(error), None
    domain = campaign.domain
    clearance = domains.clearance(domain) if domain else None
    sender = f"{campaign.from_local}@{domain.name}" if domain and campaign.from_local else ""
    loads = counted.loads if counted else None
    common = Facts(
        from_address=sender,
        reply_to=campaign.reply_to,
        domain_name=domain.name if domain else "",
        domain_status=_status(clearance),
        domain_evidence=f"{domain.name}: {clearance.summary}" if domain and clearance else "",
        domain_fix="Look at the records, and publish what is missing.",
        topic_name=campaign.topic.name if campaign.topic else "",
        segment_name=campaign.segment.name if campaign.segment else "",
        excluded_name=campaign.excluded_segment.name if campaign.excluded_segment else "",
        of_earlier=follow_ups.in_words(campaign),
        audience=counted.people if counted else None,
        skipped=counted.skipped if counted else 0,
        audience_problem=trouble,
        reasons=counted.reasons if counted else {},
        languages=counted.languages if counted else {},
        lately=check_counts.lately(campaign, chosen) if chosen and counted else None,
        lately_days=check_counts.LATELY_DAYS,
        loads=loads,
        done=forecasts.of_draft(campaign, loads),
        spread_minutes=campaign.spread_minutes,
        postal_address=campaign.brand.postal_address or campaign.organization.postal_address,
        asked=_asked(campaign, list(dict.fromkeys(url for mail in mails for url in urls_of(campaign, mail.made)))),
        test=_test(campaign, versions),
    )
    each = [_of_mail(mail, common, counted) for mail in mails]
    if not versions:
        return each[0]
    named = tuple(replace(one, version=version.name) for one, version in zip(each, versions, strict=True))
    return replace(named[0], versions=named)


def _of_mail(mail: _Mail, common: Facts, counted: People | None) -> Facts:
    """What is said of one mail, with what is the same for all of the campaign."""
    campaign, plan = mail.campaign, mail.made.plan
    return replace(
        common,
        subject=campaign.subject,
        subject_shown=mail.shown.subject if mail.shown else "",
        subject_problems=mail.made.subject_problems,
        preheader=campaign.preheader,
        from_name=campaign.from_name,
        has_design=campaign.design_id is not None,
        compiled=mail.made.compiled,
        markup=mail.seen,
        errors=mail.made.errors,
        names=plan.names if plan else frozenset(),
        gaps=_gaps(campaign, mail.fallbacks, counted),
        picture_sizes=_picture_sizes(campaign, mail.seen) if mail.seen else {},
        spam=spam_scores.of(mail.shown, sender=common.from_address) if mail.shown else None,
    )


def _test(campaign: Campaign, versions: list[Version]) -> Test | None:
    chosen = ab_testing.Settings.of(campaign.test)
    if chosen is None:
        return None
    return Test(
        settings=chosen,
        versions=len(versions),
        usual=variants.usual_rate(campaign, chosen.metric),
        same=tuple((one.name, other.name) for one, other in combinations(versions, 2) if variants.same(one, other)),
        is_careful=careful_start.Settings.of(campaign.canary) is not None,
        their_zones=campaign.in_their_zone,
        is_spread=bool(campaign.spread_minutes),
    )


def _status(clearance: domains.Clearance | None) -> Status:
    """A domain that may not be sent from fails, whatever the reason."""
    if clearance is None:
        return "unknown"
    if not clearance.ready:
        return "fail"
    return "pass" if clearance.status == "pass" else "warn"


def _shown(campaign: Campaign, plan: Plan | None) -> Merged | None:
    """The mail as somebody would read it of whom nothing is known but the address."""
    if plan is None:
        return None
    nobody = Contact(organization=campaign.organization, address="somebody@mailbox.invalid", values={})
    try:
        return content.show(
            plan,
            organization=campaign.organization,
            brand=campaign.brand,
            contact=nobody,
            topic_name=campaign.topic.name if campaign.topic else "",
        )
    except Unmergeable:
        return None


def _fallbacks(plan: Plan) -> dict[str, str]:
    """The contact's fields that the mail uses, with what stands there for those who have nothing in them ("": a gap)."""
    found: dict[str, list[str]] = {}
    for hole in plan.slots:
        if hole.kind == "value" and hole.default.strip() and hole.name.startswith("contact."):
            found.setdefault(hole.name.removeprefix("contact."), []).append(hole.default.strip())
    found.update({name: [] for name in plan.unguarded_fields})
    return {name: "” or “".join(dict.fromkeys(several)) for name, several in found.items() if name not in _NEVER_EMPTY}


def _gaps(campaign: Campaign, fallbacks: Mapping[str, str], counted: People | None) -> tuple[Gap, ...]:
    if not fallbacks:
        return ()
    labels = {each.key: each.label for each in fields.known(campaign.organization, archived=True)}
    return tuple(
        Gap(
            field=name,
            people=counted.gaps.get(name, 0) if counted else None,
            fallback=fallback,
            label=labels.get(name, ""),
        )
        for name, fallback in sorted(fallbacks.items())
    )


def urls_of(campaign: Campaign, made: content.Made) -> list[str]:
    """As they stand before the merge: what is filled in for each person is no address that could be asked for all."""
    if made.compiled is None:
        return []
    base = brand_kits.pictures_base(campaign.brand)
    return [*link_checks.links_of(made), *link_checks.pictures_of(markup.read(made.compiled.html), but=base)]


def _asked(campaign: Campaign, wanted: list[str]) -> dict[str, Asked] | None:
    if not settings.LINK_CHECKS:
        return None
    nothing = {url: Asked(status="", is_known=False) for url in wanted}
    return nothing | link_checks.answers(campaign.organization, wanted)


def _picture_sizes(campaign: Campaign, seen: Markup) -> dict[str, int]:
    """The weight of our own pictures, which are in the library."""
    names = {each.address: each.address.rsplit("/", 1)[-1][:32] for each in seen.pictures if "/media/" in each.address}
    if not names:
        return {}
    known = {
        sha[:32]: size
        for sha, size in Media.objects.filter(organization=campaign.organization).values_list("sha256", "size")
        if sha[:32] in set(names.values())
    }
    return {address: known[name] for address, name in names.items() if name in known}
