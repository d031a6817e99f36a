"""When something happened, as other services write it: ISO 8601, Go's clock, seconds since 1970, or a date in words.

Without an offset a time is UTC, which is what the services mean by it. Kept as "2026-11-22T08:30:00Z".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone

from contacts import values

_GO = re.compile(
    r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})? ([+-])(\d\d)(\d\d)(?: [A-Z]{2,5}| [+-]\d\d(?:\d\d)?)?(?: m=[+-][\d.]+)?"
)
_SECONDS = re.compile(r"(\d{9,10})(?:\.\d{1,9})?")
_MILLISECONDS = re.compile(r"\d{12,13}")
_CLOCK = re.compile(
    r"(.*?\d)(?:,? +(?:at |um |à )?|T)(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?: ?([AaPp])\.?[Mm]\.?)?(?: ?(?:UTC|GMT|Z))?"
)
MAX = 60  # characters


def read(text: str, date_order: str = "ymd") -> str:
    """The moment in UTC that `text` writes down. Raises values.BadValue."""
    text = " ".join(text.split())
    if len(text) > MAX:
        raise values.BadValue("is too long to be a time")
    when = _read(text, date_order)
    if not 1970 <= when.year < 9000:
        raise values.BadValue(f"“{text}” has a year that cannot be")
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def reads(text: str, date_order: str = "ymd") -> bool:
    try:
        read(text, date_order)
    except values.BadValue:
        return False
    return True


def _read(text: str, order: str) -> datetime:
    try:
        if match := _GO.fullmatch(text):
            day, clock, sign, hours, minutes = match.groups()
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            zone = timezone(-offset if sign == "-" else offset)
            return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)
        if match := _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(match.group(1)), UTC)
        if _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) // 1000, UTC)
        if not text.isdigit():
            when = datetime.fromisoformat(text)
            return when if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    if match := _CLOCK.fullmatch(text):
        hour, minute, second = int(match.group(2)), int(match.group(3)), int(match.group(4) or 0)
        if match.group(5):
            hour = hour % 12 + (12 if match.group(5) in "pP" else 0)
        day = values.day(match.group(1), order)
        try:
            return datetime.combine(day, time(hour, minute, second), UTC)
        except ValueError as refused:
            raise values.BadValue(f"“{text}” is no time of the day") from refused
    return datetime.combine(values.day(text, order), time(), UTC)
