"""Fill a plan's holes for one recipient: escape each value for the place where it stands.

The trap: a value is foreign data. In HTML it must not become markup, in an address not another address, in a header not
another header, and none may be so long that it becomes somebody's whole mail.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from liquid.exceptions import LiquidError

from sending.merging import liquid_room
from sending.merging.language import MergeError, Problem
from sending.merging.liquid_room import Values
from sending.merging.names import URL_NAMES
from sending.merging.plan import Context, Hole, Plan
from sending.merging.values import MAX_VALUE, cut, header_line, plain

MAX_HEADER_VALUE = 200
CLOCK_EVERY = 16  # holes that are worked out; one by itself is bounded, and asking for the time costs
MAX_URL_VALUE = 2_000

# Controls that no context wants, and lone surrogates, which have no UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_HTML_SPECIAL = re.compile("[&<>\"'\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Merged(NamedTuple):
    """One recipient's mail: header-safe subject (no line breaks; not yet RFC 2047), HTML and plain text with \\n lines."""

    subject: str
    html: str
    text: str


class Chosen(str):
    """What a choice came to for one recipient; `branch` is the number of the part that was taken."""

    __slots__ = ("branch",)
    branch: int


def merge(plan: Plan, values: Mapping[str, Any], *, links: Sequence[str] = (), pixel: str = "") -> Merged:
    """The letter for one recipient.

    `values` maps merge names (`contact.first_name`) to str, numbers, bool, lists or None; missing ones take the fallback.
    `links` are this recipient's addresses for `plan.links`, in the same order; without them the links lead straight to
    their targets. `pixel` is the address of the open pixel; without it there is none.
    Dates and numbers are written in `reader.locale`, else `organization.locale`, else English; moments in
    `contact.time_zone`, else `organization.time_zone`, else UTC. Raises Unmergeable when a limit is passed.
    """
    filled = fill(plan, values, links=links, pixel=pixel)
    return Merged(plan.subject.join(filled), plan.html.join(filled), plan.text.join(filled))


def fill(plan: Plan, values: Mapping[str, Any], *, links: Sequence[str] = (), pixel: str = "") -> list[str]:
    """What stands in each of `plan.slots` for one recipient, escaped for its place; `Part.join` takes it.

    Raises Unmergeable.
    """
    if links and len(links) != len(plan.links):
        raise ValueError(f"{len(plan.links)} links expected, {len(links)} given")
    targets = links or plan.links
    filled: list[str] = []
    view: Values | None = None
    worked = 0
    for hole in plan.slots:
        kind = hole.kind
        if kind == "value":
            filled.append(_escape(hole, values.get(hole.name)))
        elif kind == "link":
            target = targets[hole.link]
            filled.append(html.escape(target) if _HTML_SPECIAL.search(target) else target)
        elif kind == "pixel":
            filled.append(f'<img src="{html.escape(pixel)}" width="1" height="1" alt="" border="0">' if pixel else "")
        else:
            if view is None:
                view = Values(values)
            worked += 1
            if not worked % CLOCK_EVERY:
                view.look_at_the_clock()
            filled.append(_FILLERS[kind](hole, view, filled))
    return filled


def merge_values(
    *,
    contact: Mapping[str, Any],
    organization_name: str,
    brand_name: str,
    postal_address: str,
    unsubscribe_url: str,
    preferences_url: str,
    web_version_url: str = "",
    topic_name: str = "",
    reader_locale: str = "",
    locale: str = "",
    time_zone: str = "",
) -> dict[str, Any]:
    """The values of one recipient by merge name. `contact` maps field keys (`email`, `first_name`, …) to their values.

    The lines of the postal address become one, as a footer writes them. `reader_locale` is the person's; `locale` and
    `time_zone` are the organization's.
    """
    values = {f"contact.{key}": value for key, value in contact.items()}
    values["reader.locale"] = reader_locale
    values["organization.name"] = organization_name
    values["organization.locale"] = locale
    values["organization.time_zone"] = time_zone
    values["brand.name"] = brand_name
    values["brand.postal_address"] = one_line(postal_address)
    values["topic.name"] = topic_name
    values["unsubscribe_url"] = unsubscribe_url
    values["preferences_url"] = preferences_url
    values["web_version_url"] = web_version_url
    return values


def one_line(postal_address: str) -> str:
    """A postal address as a footer writes it: the lines joined by commas."""
    return ", ".join(line.strip(" ,") for line in postal_address.splitlines() if line.strip(" ,"))


