"""Bring foreign HTML in as a design: styles inlined, what mail cannot do or must not do left out, and said.

The page keeps its looks: its body goes into one mj-raw as it is laid out, its media queries into an mj-style. Runs inside
the guarded child only, after its depth was measured: the inliner stops the process on deep nesting, the cleaner takes
quadratic time on it.
"""

import html
import re
from html.parser import HTMLParser
from typing import Final

import css_inline
import nh3

from campaigns.designs import fragments
from campaigns.designs import vocabulary as words
from campaigns.designs.findings import MAX_HTML, Brought, DesignError, Finding, stand_in
from campaigns.designs.schemes import scheme_of
from campaigns.designs.source import MAX_BYTES, NO_CHARACTER

MAX_DEPTH: Final = 150
MAX_TAGS: Final = 20_000
MAX_PICTURES: Final = 60

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_WHOLE_ELEMENTS = re.compile(
    r"<(script|svg|math|iframe|object|template|noscript|textarea|select)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.I
)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)(?:</style\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_UNSAFE_CSS = re.compile(
    r"@import|expression\s*\(|javascript\s*:|vbscript\s*:|behavior\s*:|-moz-binding|[<\\]|\{\{|url\(", re.I
)
_IMAGE_SRC = re.compile(r"(<img\b[^>]*?\bsrc=\")([^\"]*)\"", re.IGNORECASE)
_STYLED = re.compile(r"\sstyle=\"([^\"]*)\"", re.IGNORECASE)
_BODY = re.compile(r"<body\b([^>]*)>", re.IGNORECASE)
_COLOUR = re.compile(
    r"(?:bgcolor\s*=\s*[\"']?|background(?:-color)?\s*:\s*)(#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3})\b", re.IGNORECASE
)
_LANG = re.compile(r"<html\b[^>]*?\blang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)", re.IGNORECASE)
_DATA_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]+\Z", re.IGNORECASE)
_THEIR_FIELD = re.compile(r"\*\|([A-Z0-9_:]{2,40})\|\*")
# Merge fields of another program that mean what ours do.
OURS: Final = {
    "FNAME": '{{ contact.first_name | default: "there" }}',
    "LNAME": '{{ contact.last_name | default: "" }}',
    "EMAIL": "{{ contact.email }}",
    "UNSUB": "{{ unsubscribe_url }}",
    "UPDATE_PROFILE": "{{ preferences_url }}",
    "LIST:COMPANY": "{{ brand.name }}",
    "LIST:ADDRESS": "{{ brand.postal_address }}",
    "LIST:ADDRESSLINE": "{{ brand.postal_address }}",
}

_INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False, keep_style_tags=False, keep_link_tags=False, keep_at_rules=False
)
_SCRIPTS = frozenset({"script", "iframe", "object", "embed", "applet", "noscript", "template", "base", "link"})
_FORMS = frozenset({"form", "input", "select", "textarea", "button", "option", "label", "fieldset"})


def bring(source: str) -> Brought:
    """The design of a page. Raises DesignError when it is too large, nested too deep, or has nothing to show."""
    if len(source) > MAX_HTML:
        raise _no(f"The page is larger than {MAX_HTML // 1024 // 1024} MB. Take out what people do not read.")
    source = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", source).lstrip("\ufeff")
    source = NO_CHARACTER.sub("", source)
    seen = _Seen()
    seen.comments = len(re.findall(r"<!--\[if[^>]*mso", source, re.IGNORECASE))
    source = _COMMENT.sub("", source)
    _measure(source)
    pictures: list[str] = []
    seen.feed(source)
    styles = "\n".join(_STYLE.findall(source))
    body = _BODY.search(source)
    ground = _COLOUR.search(body[1]) if body else None
    language = _LANG.search(source)
    plain = _WHOLE_ELEMENTS.sub("", source)
    plain = _data_pictures(plain, pictures)
    inlined = _INLINER.inline(_without_at_rules(plain))
    cleaned = _clean(inlined)
    cleaned = _pictures(cleaned, pictures)
    cleaned = _THEIR_FIELD.sub(lambda found: OURS.get(found[1], found[0]), cleaned)
    if not re.sub(r"<[^>]*>|\s|&nbsp;", "", cleaned) and not pictures:
        raise _no("There is nothing to show on this page. Paste the HTML of a mail, from <html> to </html>.")
    kept = _media_queries(styles)
    mjml = _written(
        title=seen.title,
        language=language[1] if language else "en",
        ground=ground[1] if ground else "#ffffff",
        css=kept,
        body=cleaned,
    )
    if len(mjml.encode()) > MAX_BYTES:
        raise _no(
            f"The mail would be larger than {MAX_BYTES // 1024} kB without its pictures. Take out what people do not read."
        )
    return Brought(seen.title, mjml, tuple(pictures), tuple(seen.notes(cleaned, styles, kept)))


