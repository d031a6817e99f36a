"""A brand's colour made safe to read: the nearest shade with enough contrast on our paper, by day and by night.

Contrast as in WCAG 2.2, 1.4.3: at least 4.5 to 1 for text.
"""

import re
from dataclasses import dataclass

PAPER_LIGHT, PAPER_DARK = "#FAF7F1", "#201F1C"
WHITE, INK = "#FFFFFF", "#1C1B19"
ENOUGH = 4.5
HEX = re.compile(r"#?([0-9A-Fa-f]{6})\Z")


@dataclass(frozen=True)
class Shades:
    """Colour as text, button or line, and the text on it; by day and by night. All "#RRGGBB"."""

    light: str
    on_light: str
    dark: str
    on_dark: str


def parse(text: str) -> tuple[int, int, int]:
    """Red, green, blue of "#RRGGBB" (the # may be missing). Raises ValueError."""
    found = HEX.match(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a colour like #0B6A62.")
    value = int(found[1], 16)
    return value >> 16, value >> 8 & 255, value & 255


def luminance(text: str) -> float:
    """Relative luminance, 0 to 1."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in parse(text))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """1 (same) to 21 (black on white)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mix(text: str, towards: str, part: float) -> str:
    """`part` 0 leaves the colour, 1 gives `towards`."""
    mixed = (round(a + (b - a) * part) for a, b in zip(parse(text), parse(towards), strict=True))
    return "#" + "".join(f"{channel:02X}" for channel in mixed)


def readable(text: str, *, on: str, towards: str) -> str:
    """The colour, moved towards black or white by as little as gives enough contrast."""
    for step in range(51):
        shade = mix(text, towards, step / 50)
        if contrast(shade, on) >= ENOUGH:
            return shade
    return towards


def shades(text: str) -> Shades:
    """Safe shades of a brand's colour. Raises ValueError for what is not a colour."""
    light = readable(text, on=PAPER_LIGHT, towards="#000000")
    dark = readable(text, on=PAPER_DARK, towards=WHITE)
    return Shades(
        light=light,
        on_light=max((WHITE, INK), key=lambda ink: contrast(ink, light)),
        dark=dark,
        on_dark=max((WHITE, INK), key=lambda ink: contrast(ink, dark)),
    )
