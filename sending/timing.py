"""When each message of a launch may leave: at one moment, at a time of day in everybody's own zone, spread over hours.

Daylight saving (PEP 495, fold=0): a time of day that the clocks skip is taken as if they had not been changed yet, so it
falls right after the gap; one that comes twice means the first. A time that is over somewhere is "at once" there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@dataclass(frozen=True, slots=True)
class Timing:
    """`start`: when it begins (aware); with `their_zones` only its time of day and date in `zone` count.

    `zone`: of those whose own is unknown. Nothing leaves before `not_before`. `spread`: over so long, evenly, everybody by
    chance but always the same. `delays`: how much later a variant begins, by its number.
    """

    start: datetime
    not_before: datetime | None = None
    spread: timedelta = timedelta(0)
    their_zones: bool = False
    zone: str = "UTC"
    delays: Mapping[int, timedelta] = field(default_factory=dict)

    @property
    def first(self) -> datetime:
        """The moment from which something may leave."""
        begins = first(self.start, self.zone) if self.their_zones else self.start
        return max(begins, self.not_before) if self.not_before else begins


@cache
def zones() -> tuple[str, ...]:
    """The names of all time zones (IANA)."""
    return tuple(sorted(available_timezones()))


def in_zone(wall: datetime, zone: str) -> datetime:
    """The moment (UTC) at which the clocks of a zone show `wall` (naive)."""
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def everywhere(start: datetime, zone: str) -> dict[str, datetime]:
    """For each zone, by its name in small letters, the moment at which its clocks show what `zone`'s show at `start`."""
    wall = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    return {name.lower(): in_zone(wall, name) for name in zones()}


def first(start: datetime, zone: str) -> datetime:
    """When it is that time of day for the first people on earth."""
    return min(everywhere(start, zone).values())


def last(start: datetime, zone: str) -> datetime:
    """When it is that time of day for the last people on earth."""
    return max(everywhere(start, zone).values())
