"""What "today" is for an organization: its days begin and end in its own time zone."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Clock:
    today: date
    zone: ZoneInfo

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.zone)
