"""Fill a plan's holes for one recipient: escape each value for the place where it stands.

The trap: a value is foreign data. In HTML it must not become markup, in an address not another address, in a header not
another header, and none may be so long that it becomes somebody's whole mail.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from sending.merging.names import URL_NAMES
from sending.merging.plan import Context, Hole, Plan

MAX_VALUE = 10_000  # characters of a value in a body; longer ones are cut, with a mark
MAX_HEADER_VALUE = 200
MAX_URL_VALUE = 2_000

# Controls that no context wants, and lone surrogates, which have no UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Everything that starts a new line somewhere, and what turns the reading order of the words around it.
_HEADER_BREAK = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_HEADER_UNWANTED = re.compile("[\u202d\u202e\ufffe\uffff\ud800-\udfff]")
_HTML_SPECIAL = re.compile("[&<>\"'\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Merged(NamedTuple):
    """One recipient's mail: header-safe subject (no line breaks; not yet RFC 2047), HTML and plain text with \\n lines."""

    subject: str
    html: str
    text: str


def merge(plan: Plan, values: Mapping[str, Any], *, links: Sequence[str] = (), pixel: str = "") -> Merged:
    """The letter for one recipient.

    `values` maps merge names (`contact.first_name`) to str, numbers, bool, lists or None; missing ones take the fallback.
    `links` are this recipient's addresses for `plan.links`, in the same order; without them the links lead straight to
    their targets. `pixel` is the address of the open pixel; without it there is none.
    """
    filled = fill(plan, values, links=links, pixel=pixel)
    return Merged(plan.subject.join(filled), plan.html.join(filled), plan.text.join(filled))


def fill(plan: Plan, values: Mapping[str, Any], *, links: Sequence[str] = (), pixel: str = "") -> list[str]:
    """What stands in each of `plan.slots` for one recipient, escaped for its place; `Part.join` takes it."""
    if links and len(links) != len(plan.links):
        raise ValueError(f"{len(plan.links)} links expected, {len(links)} given")
    targets = links or plan.links
    filled = []
    for hole in plan.slots:
        if hole.kind == "value":
            filled.append(_escape(hole, values.get(hole.name)))
        elif hole.kind == "link":
            filled.append(html.escape(targets[hole.link]))
        else:
            filled.append(f'<img src="{html.escape(pixel)}" width="1" height="1" alt="" border="0">' if pixel else "")
    return filled


def merge_values(
    *,
    contact: Mapping[str, Any],
    organization_name: str,
    brand_name: str,
    postal_address: str,
    unsubscribe_url: str,
    preferences_url: str,
) -> dict[str, Any]:
    """The values of one recipient by merge name. `contact` maps field keys (`email`, `first_name`, …) to their values.

    The lines of the postal address become one, as a footer writes them.
    """
    values = {f"contact.{key}": value for key, value in contact.items()}
    values["organization.name"] = organization_name
    values["brand.name"] = brand_name
    values["brand.postal_address"] = one_line(postal_address)
    values["unsubscribe_url"] = unsubscribe_url
    values["preferences_url"] = preferences_url
    return values


def one_line(postal_address: str) -> str:
    """A postal address as a footer writes it: the lines joined by commas."""
    return ", ".join(line.strip(" ,") for line in postal_address.splitlines() if line.strip(" ,"))


def _escape(hole: Hole, value: Any) -> str:
    # A blank value is a missing one: "Hello ," helps nobody.
    plain = value if type(value) is str else _plain(value)
    if not plain or plain.isspace():
        plain = hole.default
        if not plain:
            return "#" if hole.context == "whole_url" else ""
    return _ESCAPES[hole.context](plain, hole)


def _plain(value: Any) -> str:
    """A typed value in words. Numbers lose an empty fraction; lists are joined; what is nested is no text and stays empty."""
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(filter(None, (_plain(item) for item in list(value)[:100])))
    return str(value)


def _cut(value: str, limit: int) -> str:
    return value if len(value) <= limit else value[: limit - 1].rstrip() + "…"


def _html(value: str, hole: Hole) -> str:
    if len(value) > MAX_VALUE:
        value = _cut(value, MAX_VALUE)
    if not _HTML_SPECIAL.search(value):
        return value
    return html.escape(_UNPRINTABLE.sub("", _lines(value)))


def _url(value: str, hole: Hole) -> str:
    """A piece of an address: everything that could change the address around it is percent-encoded (RFC 3986, 2.1)."""
    return quote(_UNPRINTABLE.sub("", value)[:MAX_URL_VALUE], safe="")


def _whole_url(value: str, hole: Hole) -> str:
    """An address that is wholly the value's. Only http and https lead anywhere; `#` for what is no address."""
    value = _UNPRINTABLE.sub("", value).strip()
    if hole.name not in URL_NAMES:
        value = _web_address(value) or _web_address(hole.default.strip()) or "#"
    return html.escape(value)


def _web_address(value: str) -> str:
    if len(value) > MAX_URL_VALUE or any(character.isspace() for character in value):
        return ""
    try:
        split = urlsplit(value)
    except ValueError:
        return ""
    return value if split.scheme.lower() in ("http", "https") and split.netloc else ""


def _header(value: str, hole: Hole) -> str:
    return _cut(_HEADER_UNWANTED.sub("", _HEADER_BREAK.sub(" ", value[:MAX_VALUE])).strip(), MAX_HEADER_VALUE)


def _text(value: str, hole: Hole) -> str:
    return _UNPRINTABLE.sub("", _lines(_cut(value, MAX_VALUE)))


def _lines(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


_ESCAPES: dict[Context, Callable[[str, Hole], str]] = {
    "html": _html,
    "url": _url,
    "whole_url": _whole_url,
    "header": _header,
    "text": _text,
}
