"""From MJML to mail: lint, clean, compile, inline the styles, check the result again, make the plain text, list the links.

Runs inside the guarded child only: the compiler and the inliner are native code that a hostile design can crash.
"""

import html
import re
from collections.abc import Collection, Iterable

import css_inline
import mjml

from campaigns.designs import fragments, merge_tags, source
from campaigns.designs.findings import Compiled, DesignError, Finding, Link
from campaigns.designs.linting import lint
from campaigns.designs.merge_tags import Luggage
from campaigns.designs.plain_text import plain_text
from campaigns.designs.schemes import scheme_of
from campaigns.designs.vocabulary import HTML_CONTENT, HTML_TAGS, IMAGE_SCHEMES, URL_SCHEMES
from sending.merging import beginnings
from sending.merging.markup import Attribute, Piece, Text, walk

_POSITION = re.compile(r"position (\d+)")
_BODY = re.compile(r"<body[^>]*>")
_HEAD = re.compile(r"<head>")
_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark")
# Nobody answers there: every social icon must bring its own picture, which lint sees to.
_NO_ICONS = "https://icons.invalid/"
# What the compiler itself writes, besides what people may type.
_COMPILED_TAGS = HTML_TAGS | frozenset(
    "html head body meta title style noscript xml o:officedocumentsettings o:allowpng o:pixelsperinch v:rect v:fill v:textbox "
    "v:roundrect v:image w:anchorlock input label".split()
)

_INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False, keep_style_tags=True, keep_link_tags=False, keep_at_rules=True
)

_HIDDEN_STYLE = (
    "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all;"
)


def compile_source(mjml_source: str, *, known: Collection[str] | None = None, preheader: str = "") -> Compiled:
    """Compile a design. `known`: the merge names that exist (None: any). `preheader` replaces the design's mj-preview.

    Raises DesignError with every error found.
    """
    tidy = merge_tags.without_words(source.tidy(mjml_source))
    elements = source.read(tidy)
    findings = lint(elements, tidy, known)
    if any(finding.severity == "error" for finding in findings):
        raise DesignError(findings)

    luggage = Luggage()

    def cleaned(name: str, content: str, line: int) -> str | None:
        if name == "mj-preview" and preheader:
            return None
        return fragments.clean(content, inside=name, luggage=luggage) if name in HTML_CONTENT else content

    clean = luggage.words(source.map_contents(tidy, cleaned))
    try:
        compiled = mjml.mjml2html(clean, disable_comments=True, fonts={}, social_icon_origin=_NO_ICONS)
    except ValueError as error:
        raise DesignError([_compiler_words(str(error), clean)]) from error
    compiled = merge_tags.uncover(_INLINER.inline(merge_tags.cover(compiled)))
    if _DARK.search(tidy):
        metas = (
            '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        )
        compiled = _HEAD.sub(lambda found: found.group() + metas, compiled, count=1)
    if preheader:
        hidden = f'<div style="{_HIDDEN_STYLE}">{html.escape(luggage.words(preheader))}</div>'
        compiled = _BODY.sub(lambda found: found.group() + hidden, compiled, count=1)
    pieces = list(walk(compiled))
    _check_again(pieces, luggage)
    # Everything that reads HTML has done so: the tags come back.
    merged = luggage.restore(compiled)
    return Compiled(
        html=merged,
        text=luggage.restore(plain_text(compiled), plain=True),
        links=tuple(
            Link(luggage.restore(link.address, plain=True), luggage.restore(link.words, plain=True))
            for link in _links(pieces)
        ),
        warnings=tuple(findings),
        size=len(merged.encode()),
    )


def _compiler_words(words: str, clean: str) -> Finding:
    position = _POSITION.search(words)
    line = clean.encode()[: int(position.group(1))].count(b"\n") + 1 if position else 0
    where = "on this line" if line else "in the design"
    return Finding("error", f"The MJML compiler stops {where}. Look for a tag that is not closed.", line)


def _check_again(pieces: Iterable[Piece], luggage: Luggage) -> None:
    """The second wall: whatever way a tag came through, mail that could run something does not leave."""
    for piece in pieces:
        if isinstance(piece, Attribute):
            if piece.name in ("href", "src", "background"):
                _check_address(
                    luggage.restore(piece.address, plain=True), URL_SCHEMES if piece.name == "href" else IMAGE_SCHEMES
                )
        elif not isinstance(piece, Text) and piece.where == "in a tag's name":
            tag = piece.raw.lstrip("</").lower()
            if tag not in _COMPILED_TAGS:
                raise DesignError([Finding("error", f"<{tag[:40]}> cannot be sent by mail. Take it out.")])
        elif (
            not isinstance(piece, Text) and piece.where == "among a tag's attributes" and piece.raw[:2].lower() == "on"
        ):
            raise DesignError([Finding("error", f"{piece.raw[:40]} would run a script. Take it out.")])


def _check_address(address: str, allowed: frozenset[str]) -> None:
    for way in beginnings(address):
        scheme = scheme_of(way)
        if scheme and scheme not in allowed:
            raise DesignError(
                [Finding("error", f"An address starts with {scheme}:, which mail cannot use. Take it out.")]
            )


def _links(pieces: Iterable[Piece]) -> list[Link]:
    """The links people see, once for each address; those that only Outlook's conditional comments repeat are the same."""
    found: dict[str, str] = {}
    address = ""
    words: list[str] = []
    in_tag = False
    for piece in pieces:
        if isinstance(piece, Attribute):
            if piece.element == "a" and piece.name == "href":
                address = piece.address
                found.setdefault(address, "")
            elif address and piece.name == "alt" and piece.element == "img":
                words.append(html.unescape(piece.raw))
        elif isinstance(piece, Text):
            if in_tag:
                in_tag = piece.raw != ">"
            elif address:
                words.append(html.unescape(piece.raw))
        elif piece.where == "in a tag's name":
            in_tag = True
            if piece.raw == "</a" and address:
                found[address] = found[address] or " ".join(" ".join(words).split())[:100]
                address, words = "", []
            elif piece.raw.lower() == "<a":
                address, words = "", []
    return [Link(address, text) for address, text in found.items()]
