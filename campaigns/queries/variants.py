"""The versions of an A/B test: each one as a campaign of its own, and what became of each."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

from campaigns import ab_testing
from campaigns.ab_testing import Seen, Settings
from campaigns.enums import CampaignState, Differs, Metric
from campaigns.models import Campaign, Design, Variant
from campaigns.statistics import Share
from reputation.queries import totals
from reputation.queries.totals import Counts, Rate
from sending.enums import REST, Bucket
from sending.models import Letter, MailingVariant
from sending.queries import engagements

LEAST_KNOWN = 1_000  # messages delivered, before an organization's own rate says more than a usual one
KEPT = 30  # seconds, of what takes a walk through everybody who did something


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `campaign` is the campaign as this version has it: for looking at and for freezing, saved nowhere."""

    number: int
    campaign: Campaign
    delay: timedelta
    has_own_letter: bool = False
    has_own_content: bool = False

    @property
    def name(self) -> str:
        return ab_testing.name(self.number)

    @property
    def later(self) -> str:
        """How much later it leaves, in words; "" for those that do not."""
        return ab_testing.span(self.delay) if self.delay else ""


@dataclass(frozen=True, slots=True)
class Part:
    """One version of a send that is a test, with its numbers. `low`, `high`: between which rates of the metric it is.

    `words`: what its readers see of the difference; `scale`: the rate at which the bars end.
    """

    variant: int
    counts: Counts
    seen: Seen
    share: Share
    words: str = ""
    is_winner: bool = False
    costs_more: bool = False
    scale: float = 1.0

    @property
    def name(self) -> str:
        return ab_testing.name(self.variant)

    @property
    def rate_said(self) -> str:
        return ab_testing.percent(self.share.rate)

    @property
    def low_said(self) -> str:
        return ab_testing.percent(self.share.interval()[0])

    @property
    def high_said(self) -> str:
        return ab_testing.percent(self.share.interval()[1])

    # Of the bar, in per cent of its width.
    @property
    def x(self) -> float:
        return round(self.share.interval()[0] / self.scale * 100, 2)

    @property
    def width(self) -> float:
        return round(self.share.interval()[1] / self.scale * 100 - self.x, 2)

    @property
    def mark(self) -> float:
        return round(min(self.share.rate / self.scale * 100, 99.2), 2)


@dataclass(frozen=True, slots=True)
class Results:
    """A test that was launched. `over_at`: when the last version has had its time. `outcome`: won, ask or "" (none yet).

    `rest` (None: nobody waits) and `unsent` (skipped before the versions were dealt out) make it add up to the audience.
    `rest_lost`: of the rest, who unsubscribed or complained.
    """

    settings: Settings
    parts: tuple[Part, ...]
    rest: Counts | None
    rest_lost: int
    unsent: int
    audience: int
    said: str
    winner: int
    outcome: str
    why: str
    by_hand: bool
    decided_at: datetime | None
    over_at: datetime | None
    is_measuring: bool
    may_choose: bool

    @property
    def is_over(self) -> bool:
        return self.over_at is not None and self.over_at <= timezone.now()

    @property
    def winner_name(self) -> str:
        return ab_testing.name(self.winner) if self.winner else ""

    @property
    def together(self) -> int:
        """Everybody in the parts: the audience."""
        return sum(part.counts.audience for part in self.parts) + (self.rest.audience if self.rest else 0) + self.unsent


def rows(campaign: Campaign) -> list[Variant]:
    """What is kept of the versions, A first; whether the campaign is a test or not."""
    return list(Variant.objects.filter(campaign_id=campaign.pk).select_related("design").order_by("number"))


def of(campaign: Campaign) -> list[Version]:
    """The versions, A first; none where nothing is tested. A is the campaign as it stands."""
    settings = Settings.of(campaign.test)
    return [_version(campaign, settings, row) for row in rows(campaign)] if settings is not None else []


def version(campaign: Campaign, number: int) -> Version | None:
    """One of them."""
    return next((each for each in of(campaign) if each.number == number), None)


def chosen(campaign: Campaign, given: str) -> Version | None:
    """The version that a page was asked for; None for another one, or for the campaign itself."""
    return version(campaign, int(given)) if given.isdecimal() and len(given) < 3 else None


