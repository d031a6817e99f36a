"""What "today" is for an organization: its days begin and end in its own time zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Clock:
    today: date
    zone: ZoneInfo

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.zone)


def day_after(day: date) -> date:
    return day + timedelta(days=1)  # reading.MAX_YEAR keeps it from running over
