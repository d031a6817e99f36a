"""Numbers and times as people read them: honest rounding, a dash for what cannot be told."""

from datetime import datetime, timedelta

DASH = "–"


def percentage(n: float, of: float, *, digits: int = 1) -> str:
    """`12.3%`. Never rounds something to nothing, nor nearly all to all: `<0.1%`, `>99.9%`."""
    if of <= 0:
        return DASH
    if not n:
        return "0%"
    share = n / of * 100
    least = 10**-digits
    if 0 < share < least:
        return f"<{least:.{digits}f}%"
    if n < of and share > 100 - least:
        return f">{100 - least:.{digits}f}%"
    return f"{share:.{digits}f}%"


def moment(at: datetime, now: datetime, only: str = "") -> str:
    """`22 Nov, 09:46`; with the year when it is another. `only`: "date" or "time". Both already in one time zone."""
    date = f"{at.day} {at:%b}" + (f" {at.year}" if at.year != now.year else "")
    time = f"{at:%H:%M}"
    return {"date": date, "time": time}.get(only, f"{date}, {time}")


def exact(at: datetime) -> str:
    """`Sunday 22 November 2026, 09:46:12 (Europe/Berlin, UTC+01:00)`."""
    offset = f"{at:%z}"
    zone = getattr(at.tzinfo, "key", None) or at.tzname() or "UTC"
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M:%S} ({zone}, UTC{offset[:3]}:{offset[3:5]})"


def distance(gap: timedelta) -> str:
    """`3 minutes ago`, `in 2 hours`, `just now`. Positive = in the past."""
    seconds = gap.total_seconds()
    size = abs(seconds)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if size >= length:
            n = int(size // length)
            words = f"{n:,} {unit}{'' if n == 1 else 's'}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now" if seconds >= 0 else "in a moment"
