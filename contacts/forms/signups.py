"""What a visitor posts by a sign-up form, from a page or as JSON: cleaned, or what is wrong with it in their language.

Names in HTML: `email`, the keys of fields as they are, and with "ph-" (no key has a dash) what is ours.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from contacts import addresses, values
from contacts.models import Topic
from contacts.queries.signup_forms import Asked, Shown

EMAIL = "email"
TOPIC = "ph-topic"
STAMP = "ph-stamp"
TRAP = "ph-website"  # nobody sees it; robots fill it in
MAX_FIELD = 20_000  # characters of one field as posted
INPUT_TYPES = {"number": "text", "date": "date", "datetime": "datetime-local", "url": "url"}
AUTOCOMPLETE = {"first_name": "given-name", "last_name": "family-name"}


@dataclass(frozen=True, slots=True)
class Problem:
    """`field` is `email`, `topics` or the key of a field; `code` never changes, `words` are for the visitor."""

    field: str
    code: str
    words: str
    detail: str = ""  # for programmers, in English


@dataclass(frozen=True, slots=True)
class Posted:
    """What came in, as text: several choices of a field as a JSON list. `topics`: public ids that were ticked."""

    email: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    topics: Sequence[str] = ()
    stamp: str = ""
    trap: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.email and not self.values and not self.stamp


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`address` is None and `problems` says why when it cannot be taken."""

    address: addresses.Address | None
    values: dict[str, Any]
    topics: list[Topic]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Control:
    """One control of the page as a template draws it."""

    name: str
    id: str
    label: str
    type: str  # email, text, date, datetime-local, url, checkbox, select, checkboxes
    value: str = ""
    chosen: Sequence[str] = ()
    choices: Sequence[str] = ()
    required: bool = False
    autocomplete: str = "off"
    inputmode: str = ""
    problem: str = ""


def from_page(data: QueryDict, shown: Shown) -> Posted:
    """What a page posted. Never raises; what is no text becomes empty."""
    told = {}
    for asked in shown.asked:
        key = asked.kind.key
        if key in data:
            many = [_text(one) for one in data.getlist(key)[: values.MAX_CHOICES]]
            told[key] = json.dumps(many) if asked.kind.kind == "multi" else many[-1] if many else ""
    return Posted(
        email=_text(data.get(EMAIL, "")),
        values=told,
        topics=[_text(one) for one in data.getlist(TOPIC)[:100]],
        stamp=_text(data.get(STAMP, "")),
        trap=_text(data.get(TRAP, "")),
    )


def clean(posted: Posted, shown: Shown) -> Cleaned:
    """Validate what was posted, in the language that is on."""
    problems: list[Problem] = []
    address = None
    try:
        address = addresses.parse(posted.email)
    except addresses.InvalidAddress as refused:
        words = _("Please write your mail address.") if refused.flaw is addresses.Flaw.EMPTY else _bad_address()
        problems.append(Problem(EMAIL, f"email_{refused.flaw.value}", words, str(refused)))
    told = {}
    for asked in shown.asked:
        value, problem = _value(asked, posted.values.get(asked.kind.key, ""))
        told[asked.kind.key] = value
        if problem is not None:
            problems.append(problem)
    topics = shown.topics
    if shown.may_choose:
        topics = [topic for topic in shown.topics if topic.public_id in posted.topics]
        if not topics:
            problems.append(
                Problem("topics", "topics_none", _("Please tick what you want to get."), "No topic was chosen.")
            )
    return Cleaned(
        address=None if problems else address,
        values={key: value for key, value in told.items() if value is not None},
        topics=topics,
        problems=problems,
    )


def controls(shown: Shown, posted: Posted | None = None, problems: Sequence[Problem] = ()) -> list[Control]:
    """What the page asks: the address first. With what was posted and what is wrong with it."""
    posted = posted or Posted()
    wrong = {problem.field: problem.words for problem in problems}
    address = Control(
        name=EMAIL,
        id="ph-email",
        label=_("E-mail address"),
        type="email",
        value=posted.email[: addresses.MAX_TYPED],
        required=True,
        autocomplete="email",
        problem=wrong.get(EMAIL, ""),
    )
    return [address, *(_control(asked, posted, wrong) for asked in shown.asked)]


def _control(asked: Asked, posted: Posted, wrong: Mapping[str, str]) -> Control:
    kind, text = asked.kind, posted.values.get(asked.kind.key, "")
    types = {"choice": "select", "multi": "checkboxes", "boolean": "checkbox"}
    return Control(
        name=kind.key,
        id=f"ph-{kind.key}",
        label=asked.label,
        type=types.get(kind.kind) or INPUT_TYPES.get(kind.kind, "text"),
        value=text[: values.MAX_TEXT],
        chosen=_listed(text) if kind.kind == "multi" else [text] if text else [],
        choices=kind.choices,
        required=asked.required,
        autocomplete=AUTOCOMPLETE.get(kind.key, "off"),
        inputmode="decimal" if kind.kind == "number" else "",
        problem=wrong.get(kind.key, ""),
    )


def _value(asked: Asked, text: str) -> tuple[Any, Problem | None]:
    key = asked.kind.key
    if len(text) > MAX_FIELD:
        return None, Problem(key, "too_long", _("This is too long."), f"More than {MAX_FIELD:,} characters.")
    try:
        value = values.read(asked.kind, _tidy(text))
    except values.BadValue as bad:
        return None, Problem(key, f"not_{asked.kind.kind}", _not_that(asked.kind.kind), str(bad))
    if asked.required and (value is None or value is False):
        words = _("Please tick this.") if asked.kind.kind == "boolean" else _("Please fill this in.")
        return value, Problem(key, "required", words, "This field is required.")
    return value, None


def _bad_address() -> str:
    return _("This is no complete mail address. It looks like name@example.org.")


def _not_that(kind: str) -> str:
    return {
        "number": _("Please write a number, like 12 or 3.5."),
        "date": _("Please write a date, like 2026-11-22."),
        "datetime": _("Please write a date and a time, like 2026-11-22 18:30."),
        "boolean": _("Please answer yes or no."),
        "choice": _("Please choose one of the list."),
        "multi": _("Please choose from the list."),
        "url": _("Please write a web address that begins with https://"),
    }.get(kind, _("This is too long."))


def _listed(text: str) -> list[str]:
    try:
        listed = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _tidy(text: str) -> str:
    """Without what PostgreSQL and readers do not take: NUL and halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
