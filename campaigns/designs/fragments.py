"""Clean the HTML that people type inside of texts: balanced, of known tags and attributes, with known styles.

Lint has already refused what is dangerous; this makes what is left well-formed, because the compiler takes only that.
The merge fields are set aside meanwhile: a cleaner knows nothing of braces.
"""

import re
from functools import lru_cache

from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import Cleaner

from campaigns.designs import merge_tags
from campaigns.designs import vocabulary as words
from campaigns.designs.merge_tags import Luggage

_HOLE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_STAND_IN = re.compile(r"mergefield(\d+)x")
_LEADING_COMMENTS = re.compile(r"\A(?:\s*<!--.*?-->)+", re.DOTALL)
_REMEMBERED = 4_000  # characters of a text that is worth remembering
_ROWS = re.compile(r"\s*<(?:tr|tbody|thead|tfoot|caption|colgroup)\b", re.IGNORECASE)

_CLEANER = Cleaner(
    tags=words.HTML_TAGS,
    attributes={tag: sorted(names) for tag, names in words.HTML_ATTRIBUTES.items()},
    protocols=words.URL_SCHEMES,
    strip=True,
    strip_comments=False,  # ours are tags of the merge language; all others are taken out
    css_sanitizer=CSSSanitizer(allowed_css_properties=words.CSS_PROPERTIES),
)


@lru_cache(maxsize=2_000)
def _remembered(content: str) -> str:
    return str(_CLEANER.clean(content))


def _cleaned(content: str) -> str:
    """A cleaner that remembers: whoever edits a design changes one text and compiles all of them again."""
    return _remembered(content) if len(content) < _REMEMBERED else str(_CLEANER.clean(content))


def clean(content: str, *, inside: str = "mj-text", luggage: Luggage | None = None) -> str:
    """The fragment as well-formed HTML. `inside` names the MJML element: rows of an mj-table stand without their table.

    Tags of the merge language go into `luggage` and leave words behind.
    """
    content = (luggage or Luggage()).comments(content)
    holes: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        holes.append(found.group())
        return f"mergefield{len(holes) - 1}x"

    content = _HOLE.sub(set_aside, _STAND_IN.sub("", content))
    rows = inside == "mj-table" and bool(_ROWS.match(_LEADING_COMMENTS.sub("", content)))
    cleaned = _cleaned(f"<table>{content}</table>" if rows else content)
    if rows:
        cleaned = re.sub(r"\A\s*<table>|</table>\s*\Z", "", cleaned)
    cleaned = merge_tags.uncover(merge_tags.only_our_comments(cleaned))
    # Between the braces, too, a < would begin a tag for the compiler; the merge language reads it as it was typed.
    return _STAND_IN.sub(lambda found: holes[int(found.group(1))].replace("<", "&lt;"), cleaned)
