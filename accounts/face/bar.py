"""The reconciling bar: where each part of a send's audience stands in one bar whose parts add up.

Positions are percentages of the bar's width, so that one picture serves every screen. A part with anybody in it gets
at least LEAST_SHARE, which is 8 px (6 px and the gap) on the narrowest phone; the others give way in proportion.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LEAST_SHARE = 8 / 320
LABEL_STEPS = (320, 400, 480, 560, 640, 720, 800, 960, 1120)  # px: container widths that the stylesheet knows
CHARACTER = 7.4  # px: mean width of a character of a label, 13 px Source Sans, and some

# key -> (word, hatched, what it means); the order is the order in the bar
PARTS: dict[str, tuple[str, bool, str]] = {
    "delivered": ("Delivered", False, "Their server accepted it."),
    "on_its_way": ("On its way", False, "Waiting for its turn, or being sent."),
    "retrying": ("Retrying", True, "Their server asked us to come back later. We will."),
    "bounced": ("Bounced", False, "Their server refused it, or we gave up after many tries."),
    "skipped": ("Skipped", False, "Not sent on purpose: on the do-not-send list, or cancelled."),
    "needs_you": ("Needs you", True, "Unconfirmed, or our fault: look and decide."),
}


@dataclass(frozen=True)
class Segment:
    """One part in the bar. `x` and `width` in percent; `label_from` = container width in px, None = no room."""

    key: str
    word: str
    meaning: str
    hatched: bool
    n: int
    share: float
    x: float
    width: float
    label_from: int | None


@dataclass(frozen=True)
class Bar:
    """All six parts, also the empty ones; `total` = the frozen audience; `gap` = total minus the sum (0 if all is well)."""

    segments: tuple[Segment, ...]
    total: int
    gap: int

    @property
    def drawn(self) -> list[Segment]:
        return [segment for segment in self.segments if segment.width]


def widths(counts: list[int]) -> list[float]:
    """Shares of the bar for each count, adding to 1: none under LEAST_SHARE but the zeros. All zeros give zeros."""
    everybody = sum(counts)
    if not everybody:
        return [0.0] * len(counts)
    small = {i for i, n in enumerate(counts) if n and n / everybody < LEAST_SHARE}
    while True:
        room = 1 - LEAST_SHARE * len(small)
        rest = sum(n for i, n in enumerate(counts) if i not in small)
        pressed = {i for i, n in enumerate(counts) if n and i not in small and n / rest * room < LEAST_SHARE}
        if not pressed:
            break
        small |= pressed
    return [LEAST_SHARE if i in small else (n / rest * room if n else 0.0) for i, n in enumerate(counts)]


def lay_out(counts: Mapping[str, int], *, total: int | None = None) -> Bar:
    """Lay the parts out. Unknown keys raise ValueError: a part that no one draws would be people not accounted for."""
    if unknown := set(counts) - set(PARTS):
        raise ValueError(f"No such part of the bar: {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}.")
    numbers = [max(0, int(counts.get(key) or 0)) for key in PARTS]
    everybody = sum(numbers)
    segments, x = [], 0.0
    for (key, (word, hatched, meaning)), n, width in zip(PARTS.items(), numbers, widths(numbers), strict=True):
        need = (len(f"{word} {n:,}") * CHARACTER + 12) / width if width else float("inf")
        segments.append(
            Segment(
                key=key,
                word=word,
                meaning=meaning,
                hatched=hatched,
                n=n,
                share=n / everybody if everybody else 0.0,
                x=round(x * 100, 3),
                width=round(width * 100, 3),
                label_from=next((step for step in LABEL_STEPS if step >= need), None),
            )
        )
        x += width
    total = everybody if total is None else total
    return Bar(segments=tuple(segments), total=total, gap=total - everybody)


def sparkline(values: list[float], *, width: int = 120, height: int = 28) -> str:
    """The `points` of an SVG polyline through the values, oldest first; a single value is drawn as a level line."""
    if not values:
        return ""
    if len(values) == 1:
        values = values * 2
    low, high = min(0, *values), max(values)
    span = (high - low) or 1
    step = width / (len(values) - 1)
    return " ".join(
        f"{i * step:.1f},{height - 2 - (value - low) / span * (height - 4):.1f}" for i, value in enumerate(values)
    )
