"""Typed values of a contact's fields: from what people write to what Contact.values keeps, and back to what is shown.

Kept as JSON: text as text, a number as a number, yes or no as true or false, a date as "2026-11-22", a moment as
"2026-11-22T08:30:00Z" (UTC), several of a list as a list of the choices in the field's order. An empty cell is no value.
A value that could mean two things is refused, not guessed.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

MAX_TEXT = 2_000  # characters of one value
MAX_DIGITS = 15  # more would lose digits in JavaScript and in JSON readers
MAX_KEY = 60
MAX_CHOICES = 500
MAX_CHOICE = 100  # characters
Json = str | int | float | bool | list[str]

YES = frozenset({"yes", "y", "true", "t", "1", "on", "x", "ja", "j", "oui", "si", "sí", "sim", "tak", "да"})
NO = frozenset({"no", "n", "false", "f", "0", "off", "nein", "non", "não", "nao", "nie", "нет"})
DATE_ORDERS = {"ymd": "year-month-day", "dmy": "day.month.year", "mdy": "month/day/year"}

_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+|\d*\.\d+|\d+\.)(e[+-]?\d{1,2})?", re.I)
_GROUPED_DOT = re.compile(r"[+-]?\d{1,3}(?:[, '’\u00a0\u202f]\d{3})+\.\d+")
_GROUPED_COMMA = re.compile(r"[+-]?\d{1,3}(?:[. '’\u00a0\u202f]\d{3})+,\d+")
_GROUPED_TWICE = re.compile(
    r"[+-]?\d{1,3}(?:,\d{3}){2,}|[+-]?\d{1,3}(?:\.\d{3}){2,}|[+-]?\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+"
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,(?:\d{1,2}|\d{4,})")
_AMBIGUOUS = re.compile(r"[+-]?\d{1,3},\d{3}")
_DATE = re.compile(r"(\d{1,4})[-./ ](\d{1,2})[-./ ](\d{1,4})(?:[T ]\d{1,2}:\d{2}(?::\d{2})?.*)?")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")  # as `moment` writes it
_BETWEEN_CHOICES = re.compile(r"[;|\r\n]")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2}")


_COMPACT = re.compile(r"(?:19|20)[0-9]{6}")
_WORDS_AND_NUMBERS = re.compile(r"[^\W\d_]+|[0-9]{1,4}")
# Months in English, German, French, Spanish, Portuguese and Italian, without accents; no short form means two of them.
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan january januar janner janvier janv enero ene janeiro gennaio gen",
            "feb february februar feber fevrier fevr febrero fevereiro fev febbraio",
            "mar march marz mrz mars marzo marco",
            "apr april avril avr abril abr aprile",
            "may mai mayo maio maggio mag",
            "jun june juni juin junio junho giugno giu",
            "jul july juli juillet juil julio julho luglio lug",
            "aug august aout agosto ago",
            "sep sept september septembre septiembre setembro set settembre",
            "oct october oktober okt octobre octubre outubro out ottobre ott",
            "nov november novembre noviembre novembro",
            "dec december dezember dez decembre diciembre dic dezembro dicembre",
        ),
        1,
    )
    for word in words.split()
}
_BESIDE_A_DATE = frozenset(
    """de of the st nd rd th er o a mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday
    sunday""".split()
)


class BadValue(ValueError):
    """The text is no value of this kind; str() says what would be, without a beginning and an end."""

    @property
    def sentence(self) -> str:
        said = str(self)
        return f"{said[:1].upper()}{said[1:]}."


@dataclass(frozen=True, slots=True)
class FieldKind:
    """What converting one field needs to know. `date_order` is one of DATE_ORDERS, for dates that are not ISO."""

    key: str
    label: str
    kind: str
    choices: tuple[str, ...] = ()
    date_order: str = "ymd"
    zone: str = "UTC"


def read(field: FieldKind, text: str) -> Json | None:
    """The value that `text` writes down; None if it is empty. Raises BadValue."""
    text = text.strip()
    if not text:
        return None
    match field.kind:
        case "number":
            return number(text)
        case "boolean":
            return yes_or_no(text)
        case "date":
            return day(text, field.date_order).isoformat()
        case "datetime":
            return moment(text, field)
        case "choice":
            return choice(text, field.choices)
        case "multi":
            return several(text, field.choices) or None
        case "url":
            return url(text)
    return plain(text)


def shown(field: FieldKind, value: Any) -> str:
    """A kept value as a person would write it; `read` takes it back. Takes a value of another kind as well: a field is
    converted person by person, so for a while both are there."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    return str(value)


