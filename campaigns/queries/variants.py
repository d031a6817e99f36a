"""The versions of an A/B test: each one as a campaign of its own, and what became of each."""

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

from campaigns import ab_testing
from campaigns.ab_testing import Seen, Settings
from campaigns.enums import CampaignState, Metric, Tested
from campaigns.models import Campaign, Design, Variant
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

    @property
    def name(self) -> str:
        return ab_testing.name(self.number)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a send that is a test, with its numbers. `share` and the interval are of the metric."""

    variant: int
    name: str
    counts: Counts
    seen: Seen
    low: float = 0.0
    high: float = 0.0
    rate: float = 0.0
    subject: str = ""
    is_winner: bool = False
    costs_more: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """A test that was launched. `over_at`: when the last version has had its time. `outcome`: won, ask or "" (none yet).

    `rest` and `unsent` (skipped before the versions were dealt out) make the parts add up to the audience.
    """

    settings: Settings
    parts: tuple[Part, ...]
    rest: Counts | None
    unsent: int
    audience: int
    said: str
    outcome: str
    why: str
    by_hand: bool
    decided_at: datetime | None
    winner: int
    over_at: datetime | None
    is_over: bool
    may_choose: bool

    @property
    def most(self) -> float:
        """Where the scale of the intervals ends, as a rate."""
        return max((part.high for part in self.parts if part.seen.delivered), default=0.0) or 1.0


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
        if settings.what in (Tested.SUBJECT, Tested.PREHEADER, Tested.FROM_NAME):
            setattr(own, settings.what, getattr(row, settings.what))
        elif settings.what == Tested.CONTENT and row.design is not None:
            own.design = row.design
        elif settings.what == Tested.TIME:
            delay = timedelta(minutes=row.delay_minutes)
    return Version(row.number, own, delay)


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
    if settings is None or settings.what != Tested.TIME:
        return {}
    return {each.number: each.delay for each in of(campaign) if each.delay}


def usual_rate(campaign: Campaign, metric: str) -> float:
    """What share of people clicked or opened of the organization's mail of the last 30 days; a usual one where it sent little."""
    counts = totals.overview(campaign.organization)
    rate: Rate = counts.click_rate if metric == Metric.CLICKS else counts.open_rate
    if rate.of < LEAST_KNOWN or not 0 < rate.n < rate.of:
        return ab_testing.USUAL[metric]
    return rate.n / rate.of


def seen(campaign: Campaign, *, counts: dict[int, Counts] | None = None) -> list[Seen]:
    """What became of each version so far. Where the time is tested, each is counted in its own time only."""
    settings = Settings.of(campaign.test)
    if settings is None or campaign.mailing_id is None:
        return []
    counts = totals.by_variant(campaign.mailing_id) if counts is None else counts
    numbers = [row.number for row in rows(campaign)]
    found = [_seen(number, counts.get(number, Counts())) for number in numbers]
    ends = ab_testing.ends(campaign.test, settings)
    if settings.what != Tested.TIME or not ends:
        return found
    done = engagements.until(campaign.mailing_id, ends)
    return [
        Seen(each.number, each.people, each.answered, each.delivered, *done.get(each.number, (0, 0, 0)))
        for each in found
    ]


def _seen(number: int, counts: Counts) -> Seen:
    return Seen(
        number=number,
        people=counts.audience - counts.of(Bucket.SUPPRESSED, Bucket.CANCELLED),
        answered=counts.attempted + counts.of(Bucket.FAILED),
        delivered=counts.delivered,
        clicks=counts.clicks,
        opens=counts.opens,
        lost=counts.unsubscribes + counts.complaints,
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
    measured = _measured(campaign, settings, counts)
    outcome = campaign.test.get("outcome", {})
    word, winner = outcome.get("word", ""), campaign.test.get("winner", 0)
    over = over_at(campaign)
    subjects = letters(campaign)
    parts = []
    for each in measured:
        share = each.share(settings.metric)
        low, high = share.interval()
        letter = subjects.get(each.number)
        parts.append(
            Part(
                variant=each.number,
                name=ab_testing.name(each.number),
                counts=counts.get(each.number, Counts()),
                seen=each,
                low=low,
                high=high,
                rate=share.rate,
                subject=_differs(letter, settings) if letter is not None else "",
                is_winner=each.number == winner,
                costs_more=ab_testing.costs_more(measured, each.number),
            )
        )
    waits = campaign.state in (CampaignState.SENDING, CampaignState.PAUSED) and word != "won"
    return Results(
        settings=settings,
        parts=tuple(parts),
        rest=counts.get(REST, Counts()) if settings.has_rest else None,
        unsent=counts.get(0, Counts()).audience,
        audience=mailing.audience_size or 0,
        said=ab_testing.in_words(settings, measured, ab_testing.read(settings, measured)) if measured else "",
        outcome=word,
        why=outcome.get("why", ""),
        by_hand=bool(outcome.get("by_hand")),
        decided_at=datetime.fromisoformat(outcome["at"]) if outcome.get("at") else None,
        winner=winner,
        over_at=over,
        is_over=over is not None and over <= timezone.now(),
        may_choose=settings.has_rest and waits,
    )


def _measured(campaign: Campaign, settings: Settings, counts: dict[int, Counts]) -> list[Seen]:
    if settings.what != Tested.TIME:
        return seen(campaign, counts=counts)
    key = f"campaigns.versions.{campaign.mailing_id}"
    found: list[Seen] | None = cache.get(key)
    if found is None:
        found = seen(campaign, counts=counts)
        cache.set(key, found, timeout=KEPT)
    return found


def _differs(letter: Letter, settings: Settings) -> str:
    """What a reader sees of the difference, where it is words."""
    words = {Tested.SUBJECT: letter.subject, Tested.PREHEADER: letter.preheader, Tested.FROM_NAME: letter.from_name}
    return words.get(Tested(settings.what), "")


def letters(campaign: Campaign) -> dict[int, Letter]:
    """The letter of each part of a launched test, without its content."""
    found = MailingVariant.objects.filter(mailing_id=campaign.mailing_id).select_related("letter")
    small = found.defer("letter__html", "letter__text", "letter__plan", "letter__links", "letter__facts")
    return {row.variant: row.letter for row in small}


def part_name(campaign: Campaign, variant: int) -> str:
    """What a part of a test is called: of a message, of a filter. "" for what got no version."""
    if not campaign.test.get("share") or not variant:
        return ""
    if variant != REST:
        return f"Version {ab_testing.name(variant)}"
    winner = campaign.test.get("winner", 0)
    return f"The rest, version {ab_testing.name(winner)}" if winner else "The rest, which waits for a winner"


def sent_letter(campaign: Campaign) -> Letter | None:
    """What most people got: the winner's letter, or the mailing's own. Wants `mailing__letter`."""
    if campaign.mailing is None:
        return None
    winner = campaign.test.get("winner", 0)
    if winner > 1:
        row = MailingVariant.objects.filter(mailing_id=campaign.mailing_id, variant=winner).select_related(
            "letter__organization"
        )
        if (found := row.first()) is not None:
            return found.letter
    return campaign.mailing.letter