def _no(message: str) -> DesignError:
    return DesignError([Finding("error", message)])


def _measure(source: str) -> None:
    """Refuse what is nested too deep before anything that recurses sees it."""
    depth = tags = 0
    for found in _TAG.finditer(source):
        name = found[2].lower()
        tags += 1
        if tags > MAX_TAGS:
            raise _no(
                f"The page has more than {MAX_TAGS:,} tags. A mail has some hundred: take out what people do not read."
            )
        if name in words.VOID_TAGS or name in words.IMPLIED_END:
            continue
        depth = max(0, depth - 1) if found[1] else depth + 1
        if depth > MAX_DEPTH:
            raise _no(f"Tags are nested deeper than {MAX_DEPTH}, or never closed. Take some levels out.")


class _Seen(HTMLParser):
    """What there is on the page, to say what was left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.in_title = False
        self.scripts: dict[str, int] = {}
        self.forms = self.handlers = self.addresses = self.drawings = self.backgrounds = self.comments = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_title = tag == "title" and not self.title
        if tag in _SCRIPTS or tag.startswith("mj-"):
            self.scripts[tag] = self.scripts.get(tag, 0) + 1
        self.forms += tag in _FORMS
        self.drawings += tag in ("svg", "math")
        for name, value in attrs:
            self.handlers += name.startswith("on")
            self.backgrounds += name == "background"
            if name in ("href", "src", "action"):
                self.addresses += scheme_of(value or "") not in (*words.URL_SCHEMES, "data", "cid", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self.in_title = False

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.title = " ".join((self.title + data).split())[:120]

    def notes(self, cleaned: str, styles: str, kept: str) -> list[str]:
        """A sentence for each kind of thing that is not in the design."""
        said: list[str] = []
        if self.scripts:
            names = ", ".join(
                f"<{name}>" + (f" ({count})" if count > 1 else "") for name, count in sorted(self.scripts.items())[:8]
            )
            said.append(f"Mail cannot run or load these, so they were left out: {names}.")
        if self.handlers:
            said.append("Attributes that run scripts (onclick and the like) were left out.")
        if self.addresses:
            said.append("Links that no mail may have (javascript: and the like) lead nowhere now.")
        if self.drawings:
            said.append("SVG drawings were left out: most mail programs show none. Use a PNG.")
        if self.forms:
            said.append("Forms were left out: use a button that leads to a page.")
        if self.backgrounds:
            said.append("Background pictures were left out. Put the picture above the text.")
        if self.comments:
            said.append("The parts that only Outlook for Windows sees were left out.")
        if "@import" in styles or "@font-face" in styles:
            said.append("Fonts and styles from other servers were left out: fetching them tells who reads the mail.")
        if "@media" in styles and not kept:
            said.append("The styles for small screens could not be taken over. Look at the mail on a phone.")
        if others := sorted(set(_THEIR_FIELD.findall(cleaned))):
            said.append(
                f"Fields of another program stay as words: {' '.join(f'*|{name}|*' for name in others[:6])}. Put ours there."
            )
        if "unsubscribe_url" not in cleaned:
            said.append(
                "There is no unsubscribe link of ours yet. Write {{ unsubscribe_url }} as the address of a link."
            )
        return said


def _data_pictures(source: str, pictures: list[str]) -> str:
    """Pictures inside of their address, set aside: a cleaner would only drop them."""

    def aside(found: re.Match[str]) -> str:
        address = html.unescape(found[2] or found[3] or "")
        if not _DATA_PICTURE.match(address) or len(pictures) >= MAX_PICTURES:
            return found[0]
        pictures.append(address)
        return f'{found[1]}"{stand_in(len(pictures) - 1)}"'

    return re.sub(r"(\bsrc\s*=\s*)(?:\"(data:[^\"]*)\"|'(data:[^']*)')", aside, source, flags=re.IGNORECASE)


def _pictures(cleaned: str, pictures: list[str]) -> str:
    """Stand-ins for pictures that came beside the page; those of the web stay where they are, those of nowhere go."""

    def kept(found: re.Match[str]) -> str:
        address = html.unescape(found[2]).strip()
        if address.startswith(("http://", "https://", "{{")):
            return found[0]
        if not address or len(pictures) >= MAX_PICTURES:
            return f'{found[1]}"'
        pictures.append(address)
        return f'{found[1]}{stand_in(len(pictures) - 1)}"'

    return _IMAGE_SRC.sub(kept, cleaned)


def _clean(source: str) -> str:
    cleaned = nh3.clean(
        source,
        tags=set(words.HTML_TAGS),
        clean_content_tags={"script", "style", "title"},
        attributes={tag: set(names) for tag, names in words.HTML_ATTRIBUTES.items() if tag != "*"}
        | {"*": set(words.HTML_ATTRIBUTES["*"])}
        | {"a": set(words.HTML_ATTRIBUTES["a"]) - {"rel"}},
        url_schemes=set(words.URL_SCHEMES),
        link_rel=None,
        strip_comments=True,
        filter_style_properties=set(words.CSS_PROPERTIES),
    )
    return _STYLED.sub(_safe_style, fragments.clean(cleaned, inside="mj-raw"))


def _safe_style(found: re.Match[str]) -> str:
    kept = [one.strip() for one in html.unescape(found[1]).split(";") if one.strip() and not _UNSAFE_CSS.search(one)]
    return f' style="{html.escape("; ".join(kept))}"' if kept else ""


def _blocks(css: str) -> list[tuple[str, str]]:
    """(head, whole) of each outer rule, by its braces."""
    found, depth, start, head = [], 0, 0, ""
    for at, character in enumerate(css):
        if character == "{":
            if depth == 0:
                head = css[start:at].strip()
            depth += 1
        elif character == "}" and depth:
            depth -= 1
            if depth == 0:
                found.append((head, css[start : at + 1].strip()))
                start = at + 1
        elif character == ";" and depth == 0:
            start = at + 1
    return found


def _media_queries(styles: str) -> str:
    css = re.sub(r"/\*.*?(?:\*/|\Z)", "", styles, flags=re.DOTALL)
    kept = [
        whole for head, whole in _blocks(css) if head.lower().startswith("@media") and not _UNSAFE_CSS.search(whole)
    ]
    return "\n".join(kept)[:20_000] if sum(map(len, kept)) <= 20_000 else ""


def _without_at_rules(source: str) -> str:
    """Only plain rules are inlined."""

    def plain(found: re.Match[str]) -> str:
        css = re.sub(r"/\*.*?(?:\*/|\Z)", "", found[1], flags=re.DOTALL)
        rules = [whole for head, whole in _blocks(css) if not head.startswith("@") and not _UNSAFE_CSS.search(whole)]
        return f"<style>{' '.join(rules)}</style>"

    return _STYLE.sub(plain, source)


def _written(*, title: str, language: str, ground: str, css: str, body: str) -> str:
    style = f"\n    <mj-style>\n{css}\n    </mj-style>" if css else ""
    title = html.escape(title.replace("{", ""))
    return (
        f'<mjml lang="{language}">\n  <mj-head>\n    <mj-title>{title}</mj-title>{style}\n  </mj-head>\n'
        f'  <mj-body background-color="{ground}" width="640px">\n'
        f"    <mj-raw>\n{body.strip()}\n    </mj-raw>\n  </mj-body>\n</mjml>\n"
    )
