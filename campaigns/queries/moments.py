"""When a campaign leaves: the choices of its draft as moments, and in words.

"Send now" leaves at the end of its undo window; what has a time leaves at that time and can be taken back until then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from campaigns import ab_testing
from campaigns.careful_start import Settings
from campaigns.models import Campaign
from campaigns.queries import variants
from sending import timing
from sending.timing import Timing

LEAD = timedelta(minutes=2)  # the audience is frozen at least so long before: so that the first mail leaves in time
LATEST = timedelta(hours=12)  # what could not leave for longer than that is not sent any more: it may be out of date


@dataclass(frozen=True, slots=True)
class Moments:
    """`freeze_at`: the audience is written down; `leaves_at`: the first may leave; `last_at`: the last may, if nothing waits.

    `is_past`: with a time of day in everybody's zone, that it is over already for some, who get it at once.
    """

    freeze_at: datetime
    leaves_at: datetime
    last_at: datetime
    is_past: bool = False

    def waits(self, now: datetime) -> bool:
        """Whether it is too early to freeze."""
        return self.freeze_at > now


def of(campaign: Campaign, now: datetime | None = None) -> Moments:
    """The moments if the button were pressed now."""
    now = now or timezone.now()
    undo = timedelta(minutes=campaign.undo_minutes)
    if campaign.start_at is None:
        leaves_at = last = now + undo
        is_past = False
    elif campaign.in_their_zone:
        first = timing.first(campaign.start_at, zone(campaign))
        last = timing.last(campaign.start_at, zone(campaign))
        is_past = first <= now
        leaves_at = now + undo if is_past else first
    else:
        is_past = campaign.start_at <= now
        leaves_at = last = now + undo if is_past else campaign.start_at
    spread = timedelta(minutes=campaign.spread_minutes)
    freeze_at = now if campaign.start_at is None or is_past else max(now, leaves_at - lead(campaign))
    return Moments(freeze_at, leaves_at, max(last, leaves_at) + spread, is_past)


def in_words(campaign: Campaign, now: datetime | None = None) -> list[str]:
    """When and how it leaves, sentence by sentence: for who is to approve it, and for who waits."""
    now = now or timezone.now()
    here = ZoneInfo(zone(campaign))
    said: list[str] = []
    if campaign.start_at is None:
        minutes = campaign.undo_minutes
        undo = f", after {minutes} minute{'s' * (minutes != 1)} in which it can be taken back" if minutes else ""
        said.append(f"It leaves as soon as it is sent{undo}.")
    else:
        at = campaign.start_at.astimezone(here)
        day = f"{at:%A} {at.day} {at:%B %Y} at {at:%H:%M}"
        if campaign.in_their_zone:
            said.append(f"It leaves on {day}, where each person lives; without a known time zone: {here.key}.")
            first = timing.first(campaign.start_at, here.key).astimezone(here)
            said.append(f"That is {first:%A} at {first:%H:%M} here for the first of them on earth.")
            if of(campaign, now).is_past and campaign.mailing_id is None:
                said.append("Where that time is over already, they get it at once.")
        else:
            said.append(f"It leaves on {day} ({here.key}).")
            if campaign.start_at <= now and campaign.mailing_id is None:
                said.append("That time is over: it leaves as soon as it is sent.")
    if campaign.spread_minutes:
        said.append(f"It is spread over {campaign.spread_minutes // 60} hours.")
    careful = Settings.of(campaign.canary)
    if careful is not None:
        then = "the rest goes by itself" if careful.go_on else "somebody is asked"
        said.append(
            f"Careful start: {careful.percent}% get it first; after {careful.minutes} minutes {then}. It stops by itself above "
            f"{careful.bounces:g}% bounces or {careful.complaints:g}% complaints."
        )
    return said + of_test(campaign)


def of_test(campaign: Campaign) -> list[str]:
    """What is going to happen with its versions, sentence by sentence; nothing where nothing is tested."""
    test = ab_testing.Settings.of(campaign.test)
    return ab_testing.plan(test, [version.delay for version in variants.of(campaign)]) if test is not None else []


def lead(campaign: Campaign) -> timedelta:
    """How long before its time the audience of a scheduled campaign is frozen."""
    return max(LEAD, timedelta(minutes=campaign.undo_minutes))


def timing_of(campaign: Campaign) -> Timing:
    """What the ledger's rows are timed by, for a campaign that has been launched."""
    assert campaign.leaves_at is not None
    return Timing(
        start=campaign.start_at or campaign.leaves_at,
        not_before=campaign.leaves_at,
        spread=timedelta(minutes=campaign.spread_minutes),
        their_zones=campaign.in_their_zone and campaign.start_at is not None,
        zone=zone(campaign),
        delays=variants.delays(campaign),
    )


def zone(campaign: Campaign) -> str:
    """The organization's time zone."""
    return campaign.organization.time_zone or "UTC"
