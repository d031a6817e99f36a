"""Values of a segment's conditions, read from JSON or from what people typed, with limits and clear refusals."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal, InvalidOperation

MAX_TEXT = 500  # characters of one value
MAX_CHOICES = 500  # values of one "is one of"
MAX_DAYS = 36_500
MAX_DIGITS = 30
MIN_YEAR, MAX_YEAR = 1000, 9000


class BadDefinition(ValueError):
    """A definition cannot be understood. `path` leads to the rule, as in (0, 2): third rule of the first group."""

    def __init__(self, why: str, path: tuple[int, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.path = path


def text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise BadDefinition("Write what to compare with.")
    if len(raw) > MAX_TEXT:
        raise BadDefinition(f"That is longer than {MAX_TEXT} characters.")
    if "\x00" in raw or not _is_encodable(raw):
        raise BadDefinition("There is a character in it that cannot be stored.")
    return raw.strip()


def choices(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise BadDefinition("Write at least one value.")
    if len(raw) > MAX_CHOICES:
        raise BadDefinition(f"A list may hold {MAX_CHOICES} values.")
    return tuple(dict.fromkeys(text(one) for one in raw))


def one_of(raw: object, known: Collection[str], what: str) -> str:
    """One of the known; `what` they are called."""
    if not isinstance(raw, str) or not raw:
        raise BadDefinition(f"Choose {_article(what)} {what}.")
    if raw not in known:
        raise BadDefinition(f"This {what} is gone. Choose another {what}, or remove this condition.")
    return raw


def some_of(raw: object, known: Collection[str], what: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise BadDefinition(f"Choose {_article(what)} {what}.")
    if len(raw) > MAX_CHOICES:
        raise BadDefinition(f"A list may hold {MAX_CHOICES} values.")
    return tuple(dict.fromkeys(one_of(one, known, what) for one in raw))


def number(raw: object) -> Decimal:
    try:
        if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal) or len(str(raw)) > MAX_DIGITS:
            raise InvalidOperation
        found = Decimal(str(raw).strip())
    except InvalidOperation:
        raise BadDefinition("Write a number, for example 12 or 3.5.") from None
    if not found.is_finite() or abs(found.adjusted()) > MAX_DIGITS:
        raise BadDefinition("Write a number, for example 12 or 3.5.")
    return found


def day(raw: object) -> date:
    written = raw.strip() if isinstance(raw, str) else ""
    try:
        if len(written) != 10 or not written.isascii():  # the short and the weekly spellings of ISO 8601 are not ours
            raise ValueError
        found = date.fromisoformat(written)
    except ValueError:
        raise BadDefinition("Write a date as year-month-day, for example 2026-11-22.") from None
    if not MIN_YEAR <= found.year <= MAX_YEAR:
        raise BadDefinition(f"Write a date between the years {MIN_YEAR} and {MAX_YEAR}.")
    return found


def days_between(raw: object) -> tuple[date, date]:
    """Two days, the first not after the second."""
    if not isinstance(raw, list) or len(raw) != 2:
        raise BadDefinition("Write two dates as year-month-day, for example 2026-11-01 and 2026-11-22.")
    first, last = day(raw[0]), day(raw[1])
    if first > last:
        raise BadDefinition(f"{first} is after {last}: turn the two dates round.")
    return first, last


def days(raw: object) -> int:
    return whole(raw, 1, MAX_DAYS, "a number of days, for example 30")


def whole(raw: object, least: int, most: int, what: str) -> int:
    written = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not (written.isascii() and written.isdigit() and len(written) < 6 and least <= int(written) <= most):
        raise BadDefinition(f"Write {what}: a whole number from {least} to {most:,}.")
    return int(written)


def _article(what: str) -> str:
    return "an" if what[0] in "aeiou" else "a"


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
