"""How fast a send goes, and how long it will take: from what was open at two moments. No Django in here."""

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 60.0  # seconds looked back
LEAST = 3.0  # seconds between two looks that mean something


@dataclass(frozen=True, slots=True)
class Pace:
    """Messages a minute, and seconds left; None: cannot be told."""

    per_minute: int | None = None
    seconds_left: int | None = None


def of(samples: Sequence[tuple[float, int]], *, now: float, left: int) -> Pace:
    """The pace from (time, still on its way) samples, oldest first, and what is on its way now."""
    if left <= 0:
        return Pace(None, 0)
    recent = [sample for sample in samples if 0 <= now - sample[0] <= WINDOW]
    if not recent or now - recent[0][0] < LEAST:
        return Pace()
    at, before = recent[0]
    gone = before - left
    if gone <= 0:
        return Pace(0, None)
    each_second = gone / (now - at)
    return Pace(max(1, round(each_second * 60)), max(1, round(left / each_second)))


def keep(samples: Sequence[tuple[float, int]], *, now: float, left: int) -> list[tuple[float, int]]:
    """The samples to remember for the next look: at most one a second, none older than the window."""
    kept = [sample for sample in samples if now - sample[0] <= WINDOW]
    if not kept or now - kept[-1][0] >= 1.0:
        kept.append((now, left))
    return kept[-120:]


def in_words(seconds: int | None) -> str:
    """Time left as people say it; "" when it cannot be told."""
    if seconds is None:
        return ""
    if seconds < 50:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    hours = round(seconds / 3600)
    if hours < 48:
        return f"about {hours} hour{'s' if hours > 1 else ''}"
    return f"about {round(seconds / 86400)} days"
