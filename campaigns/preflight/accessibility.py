"""The mail can be read by everybody: headings in order, links whose words say where they lead, text that stands out.

WCAG 2.2: 1.3.1 (headings), 1.4.3 (contrast), 2.4.4 (link purpose). Languages and pictures have checks of their own.
"""

import re

from campaigns.preflight.facts import Facts
from campaigns.preflight.markup import Markup
from campaigns.preflight.results import Result

NAME, TITLE = "accessibility", "Readable by everybody"
LONG = 200  # words, from which on headings are missed
SMALL = 12  # px
_EMPTY = re.compile(
    r"(?:click|tap|here|more|read more|link|this|click here|tap here|hier|mehr|hier klicken|ici|cliquez ici|aquí|aqui"
    r"|saiba mais)\W*\Z",
    re.IGNORECASE,
)


def check(facts: Facts) -> Result:
    if facts.markup is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    for evidence, fix in _findings(facts.markup):
        return Result(NAME, TITLE, "warn", evidence, fix, "content")
    return Result(NAME, TITLE, "pass", "Headings, links and contrasts are fine.", place="content")


def _findings(markup: Markup) -> list[tuple[str, str]]:
    found = []
    if markup.faint:
        worst = min(markup.faint, key=lambda each: each.ratio)
        more = f" So do {len(markup.faint) - 1} more." if len(markup.faint) > 1 else ""
        found.append(
            (
                f"“{worst.words}” hardly stands out: {worst.ratio:g} to 1, and it should be {worst.least:g}.{more}",
                "Make the text darker or what is behind it lighter, or the other way round.",
            )
        )
    if any(address and not words for address, words in markup.links):
        found.append(("A link has no words.", "Write words in it, or give its picture an alt text."))
    if empty := [words for _, words in markup.links if _EMPTY.match(words)]:
        found.append(
            (f"A link says only “{empty[0]}”.", "Let it say where it leads; screen readers list links by their words.")
        )
    above = 0
    for level in markup.headings:
        if level > above + 1 and above:
            found.append(
                (f"After a heading of level {above} comes one of level {level}.", "Take the levels one by one.")
            )
            break
        above = level
    if not markup.headings and len(markup.text.split()) > LONG:
        found.append(("A long text without a heading.", "Give its parts headings: <h1>, <h2>."))
    if markup.smallest and markup.smallest < SMALL:
        found.append((f"Some text is {markup.smallest:g} pixels high.", f"Make it at least {SMALL}."))
    return found
