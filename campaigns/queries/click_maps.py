"""The click map: the mail as it was sent, with the number of its people over each tracked link.

Trap: the mail is foreign HTML and stays so. We look for the links that the merge itself has put in, and for nothing else.
"""

import re
from collections.abc import Mapping

from django.utils.html import escape

from campaigns.queries import as_sent
from sending.models import Letter

# A name that nobody can own (RFC 6761, 6.4), so that no link of the mail itself is taken for one of ours.
_MARK = "https://click-map.invalid/"
_TAG = re.compile(r"""<a\b(?:[^<>"']|"[^"]*"|'[^']*')*>""", re.IGNORECASE)
_HREF = re.compile(rf"""\bhref=(["']?){re.escape(_MARK)}(\d+)\1""", re.IGNORECASE)
_BADGE = (
    '<span style="position:absolute;z-index:99;margin:-18px 0 0 -8px;padding:1px 7px;border:1px solid #fff;border-radius:11px;'
    "background:{colour};color:#fff;font:600 12px/18px sans-serif;letter-spacing:0;text-decoration:none;text-transform:none;"
    'white-space:nowrap">{words}</span>'
)
_SOME, _NOBODY = "#0B6A62", "#5C574E"


def html(letter: Letter, numbers: Mapping[int, tuple[int, int]]) -> str:
    """The letter with fallbacks; `numbers`: index of a link -> (its number in the table, people who clicked it)."""
    marked = as_sent.for_anybody(letter, links=[f"{_MARK}{index}" for index in range(len(letter.links))]).html

    def with_badge(tag: re.Match[str]) -> str:
        text = tag.group()
        found = _HREF.search(text)
        if found is None:
            return text
        text = text[: found.start()] + 'href="#"' + text[found.end() :]
        number, people = numbers.get(int(found[2]), (0, 0))
        if not number:
            return text
        return text + _BADGE.format(colour=_SOME if people else _NOBODY, words=escape(f"{number} · {people:,}"))

    return _TAG.sub(with_badge, marked)