def _version(campaign: Campaign, settings: Settings, row: Variant) -> Version:
    own = copy.copy(campaign)
    delay = timedelta(0)
    if row.number > 1:
        if settings.what in (Differs.SUBJECT, Differs.PREHEADER, Differs.FROM_NAME):
            setattr(own, settings.what, getattr(row, settings.what))
        elif settings.what == Differs.CONTENT and row.design is not None:
            own.design = row.design
        elif settings.what == Differs.TIME:
            delay = timedelta(minutes=row.delay_minutes)
    others = row.number > 1
    return Version(
        row.number,
        own,
        delay,
        has_own_letter=others and settings.what != Differs.TIME,
        has_own_content=others and settings.what == Differs.CONTENT,
    )


def most_got(campaign: Campaign) -> Version | None:
    """The version that most people get or got: the winner, else A; None where nothing is tested."""
    return version(campaign, campaign.test.get("winner", 1))


def same(one: Version, other: Version) -> bool:
    """Whether two versions do not differ, as far as people see: by more than spaces."""
    return one.delay == other.delay and _said(one.campaign) == _said(other.campaign)


def _said(campaign: Campaign) -> list[str]:
    mjml = campaign.design.mjml if campaign.design is not None else ""
    return [" ".join(text.split()) for text in (campaign.subject, campaign.preheader, campaign.from_name, mjml)]


def version_of(design: Design) -> Version | None:
    """Whose content a design is; None when it is no version's."""
    row = (
        Variant.objects.filter(design=design)
        .select_related("campaign__brand", "campaign__organization", "design")
        .first()
    )
    settings = Settings.of(row.campaign.test) if row is not None else None
    if row is None:
        return None
    return _version(row.campaign, settings, row) if settings else Version(row.number, row.campaign, timedelta(0))


def delays(campaign: Campaign) -> dict[int, timedelta]:
    """How much later each version leaves, where the time is what is tested."""
    settings = Settings.of(campaign.test)
    if settings is None or settings.what != Differs.TIME:
        return {}
    return {each.number: each.delay for each in of(campaign) if each.delay}


def usual_rate(campaign: Campaign, metric: str) -> float:
    """What share of people clicked or opened of the organization's mail of the last 30 days; a usual one where it sent little."""
    counts = totals.overview(campaign.organization)
    rate: Rate = counts.click_rate if metric == Metric.CLICKS else counts.open_rate
    if rate.of < LEAST_KNOWN or not 0 < rate.n < rate.of:
        return ab_testing.USUAL[metric]
    return rate.n / rate.of


def seen(
    campaign: Campaign, *, counts: Mapping[int, Counts] | None = None, twice: Mapping[int, int] | None = None
) -> list[Seen]:
    """What became of each version so far. Where the time is tested, each is counted in its own time only."""
    settings = Settings.of(campaign.test)
    if settings is None or campaign.mailing_id is None:
        return []
    counts = totals.by_variant(campaign.mailing_id) if counts is None else counts
    twice = engagements.left_twice(campaign.mailing_id) if twice is None else twice
    numbers = [row.number for row in rows(campaign)]
    found = [_seen(number, counts.get(number, Counts()), twice.get(number, 0)) for number in numbers]
    ends = ab_testing.ends(campaign.test, settings)
    if settings.what != Differs.TIME or not ends:
        return found
    done = engagements.until(campaign.mailing_id, ends)
    return [
        Seen(each.number, each.people, each.answered, each.delivered, *done.get(each.number, (0, 0, 0)))
        for each in found
    ]


def _lost(counts: Counts, twice: int) -> int:
    """People: whoever unsubscribed and reported spam is one."""
    return max(0, counts.unsubscribes + counts.complaints - twice)


def _seen(number: int, counts: Counts, twice: int) -> Seen:
    return Seen(
        number=number,
        people=counts.audience - counts.of(Bucket.SUPPRESSED, Bucket.CANCELLED),
        # Failed and unconfirmed ones have no other answer to come: those who wait are not kept by them.
        answered=counts.attempted + counts.of(Bucket.FAILED, Bucket.IN_DOUBT),
        delivered=counts.delivered,
        clicks=counts.clicks,
        opens=counts.opens,
        lost=_lost(counts, twice),
    )


def over_at(campaign: Campaign) -> datetime | None:
    """When the last version has had its time; None while that is not known."""
    settings = Settings.of(campaign.test)
    return max(ab_testing.ends(campaign.test, settings).values(), default=None) if settings else None


