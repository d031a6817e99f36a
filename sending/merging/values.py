"""What a contact's value is to a template: in words, or missing. A blank value is a missing one: "Hello ," helps nobody."""

import re
from collections.abc import Mapping
from typing import Any

MAX_VALUE = 10_000  # characters of a value; longer ones are cut, with a mark
MAX_ITEMS = 100  # of a list; the rest is left out

# Everything that starts a new line somewhere, and what turns the reading order of the words around it.
_HEADER_BREAK = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_HEADER_UNWANTED = re.compile("[\u202d\u202e\ufffe\uffff\ud800-\udfff]")


def plain(value: Any) -> str:
    """A typed value in words. Numbers lose an empty fraction; lists are joined; what is nested is no text and stays empty."""
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(filter(None, (plain(item) for item in list(value)[:MAX_ITEMS])))
    return str(value)


def present(value: Any) -> Any:
    """The value as conditions and filters see it: None for a blank one, no text longer than MAX_VALUE, no endless list."""
    kind = type(value)
    if kind is str:
        if not value or value.isspace():
            return None
        return value if len(value) <= MAX_VALUE else cut(value, MAX_VALUE)
    if kind is list or kind is tuple:
        return [present(item) for item in value[:MAX_ITEMS]] or None
    if kind is int or kind is float or kind is bool or value is None:
        return value
    return plain(value) or None


def cut(value: str, limit: int) -> str:
    """The value, or as much of it as the limit allows, with a mark."""
    return value if len(value) <= limit else value[: limit - 1].rstrip() + "…"


def header_line(text: str) -> str:
    """The text as a header can carry it (RFC 5322, 2.2): one line, no controls."""
    return _HEADER_UNWANTED.sub("", _HEADER_BREAK.sub(" ", text)).strip()
