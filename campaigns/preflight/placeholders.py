"""Nothing of the template is left in the words: lorem ipsum, square brackets to fill in, another service's merge fields."""

import re

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "placeholders", "Leftovers"

_LEFT = (
    (re.compile(r"\blorem ipsum\b", re.IGNORECASE), "filler text"),
    (re.compile(r"\[(?:your|insert|company|name|date|link|title)\b[^\]\n]{0,40}\]", re.IGNORECASE), "a gap to fill in"),
    (re.compile(r"\*\|[A-Z0-9_:]{2,40}\|\*"), "a merge field of another service"),
    (re.compile(r"%%?[A-Z][A-Z0-9_]{2,40}%%?"), "a merge field of another service"),
    (
        re.compile(r"(?<!\{)\{(?:first_?name|last_?name|name|email)\}(?!\})", re.IGNORECASE),
        "a merge field with one brace",
    ),
    (re.compile(r"\b(?:TODO|TBD|FIXME|XXX+)\b"), "a note to yourself"),
    (re.compile(r"\b(?:www\.)?example\.(?:com|org|net)\b", re.IGNORECASE), "an address from the template"),
)


def check(facts: Facts) -> Result:
    if facts.compiled is None or facts.markup is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    for where, text in (
        ("subject", facts.subject),
        ("preview text", facts.markup.preview),
        ("content", facts.markup.text),
    ):
        for pattern, what in _LEFT:
            if found := pattern.search(text):
                return Result(
                    NAME,
                    TITLE,
                    "warn",
                    f"“{found.group()[:60]}” in the {where} looks like {what}.",
                    "Put your own words there.",
                    "content" if where == "content" else "sender",
                )
    return Result(NAME, TITLE, "pass", "Nothing of a template is left in the words.", place="content")