def results(campaign: Campaign) -> Results | None:
    """The test of a campaign whose audience is frozen; None for any other campaign."""
    settings = Settings.of(campaign.test)
    mailing = campaign.mailing
    if settings is None or mailing is None or mailing.sealed_at is None:
        return None
    counts = totals.by_variant(mailing.pk)
    twice = engagements.left_twice(mailing.pk)
    measured = _measured(campaign, settings, counts, twice)
    reading = ab_testing.read(settings, measured)
    outcome, winner = campaign.test.get("outcome", {}), campaign.test.get("winner", 0)
    frozen = letters(campaign)
    shares = {each.number: each.share(settings.metric) for each in measured}
    scale = max((share.interval()[1] for share in shares.values() if share.of), default=1.0)
    moving = campaign.state in (CampaignState.HOLDING, CampaignState.SENDING, CampaignState.PAUSED)
    return Results(
        settings=settings,
        parts=tuple(
            Part(
                variant=each.number,
                counts=counts.get(each.number, Counts()),
                seen=each,
                share=shares[each.number],
                words=_words(frozen[each.number], settings) if each.number in frozen else "",
                is_winner=each.number == winner,
                costs_more=ab_testing.costs_more(measured, each.number),
                scale=scale,
            )
            for each in measured
        ),
        rest=counts.get(REST, Counts()) if settings.has_rest else None,
        rest_lost=_lost(counts.get(REST, Counts()), twice.get(REST, 0)),
        unsent=counts.get(0, Counts()).audience,
        audience=mailing.audience_size or 0,
        said=ab_testing.in_words(settings, measured, reading),
        winner=winner,
        outcome=outcome.get("word", ""),
        why=outcome.get("why", ""),
        by_hand=bool(outcome.get("by_hand")),
        decided_at=datetime.fromisoformat(outcome["at"]) if outcome.get("at") else None,
        over_at=over_at(campaign),
        is_measuring=moving or (not settings.has_rest and campaign.state != CampaignState.CANCELLED),
        may_choose=settings.has_rest and not winner and campaign.state in (CampaignState.SENDING, CampaignState.PAUSED),
    )


def _measured(
    campaign: Campaign, settings: Settings, counts: Mapping[int, Counts], twice: Mapping[int, int]
) -> list[Seen]:
    if settings.what != Differs.TIME:
        return seen(campaign, counts=counts, twice=twice)
    key = f"campaigns.versions.{campaign.mailing_id}"
    found: list[Seen] | None = cache.get(key)
    if found is None:
        found = seen(campaign, counts=counts, twice=twice)
        cache.set(key, found, timeout=KEPT)
    return found


def _words(letter: Letter, settings: Settings) -> str:
    """What a reader sees of the difference, where it is words."""
    words = {Differs.SUBJECT: letter.subject, Differs.PREHEADER: letter.preheader, Differs.FROM_NAME: letter.from_name}
    return words.get(Differs(settings.what), "")


def letters(campaign: Campaign) -> dict[int, Letter]:
    """The letter of each part of a launched test, without its content."""
    found = MailingVariant.objects.filter(mailing=campaign.mailing).select_related("letter")
    small = found.defer("letter__html", "letter__text", "letter__plan", "letter__links", "letter__facts")
    return {row.variant: row.letter for row in small}


def parts(campaign: Campaign) -> list[int]:
    """The variants of a test that was launched: its versions, and those who wait."""
    settings = Settings.of(campaign.test)
    if settings is None or campaign.mailing_id is None:
        return []
    return [*(row.number for row in rows(campaign)), *([REST] if settings.has_rest else [])]


def part_name(campaign: Campaign, variant: int) -> str:
    """What a part of a test is called: of a message, of a filter. "" for what got no version."""
    if not campaign.test.get("share") or not variant:
        return ""
    if variant != REST:
        return f"Version {ab_testing.name(variant)}"
    winner = campaign.test.get("winner", 0)
    return f"The others, version {ab_testing.name(winner)}" if winner else "The others, who wait for a winner"


def letter_of(campaign: Campaign, number: int) -> Letter | None:
    """The letter of a version as it was frozen; None before the launch."""
    if campaign.mailing is None:
        return None
    row = MailingVariant.objects.filter(mailing=campaign.mailing, variant=number)
    found = row.select_related("letter__organization").first()
    return found.letter if found is not None else None


def sent_letter(campaign: Campaign) -> Letter | None:
    """What most people got: the winner's letter, or the mailing's own; None before the launch. Wants `mailing__letter`."""
    winner = campaign.test.get("winner", 0)
    own = letter_of(campaign, winner) if winner > 1 else None
    return own or (campaign.mailing.letter if campaign.mailing is not None else None)
