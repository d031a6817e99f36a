"""The body of the JSON endpoint: read with limits, into what a page would have posted."""

import json
from typing import Any

from contacts.forms.signups import MAX_FIELD, Posted
from contacts.queries.signup_forms import Shown

MAX_BYTES = 32 * 1024
MAX_DEPTH = 4
MAX_TOPICS = 100
KNOWN = ("email", "fields", "topics", "language", "stamp", "website")


class BadBody(ValueError):
    """The body cannot be understood; `code` never changes, str() says what to do, `field` where it is."""

    def __init__(self, code: str, words: str, field: str = "") -> None:
        super().__init__(words)
        self.code, self.field = code, field


def read(body: bytes) -> dict[str, Any]:
    """The object of the body, with only names that we know. Raises BadBody, and nothing else whatever the bytes."""
    if len(body) > MAX_BYTES:
        raise BadBody("too_large", f"The body is larger than {MAX_BYTES:,} bytes.")
    if not body.strip():
        raise BadBody("empty", 'The body is empty. Send an object like {"email": "name@example.org"}.')
    if not _is_shallow(body):
        raise BadBody("too_deep", f"The body is nested more than {MAX_DEPTH} deep.")
    try:
        data = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadBody("not_json", f"The body is not JSON in UTF-8: {error}"[:300]) from error
    if not isinstance(data, dict):
        raise BadBody("not_an_object", 'The body has to be an object like {"email": "name@example.org"}.')
    unknown = [name for name in data if name not in KNOWN]
    if unknown:
        raise BadBody(
            "unknown_name", f"There is no {unknown[0][:60]!r} here. Known are: {', '.join(KNOWN)}.", unknown[0][:60]
        )
    return data


def posted(data: dict[str, Any], shown: Shown) -> Posted:
    """What a page would have posted with the same content. Raises BadBody."""
    for name in ("email", "stamp", "website", "language"):
        if not isinstance(data.get(name, ""), str):
            raise BadBody("wrong_type", f"{name} has to be a text.", name)
    fields, topics = data.get("fields", {}), data.get("topics", [])
    if not isinstance(fields, dict):
        raise BadBody("wrong_type", "fields has to be an object of keys and values.", "fields")
    if not isinstance(topics, list) or not all(isinstance(one, str) for one in topics) or len(topics) > MAX_TOPICS:
        raise BadBody("wrong_type", "topics has to be a list of ids, as GET names them.", "topics")
    kinds = {asked.kind.key: asked.kind.kind for asked in shown.asked}
    for key in fields:
        if key not in kinds:
            known = ", ".join(kinds) or "none"
            raise BadBody("unknown_field", f"The form does not ask for {key[:60]!r}. It asks for: {known}.", key[:60])
    offered = {topic.public_id for topic in shown.topics}
    for topic in topics:
        if topic not in offered:
            raise BadBody("unknown_topic", f"The form does not offer the topic {topic[:60]!r}.", "topics")
    return Posted(
        email=data.get("email", ""),
        values={key: _as_text(key, value, kinds[key]) for key, value in fields.items() if value is not None},
        topics=topics,
        stamp=data.get("stamp", ""),
        trap=data.get("website", ""),
    )


def _as_text(key: str, value: Any, kind: str) -> str:
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, int | float):
        text = repr(value)
    elif isinstance(value, str):
        text = value
    elif isinstance(value, list) and kind == "multi" and all(isinstance(one, str) for one in value):
        text = json.dumps(value)
    else:
        wanted = "a list of texts" if kind == "multi" else "a text, a number, true or false"
        raise BadBody("wrong_type", f"fields.{key} has to be {wanted}.", key)
    if len(text) > MAX_FIELD:
        raise BadBody("too_long", f"fields.{key} is longer than {MAX_FIELD:,} characters.", key)
    return text


def _is_shallow(body: bytes) -> bool:
    """Whether brackets outside of strings are nested no deeper than MAX_DEPTH; asked before any parser sees them."""
    depth, in_text, escaped = 0, False, False
    for byte in body:
        if in_text:
            if escaped:
                escaped = False
            elif byte == 0x5C:  # backslash
                escaped = True
            elif byte == 0x22:  # quote
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return False
        elif byte in b"]}":
            depth -= 1
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
