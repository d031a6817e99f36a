"""The filters of the merge language: what may stand after a |, with how many arguments, and what each makes of a value.

A filter that can do nothing with a value gives nothing, so that a fallback after it speaks. None fails, none makes a text
longer than MAX_VALUE or a list longer than MAX_ITEMS, so no chain of them can grow without end.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sending.merging import formats
from sending.merging.values import MAX_ITEMS, MAX_VALUE, cut, plain, present

MAX_FILTERS = 20  # on one value


@dataclass(frozen=True, slots=True)
class Filter:
    """`least` and `most` arguments. A `local` one is also given `context`, which has `locale` and `zone`."""

    run: Callable[..., Any]
    least: int
    most: int
    local: bool


FILTERS: dict[str, Filter] = {}

# Filters of other systems whose work is done here by itself.
NEEDLESS = {
    "escape": "Values are always made safe for the place where they stand. Take this filter out.",
    "escape_once": "Values are always made safe for the place where they stand. Take this filter out.",
    "h": "Values are always made safe for the place where they stand. Take this filter out.",
    "url_encode": "In the address of a link, values are encoded by themselves. Take this filter out.",
    "url_escape": "In the address of a link, values are encoded by themselves. Take this filter out.",
    "safe": "A value cannot bring its own HTML. Take this filter out.",
    "raw": "A value cannot bring its own HTML. Take this filter out.",
    "newline_to_br": "A filter cannot make HTML. Take this filter out.",
}


def _filter(name: str, least: int = 0, most: int | None = None, *, local: bool = False) -> Callable[[Any], Any]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(value: Any, *arguments: Any, **context: Any) -> Any:
            try:
                return present(function(present(value), *arguments, **context))
            except (ValueError, TypeError, ArithmeticError, IndexError, KeyError, LookupError):
                return None

        FILTERS[name] = Filter(run, least, least if most is None else most, local)
        return function

    return register


def _text(value: Any) -> str:
    return cut(plain(value), MAX_VALUE)


def _count(value: Any) -> int:
    number = formats.figure(value)
    if number is None:
        raise ValueError("not a number")
    return int(number)


# --- fallback ---------------------------------------------------------------------------------------------------------


def default(value: Any, words: Any) -> Any:
    """`words` for a missing value. Beyond Liquid, a blank text is missing; and `false` is an answer, not a gap."""
    value = present(value)
    return words if value is None else value


FILTERS["default"] = Filter(default, 1, 1, False)


# --- text ---------------------------------------------------------------------------------------------------------------


@_filter("upcase")
def _upcase(value: Any) -> Any:
    return _text(value).upper()


@_filter("downcase")
def _downcase(value: Any) -> Any:
    return _text(value).lower()


@_filter("capitalize")
def _capitalize(value: Any) -> Any:
    text = _text(value)
    return text[:1].upper() + text[1:].lower()


@_filter("titlecase")
def _titlecase(value: Any) -> Any:
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: word[0][:1].upper() + word[0][1:].lower(), _text(value))


@_filter("strip")
def _strip(value: Any) -> Any:
    return _text(value).strip()


@_filter("lstrip")
def _lstrip(value: Any) -> Any:
    return _text(value).lstrip()


@_filter("rstrip")
def _rstrip(value: Any) -> Any:
    return _text(value).rstrip()


@_filter("truncate", 1, 2)
def _truncate(value: Any, length: Any, end: Any = "…") -> Any:
    text, end, length = _text(value), plain(end), _count(length)
    return text if len(text) <= length else text[: max(length - len(end), 0)] + end


@_filter("truncatewords", 1, 2)
def _truncatewords(value: Any, count: Any, end: Any = "…") -> Any:
    words = _text(value).split()
    count = max(_count(count), 1)
    return " ".join(words) if len(words) <= count else " ".join(words[:count]) + plain(end)


@_filter("append", 1)
def _append(value: Any, more: Any) -> Any:
    return _text(value) + _text(more)


@_filter("prepend", 1)
def _prepend(value: Any, more: Any) -> Any:
    return _text(more) + _text(value)


@_filter("remove", 1)
def _remove(value: Any, what: Any) -> Any:
    return _text(value).replace(plain(what), "") if plain(what) else _text(value)


@_filter("replace", 2)
def _replace(value: Any, what: Any, by: Any) -> Any:
    text, what, by = _text(value), plain(what), plain(by)
    if not what:
        return text
    # No more of them than make the longest value: a few thousand long ones are a hundred megabytes.
    return text.replace(what, by, MAX_VALUE // len(by) + 1 if len(by) > len(what) else -1)


@_filter("replace_first", 2)
def _replace_first(value: Any, what: Any, by: Any) -> Any:
    return _text(value).replace(plain(what), plain(by), 1) if plain(what) else _text(value)


@_filter("slice", 1, 2)
def _slice(value: Any, start: Any, length: Any = 1) -> Any:
    text, start, length = _text(value), _count(start), _count(length)
    begin = max(len(text) + start, 0) if start < 0 else start
    return text[begin : begin + max(length, 0)]


@_filter("url_path")
def _url_path(value: Any) -> Any:
    """Text as a piece of a path: "New York" gives new-york."""
    return quote(re.sub(r"[^\w]+", "-", _text(value).lower()).strip("-"), safe="-")


# --- lists --------------------------------------------------------------------------------------------------------------


def _list(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value[:MAX_ITEMS])
    return [] if value is None else [value]


@_filter("split", 1)
def _split(value: Any, between: Any) -> Any:
    text = _text(value)
    parts = text.split(plain(between), MAX_ITEMS) if plain(between) else list(text[:MAX_ITEMS])
    return [part for part in parts[:MAX_ITEMS] if part]


@_filter("join", 0, 1)
def _join(value: Any, between: Any = " ") -> Any:
    return plain(between).join(filter(None, (plain(item) for item in _list(value))))


@_filter("first")
def _first(value: Any) -> Any:
    return _list(value)[0]


@_filter("last")
def _last(value: Any) -> Any:
    return _list(value)[-1]


@_filter("size")
def _size(value: Any) -> Any:
    return len(value) if isinstance(value, list | tuple | str) else 0


@_filter("reverse")
def _reverse(value: Any) -> Any:
    return _list(value)[::-1]


@_filter("sort")
def _sort(value: Any) -> Any:
    return sorted(_list(value), key=lambda item: plain(item).casefold())


@_filter("uniq")
def _uniq(value: Any) -> Any:
    return list({plain(item): item for item in reversed(_list(value))}.values())[::-1]


@_filter("compact")
def _compact(value: Any) -> Any:
    return [item for item in _list(value) if item is not None]


# --- numbers ------------------------------------------------------------------------------------------------------------


def _arithmetic(name: str, run: Callable[[Any, Any], Any]) -> None:
    @_filter(name, 1)
    def _calculate(value: Any, other: Any) -> Any:
        left, right = formats.figure(value), formats.figure(other)
        if left is None or right is None:
            return None
        result = run(left, right)
        # 0.1 + 0.2 is 0.3 to everybody who reads mail.
        return formats.figure(round(result, 10) if isinstance(result, float) else result)


def _divide(left: Any, right: Any) -> Any:
    return left // right if isinstance(left, int) and isinstance(right, int) else left / right


_arithmetic("plus", lambda left, right: left + right)
_arithmetic("minus", lambda left, right: left - right)
_arithmetic("times", lambda left, right: left * right)
_arithmetic("divided_by", _divide)
_arithmetic("modulo", lambda left, right: left % right)
_arithmetic("at_least", max)
_arithmetic("at_most", min)


@_filter("round", 0, 1)
def _round(value: Any, digits: Any = 0) -> Any:
    number, digits = formats.figure(value), min(max(_count(digits), 0), 10)
    return None if number is None else round(number, digits) if digits else math.floor(number + 0.5)


@_filter("ceil")
def _ceil(value: Any) -> Any:
    number = formats.figure(value)
    return None if number is None else math.ceil(number)


@_filter("floor")
def _floor(value: Any) -> Any:
    number = formats.figure(value)
    return None if number is None else math.floor(number)


@_filter("abs")
def _abs(value: Any) -> Any:
    number = formats.figure(value)
    return None if number is None else abs(number)


# --- as the reader's language writes it -----------------------------------------------------------------------------------


@_filter("date", 0, 1, local=True)
def _date(value: Any, pattern: Any = "medium", *, context: Any) -> Any:
    return formats.day(value, plain(pattern), locale=context.locale, zone=context.zone)


@_filter("time", 0, 1, local=True)
def _time(value: Any, pattern: Any = "short", *, context: Any) -> Any:
    return formats.clock(value, plain(pattern), locale=context.locale, zone=context.zone)


@_filter("plus_days", 1, local=True)
def _plus_days(value: Any, days: Any, *, context: Any) -> Any:
    return formats.later(value, _count(days), zone=context.zone)


@_filter("number", 0, 1, local=True)
def _number(value: Any, digits: Any = None, *, context: Any) -> Any:
    return formats.number(value, None if digits is None else _count(digits), locale=context.locale)


@_filter("money", 1, local=True)
def _money(value: Any, currency: Any, *, context: Any) -> Any:
    return formats.money(value, plain(currency), locale=context.locale)


@_filter("percent", 0, 1, local=True)
def _percent(value: Any, digits: Any = 0, *, context: Any) -> Any:
    return formats.percent(value, _count(digits), locale=context.locale)