def prepare(plan: Plan) -> None:
    """Parse what the plan's holes say, so that the first recipient does not wait. Raises MergeError."""
    try:
        for hole in plan.slots:
            if hole.kind == "expression":
                _expression(hole.source)
            elif hole.kind == "liquid" or (hole.kind == "choice" and hole.source):
                _template(hole.source)
            for condition in hole.conditions:
                _condition(condition)
    except (LiquidError, ValueError, RecursionError) as error:
        raise MergeError([Problem("A part of this content cannot be read.", 0, 0)]) from error


# --- holes --------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def _expression(source: str) -> Callable[[Values], Any]:
    return liquid_room.compiled_value(source)


@lru_cache(maxsize=20_000)
def _condition(source: str) -> liquid_room.Condition:
    return liquid_room.parse_condition(source)


@lru_cache(maxsize=2_000)
def _template(source: str) -> Any:
    return liquid_room.parse_template(source)


def _fill_expression(hole: Hole, view: Values, filled: list[str]) -> str:
    return _escaped(hole.context, plain(_expression(hole.source)(view)))


def _fill_choice(hole: Hole, view: Values, filled: list[str]) -> str:
    branch = len(hole.parts) - 1
    if hole.source:
        branch = int(liquid_room.render(_template(hole.source), view, filled))
    else:
        for number, condition in enumerate(hole.conditions):
            if _condition(condition).evaluate(view):
                branch = number
                break
    chosen = Chosen(hole.parts[branch].join(filled))
    chosen.branch = branch
    return chosen


def _fill_liquid(hole: Hole, view: Values, filled: list[str]) -> str:
    return liquid_room.render(_template(hole.source), view, filled)


_FILLERS: dict[str, Callable[[Hole, Values, list[str]], str]] = {
    "expression": _fill_expression,
    "choice": _fill_choice,
    "liquid": _fill_liquid,
}


def _escape(hole: Hole, value: Any) -> str:
    # A blank value is a missing one: "Hello ," helps nobody.
    words = value if type(value) is str else plain(value)
    if not words or words.isspace():
        words = hole.default
        if not words:
            return "#" if hole.context == "whole_url" else ""
    return _ESCAPES[hole.context](words, hole.name, hole.default)


def _escaped(context: Context, words: str, name: str = "", default: str = "") -> str:
    """What filters or a template came to; blank values have become missing ones on the way."""
    if not words:
        return "#" if context == "whole_url" else ""
    return _ESCAPES[context](words, name, default)


def _html(value: str, name: str = "", default: str = "") -> str:
    if len(value) > MAX_VALUE:
        value = cut(value, MAX_VALUE)
    if not _HTML_SPECIAL.search(value):
        return value
    return html.escape(_UNPRINTABLE.sub("", _lines(value)))


def _url(value: str, name: str = "", default: str = "") -> str:
    """A piece of an address: everything that could change the address around it is percent-encoded (RFC 3986, 2.1)."""
    return quote(_UNPRINTABLE.sub("", value)[:MAX_URL_VALUE], safe="")


def _whole_url(value: str, name: str = "", default: str = "") -> str:
    """An address that is wholly the value's. Only http and https lead anywhere; `#` for what is no address."""
    value = _UNPRINTABLE.sub("", value).strip()
    if name not in URL_NAMES:
        value = _web_address(value) or _web_address(default.strip()) or "#"
    return html.escape(value)


def _web_address(value: str) -> str:
    if len(value) > MAX_URL_VALUE or any(character.isspace() for character in value):
        return ""
    try:
        split = urlsplit(value)
    except ValueError:
        return ""
    return value if split.scheme.lower() in ("http", "https") and split.netloc else ""


def _header(value: str, name: str = "", default: str = "") -> str:
    return cut(header_line(value[:MAX_VALUE]), MAX_HEADER_VALUE)


def _text(value: str, name: str = "", default: str = "") -> str:
    if len(value) <= MAX_VALUE and value.isprintable():
        return value
    return _UNPRINTABLE.sub("", _lines(cut(value, MAX_VALUE)))


def _lines(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


_ESCAPES: dict[Context, Callable[[str, str, str], str]] = {
    "html": _html,
    "url": _url,
    "whole_url": _whole_url,
    "header": _header,
    "text": _text,
}


def _escaping(context: Context) -> Callable[..., str]:
    """The filter that stands behind every value of a template."""

    def run(value: Any, default: Any = "", name: Any = "") -> str:
        return _escaped(context, plain(value), str(name), str(default))

    return run


for _context in _ESCAPES:
    liquid_room.ENVIRONMENT.add_filter(f"_{_context}", _escaping(_context))
