"""The versions of a draft: set up a test of them, give it up, give one its content; copy them with a campaign.

Version A is the campaign as it stands. What was typed for another kind of difference stays, so that nothing is lost by looking
around; what belongs to a version that is taken away goes with it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from accounts.actions import audit
from accounts.models import User
from campaigns import ab_testing
from campaigns.actions import campaigns, designs
from campaigns.enums import Differs, Metric, Unsure
from campaigns.errors import Refused
from campaigns.models import Campaign, Design, Variant

WORDS = ("subject", "preheader", "from_name")
MOST_MINUTES = 7 * 24 * 60


@transaction.atomic
def set_up(
    *,
    campaign: Campaign,
    actor: User,
    what: Differs,
    versions: Sequence[Mapping[str, Any]],
    share: int,
    metric: Metric,
    minutes: int,
    by_itself: bool = True,
    unsure: Unsure = Unsure.LEADER,
    guard: bool = True,
) -> Campaign:
    """Make a draft a test. `versions`: B, C, …, each with any of subject, preheader, from_name, delay_minutes.

    A careful start is turned off: both would decide about the rest. Raises Unlawful once it is no draft, Refused for what
    makes no sense. Where the content differs, every version begins with a copy of the campaign's.
    """
    campaign = campaigns.draft(campaign)
    _sensible(len(versions) + 1, share, minutes)
    if what == Differs.CONTENT and campaign.design is None:
        raise Refused("Pick the campaign's content first: every version begins with a copy of it.")
    known = {row.number: row for row in Variant.objects.filter(campaign=campaign).select_related("design")}
    for number, given in enumerate([{}, *versions], start=1):
        row = known.pop(number, None) or Variant(organization=campaign.organization, campaign=campaign, number=number)
        for name in WORDS:
            setattr(row, name, _line(given.get(name, getattr(row, name))))
        row.delay_minutes = given.get("delay_minutes", row.delay_minutes)
        if what == Differs.CONTENT and number > 1 and row.design is None:
            assert campaign.design is not None
            named = f"{campaign.design.name}, version {ab_testing.name(number)}"
            row.design = _copy(campaign.design, campaign, actor, name=named)
        row.save()
    _take_away(list(known.values()))
    campaign.test = {
        "what": str(what),
        "share": share,
        "metric": str(metric),
        "minutes": minutes,
        "by_itself": by_itself,
        "unsure": str(unsure),
        "guard": guard,
    }
    campaign.canary, campaign.accepted_warnings = {}, []
    campaign.save(update_fields=["test", "canary", "accepted_warnings", "updated_at"])
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.test_set_up",
        target=campaign,
        data={**campaign.test, "versions": len(versions) + 1},
    )
    return campaign


@transaction.atomic
def give_up(*, campaign: Campaign, actor: User) -> None:
    """Test nothing: the draft goes to everybody as it stands. Raises Unlawful."""
    campaign = campaigns.draft(campaign)
    if not campaign.test.get("share"):
        return
    _take_away(list(Variant.objects.filter(campaign=campaign).select_related("design")))
    campaign.test, campaign.accepted_warnings = {}, []
    campaign.save(update_fields=["test", "accepted_warnings", "updated_at"])
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.test_given_up", target=campaign)


@transaction.atomic
def choose_content(
    *, campaign: Campaign, number: int, name: str, mjml: str, actor: User, origin: Design | None = None
) -> Design:
    """Give a version another template's copy. Raises Unlawful, Refused when there is no such version."""
    campaign = campaigns.draft(campaign)
    known = Variant.objects.filter(campaign=campaign)
    row = known.filter(number=number).first() if 2 <= number <= ab_testing.MOST else None
    if row is None:
        raise Refused("There is no such version any more.")
    row.design = designs.copy_for_campaign(design_name=name, mjml=mjml, campaign=campaign, actor=actor, origin=origin)
    row.save(update_fields=["design"])
    campaign.accepted_warnings = []
    campaign.save(update_fields=["accepted_warnings", "updated_at"])
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.content_chosen",
        target=campaign,
        data={"template": name, "version": ab_testing.name(number)},
    )
    return row.design


def copy_to(*, campaign: Campaign, made: Campaign, actor: User) -> None:
    """Give the copy of a campaign copies of its versions, and its choices; not what became of them."""
    made.test = ab_testing.choices(campaign.test)
    made.save(update_fields=["test"])
    for row in Variant.objects.filter(campaign=campaign).select_related("design").order_by("number"):
        Variant.objects.create(
            organization=made.organization,
            campaign=made,
            number=row.number,
            delay_minutes=row.delay_minutes,
            design=_copy(row.design, made, actor, name=row.design.name) if row.design else None,
            **{name: getattr(row, name) for name in WORDS},
        )


def _take_away(rows: list[Variant]) -> None:
    for row in rows:
        design = row.design
        row.delete()
        if design is not None:
            design.delete()


def _copy(design: Design, campaign: Campaign, actor: User, *, name: str) -> Design:
    return designs.copy_for_campaign(
        design_name=name, mjml=design.mjml, campaign=campaign, actor=actor, origin=design.origin
    )


def _sensible(versions: int, share: int, minutes: int) -> None:
    if not 2 <= versions <= ab_testing.MOST:
        raise Refused(f"A test has 2 to {ab_testing.MOST} versions.")
    if not ab_testing.LEAST_SHARE <= share <= 100:
        raise Refused(f"Between {ab_testing.LEAST_SHARE} and 100 per cent of the people get a version.")
    if not 1 <= minutes <= MOST_MINUTES:
        raise Refused("A test takes a minute at least, and 7 days at most.")


def _line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())
