"""Clean the HTML that people type inside of texts: balanced, of known tags and attributes, with known styles.

Lint has already refused what is dangerous; this makes what is left well-formed, because the compiler takes only that.
The merge fields are set aside meanwhile: a cleaner knows nothing of braces.
"""

import re

from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import Cleaner

from campaigns.designs import vocabulary as words

_HOLE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_STAND_IN = re.compile(r"mergefield(\d+)x")
_ROWS = re.compile(r"\s*<(?:tr|tbody|thead|tfoot|caption|colgroup)\b", re.IGNORECASE)

_CLEANER = Cleaner(
    tags=words.HTML_TAGS,
    attributes={tag: sorted(names) for tag, names in words.HTML_ATTRIBUTES.items()},
    protocols=words.URL_SCHEMES,
    strip=True,
    strip_comments=True,
    css_sanitizer=CSSSanitizer(allowed_css_properties=words.CSS_PROPERTIES),
)


def clean(content: str, *, inside: str = "mj-text") -> str:
    """The fragment as well-formed HTML. `inside` names the MJML element: rows of an mj-table stand without their table."""
    holes: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        holes.append(found.group())
        return f"mergefield{len(holes) - 1}x"

    content = _HOLE.sub(set_aside, _STAND_IN.sub("", content))
    rows = inside == "mj-table" and bool(_ROWS.match(content))
    cleaned = _CLEANER.clean(f"<table>{content}</table>" if rows else content)
    if rows:
        cleaned = re.sub(r"\A\s*<table>|</table>\s*\Z", "", cleaned)
    return _STAND_IN.sub(lambda found: holes[int(found.group(1))], cleaned)