def plain(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise BadValue(f"is longer than {MAX_TEXT:,} characters")
    return text.replace("\x00", "")


def number(text: str) -> int | float:
    """12, 3.5, -1,234.56, 1.234,56 and 3,5 are numbers; 1,234 could be two and is refused."""
    compact = text.replace("−", "-")
    if _AMBIGUOUS.fullmatch(compact):
        raise BadValue(f"“{text}” could be {compact.replace(',', '')} or {compact.replace(',', '.')}: write it one way")
    if _GROUPED_DOT.fullmatch(compact):
        compact = re.sub(r"[^0-9.+-]", "", compact)
    elif _GROUPED_COMMA.fullmatch(compact):
        compact = re.sub(r"[^0-9,+-]", "", compact).replace(",", ".")
    elif _GROUPED_TWICE.fullmatch(compact):
        compact = re.sub(r"[^0-9+-]", "", compact)
    elif _DECIMAL_COMMA.fullmatch(compact):
        compact = compact.replace(",", ".")
    if len(compact) > 40 or not compact.isascii() or not _PLAIN_NUMBER.fullmatch(compact):
        raise BadValue(f"“{_cut(text)}” is not a number")
    exact = Decimal(compact)
    if len(exact.normalize().as_tuple().digits) > MAX_DIGITS or abs(exact.adjusted()) > 30:
        raise BadValue(f"has more than {MAX_DIGITS} digits: keep it as text")
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def yes_or_no(text: str) -> bool:
    word = text.lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise BadValue(f"“{_cut(text)}” is neither yes nor no")


def day(text: str, order: str = "ymd") -> date:
    """A date: ISO and 20261122 always, the month in words always, else in the given order; a time behind it is passed over."""
    match = _DATE.fullmatch(text) if len(text) <= 40 and text.isascii() else None
    parts = match.groups() if match is not None else _in_words(text)
    if parts is None:
        raise BadValue(f"“{_cut(text)}” is not a date: write 2026-11-22")
    first, second, third = parts
    if len(first) > 2:
        year, month, dom = first, second, third
    elif order == "mdy":
        month, dom, year = first, second, third
    elif order == "dmy":
        dom, month, year = first, second, third
    else:
        raise BadValue(f"“{_cut(text)}” does not say which number is the month: choose the order of the date")
    try:
        found = date(_year(year), int(month), int(dom))
    except ValueError:
        raise BadValue(f"“{_cut(text)}” is no day of the calendar read as {DATE_ORDERS[order]}") from None
    if not 1000 <= found.year <= 9000:
        raise BadValue(f"“{_cut(text)}” has a year that cannot be")
    return found


def moment(text: str, field: FieldKind) -> str:
    """A date and time in UTC; without an offset it is read in the field's zone, without a time it is midnight there."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = datetime.combine(day(text, field.date_order), datetime.min.time())
    if not 1000 < when.year < 9000:
        raise BadValue(f"“{_cut(text)}” has a year that cannot be")
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo(field.zone))
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def choice(text: str, choices: Sequence[str]) -> str:
    for one in choices:
        if one.casefold() == text.casefold():
            return one
    raise BadValue(f"“{_cut(text)}” is none of: {', '.join(choices[:10]) or 'no choices yet'}")


def several(text: str, choices: Sequence[str]) -> list[str]:
    """The choices that `text` names, in the order of `choices`: "a; b", "a|b", "a, b", one a line, or a JSON list.

    A comma may also be part of a choice: then the longest choice that fits counts. Raises BadValue for one that is none.
    """
    if len(text) > MAX_CHOICES * (MAX_CHOICE + 2):
        raise BadValue("is longer than all the choices together")
    known = {one.casefold(): one for one in choices}
    named: set[str] = set()
    for part in _parts(text):
        if part.casefold() in known:
            named.add(known[part.casefold()])
            continue
        pieces = part.split(",")
        if len(pieces) > 2 * MAX_CHOICES:
            raise BadValue(f"names more than {MAX_CHOICES} choices")
        while pieces:
            if not pieces[0].strip():
                pieces.pop(0)
                continue
            for end in range(min(len(pieces), MAX_CHOICE), 0, -1):
                candidate = ",".join(pieces[:end]).strip().casefold()
                if candidate in known:
                    named.add(known[candidate])
                    pieces = pieces[end:]
                    break
            else:
                choice(pieces[0].strip(), choices)
    return [one for one in choices if one in named]


def _parts(text: str) -> list[str]:
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list) and all(isinstance(one, str) for one in listed):
            return [one.strip() for one in listed if one.strip()]
    return [part.strip() for part in _BETWEEN_CHOICES.split(text) if part.strip()]


def clean_choices(names: Iterable[str]) -> list[str]:
    """The names of choices without doubles. Raises BadValue for one that is too long or could be mistaken for two."""
    clean: dict[str, str] = {}
    for name in names:
        name = " ".join(name.replace("\x00", "").split())
        if not name:
            continue
        if len(name) > MAX_CHOICE:
            raise BadValue(f"“{_cut(name)}” is longer than {MAX_CHOICE} characters")
        if _BETWEEN_CHOICES.search(name):
            raise BadValue(f"“{name}” has a ; or a | in it, which stand between choices: leave it out")
        clean.setdefault(name.casefold(), name)
    if len(clean) > MAX_CHOICES:
        raise BadValue(f"There are {len(clean):,} choices; a field has {MAX_CHOICES} at most: make it a text")
    return list(clean.values())


def fits(field: FieldKind, value: Any) -> bool:
    """Whether a kept value is one of this kind as it stands."""
    match field.kind:
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "multi":
            if not isinstance(value, list) or not value or any(one not in field.choices for one in value):
                return False
            return value == [one for one in field.choices if one in value]
        case "choice":
            return isinstance(value, str) and value in field.choices
    if not isinstance(value, str):
        return False
    try:
        return read(replace(field, date_order="ymd"), value) == value
    except BadValue:
        return False


def convert(field: FieldKind, value: Any) -> Json | None:
    """A kept value of any kind as one of this kind; None if it is empty. Raises BadValue."""
    if value is None or fits(field, value):
        return value  # type: ignore[no-any-return]
    if field.kind == "boolean" and isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if field.kind == "number" and isinstance(value, bool):
        return int(value)
    if field.kind == "date" and isinstance(value, str) and _MOMENT.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(ZoneInfo(field.zone)).date().isoformat()
    if field.kind == "choice" and isinstance(value, list) and len(value) > 1:
        raise BadValue(f"“{_cut(shown(field, value))}” is more than one choice")
    return read(field, shown(field, value))


def url(text: str) -> str:
    lowered = text.lower()
    if not lowered.startswith(("http://", "https://")) or any(c.isspace() for c in text) or "." not in text:
        raise BadValue(f"“{_cut(text)}” is not a web address: begin with https://")
    return plain(text)


@lru_cache(maxsize=4096)
def language(text: str) -> str:
    """A language tag like de or pt-BR (BCP 47, without its rarer parts); "" for none. Raises BadValue."""
    text = text.strip()
    if not text:
        return ""
    if not _LOCALE.fullmatch(text) or len(text) > 20:
        raise BadValue(f"“{_cut(text)}” is not a language: write en, de or pt-BR")
    first, *rest = text.replace("_", "-").split("-")
    return "-".join([first.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)])


def key_from(label: str, taken: Collection[str] = ()) -> str:
    """A key for a new field, from its label: "Postal code" is postal_code; "postal_code_2" if that is taken."""
    ascii_label = folded(label).encode("ascii", "ignore").decode()
    key = re.sub(r"[^a-z0-9]+", "_", ascii_label).strip("_")[: MAX_KEY - 4].strip("_") or "field"
    if not key[0].isalpha():
        key = f"field_{key}"[: MAX_KEY - 4]
    candidate, n = key, 1
    while candidate in taken:
        n += 1
        candidate = f"{key}_{n}"
    return candidate


def folded(text: str) -> str:
    """Lower case without accents, for comparing names of columns."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def date_order_of(samples: Sequence[str]) -> str:
    """The order that fits the most of these dates: ISO first, then day.month.year, then month/day/year."""
    fits = {order: sum(_is_day(text, order) for text in samples if text.strip()) for order in DATE_ORDERS}
    return max(fits, key=lambda order: (fits[order], -list(DATE_ORDERS).index(order)))


def _is_day(text: str, order: str) -> bool:
    try:
        day(text.strip(), order)
    except BadValue:
        return False
    return True


def _in_words(text: str) -> tuple[str, str, str] | None:
    """Year, month and day of "31 Jan 2026", "January 31st, 2026", "31 de enero de 2026", "31-Jan-26" and 20260131."""
    if len(text) > 40:
        return None
    if _COMPACT.fullmatch(text):
        return text[:4], text[4:6], text[6:]
    words = _WORDS_AND_NUMBERS.findall(folded(text))
    numbers = [word for word in words if word.isdecimal()]
    months = [_MONTHS[word] for word in words if word in _MONTHS]
    if len(numbers) != 2 or len(months) != 1 or len(words) - 3 > sum(word in _BESIDE_A_DATE for word in words):
        return None
    dom, year = numbers if len(numbers[0]) <= 2 else reversed(numbers)
    return f"{_year(year):04d}" if len(year) == 2 else year, str(months[0]), dom


def _year(text: str) -> int:
    year = int(text)
    if len(text) > 2:
        return year
    return year + (2000 if year < 70 else 1900)


def _cut(text: str) -> str:
    text = " ".join(text.replace("\x00", "").split())
    return text if len(text) <= 60 else text[:60] + "…"
