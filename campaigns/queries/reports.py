"""The report of a send: parts, pace, providers, delays in plain words, links, and when people looked."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.core.cache import cache

from campaigns import pace, wording
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.preflight.facts import Done
from campaigns.queries import forecasts, ruled
from campaigns.queries.ruled import Ruled
from reputation.queries import totals
from reputation.queries.totals import Counts
from sending.enums import REST, Bucket, EventKind, Hold
from sending.models import Letter, Mailing, MailingVariant, Retry
from sending.queries import link_changes, mailings, relays, retries

Edition = tuple[tuple[int, ...], Letter]  # the variants that got it


@dataclass(frozen=True, slots=True)
class Delay:
    """Messages that wait for the same reason."""

    provider: str
    what: str
    code: str
    messages: int


@dataclass(frozen=True, slots=True)
class ClickedLink:
    """An address that was tracked: people who clicked it, hits of people, hits of machines.

    `url` as it was sent; `leads_to`: where it leads now. `number` counts from 1 in the order of the content; `places` are
    (variant, index) of it in the letters of the send, of which it stands in so many different `letters`.
    """

    number: int
    url: str
    leads_to: str
    places: tuple[tuple[int, int], ...]
    letters: int
    people: int
    hits: int
    machines: int

    @property
    def is_changed(self) -> bool:
        return self.leads_to != self.url


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the day: people who opened, people who clicked for the first time then."""

    hour: int
    opens: int
    clicks: int


@dataclass(frozen=True, slots=True)
class Report:
    """All numbers of one send. `waiting`: of those on their way, who waits for what becomes of the first ones."""

    counts: Counts
    parts: dict[str, int]
    audience: int | None
    open: int
    pace: pace.Pace
    left: str
    waiting: int
    providers: list[tuple[str, Counts]]
    delays: list[Delay]
    slowed: list[tuple[str, datetime]]
    links: list[ClickedLink]
    retry: Retry | None  # what is being sent again just now, by choice
    ruled: list[Ruled] = field(default_factory=list)  # what was decreed about it: holds and limits
    forecast: Done | None = None  # when it will be done, where the warm-up of addresses decides that

    @property
    def done(self) -> int:
        return (self.audience or 0) - self.open

    @property
    def handed_over(self) -> int:
        """How many are with the organization's ESP, which has not said what became of them."""
        return self.counts.of(Bucket.HANDED_OVER)

    @property
    def delays_told(self) -> int:
        """How many of the retried messages the reasons are about."""
        return sum(delay.messages for delay in self.delays)


def of(campaign: Campaign) -> Report | None:
    """The report of a campaign; None before its launch."""
    mailing = campaign.mailing
    if mailing is None:
        return None
    by_provider = totals.by_provider(mailing.pk)
    counts = totals.together(by_provider.values())
    moving = campaign.state == CampaignState.SENDING and mailing.hold is None
    on_its_way = counts.of(Bucket.ON_ITS_WAY)
    waiting = _waiting(campaign, mailing)
    speed = _pace(mailing.pk, on_its_way - waiting) if moving and mailing.sealed_at else pace.Pace()
    retrying = counts.of(Bucket.RETRYING)
    return Report(
        counts=counts,
        parts={part.value: n for part, n in counts.parts.items()},
        audience=mailing.audience_size,
        open=on_its_way + retrying,
        pace=speed,
        left=pace.in_words(speed.seconds_left) if on_its_way > waiting else "",
        waiting=waiting,
        providers=[(name, each) for name, each in by_provider.items() if each.audience or each.delivered],
        delays=_delays(mailing) if retrying else [],
        slowed=[(name, at) for name, at in relays.slowed().items() if name in by_provider]
        if retrying and moving
        else [],
        links=links(mailing),
        retry=retries.at_work(mailing.pk),
        ruled=ruled.of(campaign.organization_id, mailing_id=mailing.pk) if moving and on_its_way + retrying else [],
        forecast=forecasts.of_sending(campaign, mailing) if moving and on_its_way > waiting else None,
    )


def times(mailing: Mailing, zone: ZoneInfo) -> list[Hour]:
    """The 24 hours of the day where the organization is; empty while nobody has opened or clicked."""
    found = totals.by_time(mailing.pk)
    if not found:
        return []
    sums = {EventKind.FIRST_OPENED: [0] * 24, EventKind.FIRST_CLICKED: [0] * 24}
    for at, kind, n in found:
        sums[EventKind(kind)][at.astimezone(zone).hour] += n
    opens, clicks = sums[EventKind.FIRST_OPENED], sums[EventKind.FIRST_CLICKED]
    # A click that turned out to be a machine's is taken back a moment later, perhaps in the next hour.
    return [Hour(hour, max(0, opens[hour]), max(0, clicks[hour])) for hour in range(24)]


def letters(mailing: Mailing) -> dict[int, Letter]:
    """What was sent, by variant; 0 is the mailing's own."""
    found = {0: mailing.letter} if mailing.letter is not None else {}
    for row in MailingVariant.objects.select_related("letter").filter(mailing=mailing).order_by("variant"):
        found[row.variant] = row.letter
    return found


def editions(mailing: Mailing) -> list[Edition]:
    """Each different letter of a send, with the variants that got it."""
    found: dict[int, tuple[list[int], Letter]] = {}
    for variant, letter in letters(mailing).items():
        found.setdefault(letter.pk, ([], letter))[0].append(variant)
    return [(tuple(variants), letter) for variants, letter in found.values()]


def links(mailing: Mailing, variants: Collection[int] | None = None) -> list[ClickedLink]:
    """Every tracked address of a send with its numbers, in the order of the content. The same one in two letters is one.

    `variants`: only of these, with the numbers of their people; their places in the list stay.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    sent = letters(mailing)
    for variant, letter in sent.items():
        for index, url in enumerate(letter.links):
            places.setdefault(url, []).append((variant, index))
    if not places:
        return []
    counted = totals.by_variant_and_link(mailing.pk)
    changed = link_changes.in_force(mailing.pk)
    found = []
    for number, (url, all_places) in enumerate(places.items(), start=1):
        its_places = [place for place in all_places if variants is None or place[0] in variants]
        if not its_places:
            continue
        counts = totals.together(counted[place] for place in its_places if place in counted)
        found.append(
            ClickedLink(
                number=number,
                url=url,
                leads_to=changed.get(url, url),
                places=tuple(its_places),
                letters=len({sent[variant].pk for variant, _ in its_places}),
                people=counts.clicks,
                hits=counts.of(EventKind.CLICKED),
                machines=counts.of(EventKind.CLICKED_MACHINE),
            )
        )
    return found


def _waiting(campaign: Campaign, mailing: Mailing) -> int:
    if not (campaign.test.get("share") or campaign.canary.get("percent")):
        return 0
    held = MailingVariant.objects.filter(mailing=mailing, variant=REST, hold=Hold.REST).exists()
    return totals.by_variant(mailing.pk).get(REST, Counts()).of(Bucket.ON_ITS_WAY) if held else 0


def _pace(mailing_id: int, left: int) -> pace.Pace:
    """The pace since the looks of the last minute, whoever looked."""
    key, now = f"campaigns.pace.{mailing_id}", time.time()
    samples = cache.get(key) or []
    cache.set(key, pace.keep(samples, now=now, left=left), timeout=120)
    return pace.of(samples, now=now, left=left)


def _delays(mailing: Mailing) -> list[Delay]:
    return [
        Delay(provider, wording.delay(code, reason), code, n)
        for provider, reason, code, n in mailings.deferral_reasons(mailing)
    ]
