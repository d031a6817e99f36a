"""Dates and numbers as a language writes them: CLDR's data by Babel.

Whatever cannot be read as a date or a number gives None, so that the fallback speaks.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent

LENGTHS = ("short", "medium", "long", "full")
MAX_PATTERN = 100  # characters
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIRECTIVE = re.compile(r"%([-^]?)([a-zA-Z%])")
# strftime's directives in the patterns of CLDR (UTS 35, date field symbols); the second is the one without zeros.
_SYMBOLS = {
    "Y": ("yyyy", "yyyy"),
    "y": ("yy", "yy"),
    "m": ("MM", "M"),
    "d": ("dd", "d"),
    "e": ("d", "d"),
    "B": ("LLLL", "LLLL"),
    "b": ("LLL", "LLL"),
    "h": ("LLL", "LLL"),
    "A": ("cccc", "cccc"),
    "a": ("ccc", "ccc"),
    "H": ("HH", "H"),
    "k": ("H", "H"),
    "I": ("hh", "h"),
    "l": ("h", "h"),
    "M": ("mm", "m"),
    "S": ("ss", "s"),
    "p": ("a", "a"),
    "j": ("DDD", "D"),
    "F": ("yyyy-MM-dd", "yyyy-MM-dd"),
}


@lru_cache(maxsize=500)
def locale_of(code: str) -> Locale:
    """The locale of a code as people write it ("pt_BR", "de-at"); its language when the country is unknown, else English."""
    parts = re.split(r"[-_]", code.strip())[:3] if code and len(code) <= 20 else []
    for count in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:count]))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale("en")


@lru_cache(maxsize=500)
def zone_of(name: str) -> tzinfo:
    """The IANA time zone of this name; UTC where there is none."""
    try:
        return ZoneInfo(name) if name and len(name) < 65 else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def moment(value: Any, zone: str) -> date | datetime | None:
    """The day or the moment that a kept value means: "2026-11-22", "2026-11-22T08:30:00Z", "now", "today", or seconds."""
    try:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC).astimezone(zone_of(zone))
        text = str(value).strip()
        if text in ("now", "today"):
            now = datetime.now(zone_of(zone))
            return now if text == "now" else now.date()
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
        if found := _MOMENT.fullmatch(text):
            offset = (found.group(3) or "Z").replace("Z", "+00:00")
            return datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}{offset}").astimezone(zone_of(zone))
    except (ValueError, OverflowError, OSError):
        pass
    return None


def day(value: Any, pattern: str, *, locale: str, zone: str) -> str | None:
    """A date in words. `pattern`: short, medium, long, full, or strftime's directives ("%d %B %Y"), in the locale's words."""
    when, pattern = moment(value, zone), pattern[:MAX_PATTERN]
    if when is None:
        return None
    # There are few days, and many people.
    return _written(when, pattern, locale) if isinstance(when, datetime) else _written_day(when, pattern, locale)


@lru_cache(maxsize=20_000)
def _written_day(when: date, pattern: str, locale: str) -> str | None:
    return _written(when, pattern, locale)


def _written(when: date, pattern: str, locale: str) -> str | None:
    language = locale_of(locale)
    try:
        if pattern in LENGTHS:
            return str(format_date(when, pattern, locale=language))
        if not isinstance(when, datetime):
            when = datetime(when.year, when.month, when.day, tzinfo=UTC)
        return _DIRECTIVE.sub(lambda found: _directive(found, when, language), pattern)
    except (ValueError, OverflowError, KeyError):
        return None


def _directive(found: re.Match[str], when: datetime, language: Locale) -> str:
    flag, letter = found.groups()
    if letter == "%":
        return "%"
    if letter not in _SYMBOLS:
        return found.group()
    words = str(format_datetime(when, _SYMBOLS[letter][flag == "-"], locale=language))
    return words.upper() if flag == "^" else words


def clock(value: Any, pattern: str, *, locale: str, zone: str) -> str | None:
    """The time of day of a moment, as the locale writes it; None for a day, which has none."""
    when = moment(value, zone)
    if not isinstance(when, datetime):
        return None
    try:
        return str(format_time(when, pattern if pattern in LENGTHS else "short", locale=locale_of(locale)))
    except (ValueError, OverflowError, KeyError):
        return None


def later(value: Any, days: int, *, zone: str) -> str | None:
    """A date so many days later, as it is kept ("2026-11-22")."""
    when = moment(value, zone)
    try:
        return None if when is None else (when + timedelta(days=days)).strftime("%Y-%m-%d")
    except (ValueError, OverflowError):
        return None


def figure(value: Any) -> int | float | None:
    """The number that a value is, or that its text writes down with a point; None where it is none, or too large to show."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 40:
            return None
        try:
            value = int(text) if re.fullmatch(r"[+-]?\d+", text, re.ASCII) else float(text)
        except ValueError:
            return None
    if not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if abs(value) < 1e15 else None


def number(value: Any, digits: int | None, *, locale: str) -> str | None:
    """A number with the locale's separators; with so many decimals, or as many as it has (three at most)."""
    exact = _exact(value)
    if exact is None:
        return None
    plain = _plain_separators(locale)
    if plain is None:  # groups of another size, other digits
        pattern = None if digits is None else "#,##0" + ("." + "0" * min(max(digits, 0), 10) if digits > 0 else "")
        return str(format_decimal(exact, pattern, locale=locale_of(locale)))
    if digits is None:
        text = f"{exact:,.3f}".rstrip("0").rstrip(".")
    else:
        digits = min(max(digits, 0), 10)
        text = f"{exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP):,.{digits}f}"
    return text.translate(plain)


@lru_cache(maxsize=500)
def _plain_separators(locale: str) -> dict[int, str] | None:
    """What stands for `,` `.` and `-` of Python's numbers; None for a locale that writes numbers quite otherwise."""
    language = locale_of(locale)
    if language.default_numbering_system != "latn" or language.decimal_formats[None].pattern != "#,##0.###":
        return None
    symbols = language.number_symbols["latn"]
    return {ord(","): symbols["group"], ord("."): symbols["decimal"], ord("-"): symbols["minusSign"]}


def money(value: Any, currency: str, *, locale: str) -> str | None:
    """An amount with its currency's sign (ISO 4217) and decimals."""
    exact = _exact(value)
    return None if exact is None else str(format_currency(exact, currency, locale=locale_of(locale)))


def percent(value: Any, digits: int, *, locale: str) -> str | None:
    """0.2 as 20%."""
    exact = _exact(value)
    if exact is None:
        return None
    pattern = locale_of(locale).percent_formats[None].pattern
    digits = min(max(digits, 0), 10)
    if digits:
        pattern = (
            pattern.replace("0", "0." + "0" * digits, 1)
            if "#,##0" not in pattern
            else pattern.replace("#,##0", "#,##0." + "0" * digits, 1)
        )
    return str(format_percent(exact, pattern, locale=locale_of(locale)))


def _exact(value: Any) -> Decimal | None:
    plain = figure(value)
    try:
        return None if plain is None else Decimal(str(plain))
    except InvalidOperation:
        return None
