"""The report of a send: parts, pace, providers, delays in plain words, links."""

import time
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache

from campaigns import pace, wording
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from reputation.queries import totals
from reputation.queries.totals import Counts
from sending.enums import Bucket, EventKind
from sending.queries import ledger, mailings


@dataclass(frozen=True, slots=True)
class Delay:
    """Messages that wait for the same reason."""

    provider: str
    what: str
    code: str
    messages: int


@dataclass(frozen=True, slots=True)
class ClickedLink:
    """A tracked link: people who clicked it, hits of people, hits of machines."""

    url: str
    people: int
    hits: int
    machines: int


@dataclass(frozen=True, slots=True)
class Report:
    """All numbers of one send."""

    counts: Counts
    parts: dict[str, int]
    audience: int | None
    open: int
    pace: pace.Pace
    left: str
    providers: list[tuple[str, Counts]]
    delays: list[Delay]
    slowed: list[tuple[str, datetime]]
    links: list[ClickedLink]

    @property
    def done(self) -> int:
        return (self.audience or 0) - self.open


def of(campaign: Campaign) -> Report | None:
    """The report of a campaign; None before its launch."""
    mailing = campaign.mailing
    if mailing is None:
        return None
    by_provider = totals.by_provider(mailing.pk)
    counts = totals.together(by_provider.values())
    moving = campaign.state == CampaignState.SENDING and mailing.hold is None
    on_its_way = counts.of(Bucket.ON_ITS_WAY)
    speed = _pace(mailing.pk, on_its_way) if moving and mailing.sealed_at else pace.Pace()
    retrying = counts.of(Bucket.RETRYING)
    return Report(
        counts=counts,
        parts={part.value: n for part, n in counts.parts.items()},
        audience=mailing.audience_size,
        open=on_its_way + retrying,
        pace=speed,
        left=pace.in_words(speed.seconds_left) if on_its_way else "",
        providers=[(name, each) for name, each in by_provider.items() if each.audience or each.delivered],
        delays=_delays(mailing) if retrying else [],
        slowed=[(name, at) for name, at in ledger.slowed().items() if name in by_provider]
        if retrying and moving
        else [],
        links=_links(campaign),
    )


def _pace(mailing_id: int, left: int) -> pace.Pace:
    """The pace since the looks of the last minute, whoever looked."""
    key, now = f"campaigns.pace.{mailing_id}", time.time()
    samples = cache.get(key) or []
    cache.set(key, pace.keep(samples, now=now, left=left), timeout=120)
    return pace.of(samples, now=now, left=left)


def _delays(mailing) -> list[Delay]:  # type: ignore[no-untyped-def]
    return [
        Delay(provider, wording.delay(code, reason), code, n)
        for provider, reason, code, n in mailings.deferral_reasons(mailing)
    ]


def _links(campaign: Campaign) -> list[ClickedLink]:
    mailing = campaign.mailing
    if mailing is None or mailing.letter is None or not mailing.letter.links:
        return []
    counted = totals.by_link(mailing.pk)
    links = [
        ClickedLink(
            url=url,
            people=(counts := counted.get(index, Counts())).clicks,
            hits=counts.of(EventKind.CLICKED),
            machines=counts.of(EventKind.CLICKED_MACHINE),
        )
        for index, url in enumerate(mailing.letter.links)
    ]
    return sorted(links, key=lambda link: -link.people)
