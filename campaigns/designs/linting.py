"""Lint a design: our own list of elements and attributes, with line numbers and what to do.

Policy: what could run in a reader's mail program or fetch our server's files is an error; what mail programs ignore is a
warning. The compiler checks nothing, so whatever passes here ends up in people's mail.
"""

import html
import re
from collections.abc import Collection
from difflib import get_close_matches
from html.parser import HTMLParser

from campaigns.designs import vocabulary as words
from campaigns.designs.findings import MAX_FINDINGS, Finding
from campaigns.designs.schemes import scheme_of, visible
from campaigns.designs.source import MAX_DEPTH, Element
from campaigns.designs.tag_places import readable, tag_problems
from sending.merging import beginnings, check

_COLOUR = re.compile(
    r"#[0-9a-fA-F]{3,4}|#[0-9a-fA-F]{6}|#[0-9a-fA-F]{8}|[A-Za-z]{3,25}|(?:rgb|hsl)a?\([\d\s,.%/deg]{3,50}\)"
)
_LENGTHS = re.compile(
    r"(?:auto|normal|0|-?\d{1,5}(?:\.\d{1,4})?(?:px|%|em|rem|pt)?)(?:\s+(?:auto|0|-?\d{1,5}(?:\.\d{1,4})?(?:px|%|em|rem|pt)?)){0,3}"
)
_LENGTH_ATTRIBUTES = frozenset(
    "width height max-height font-size line-height letter-spacing icon-size icon-height icon-width border-radius "
    "border-width".split()
)
_SAFE_VALUE = re.compile(r"[^<>\"{}\\]*")
_UNSAFE_CSS = re.compile(
    r"@import|expression\s*\(|javascript\s*:|vbscript\s*:|behavior\s*:|-moz-binding|</|<!|\\", re.IGNORECASE
)
_CSS_URL = re.compile(r"url\(\s*[\"']?\s*([^\"')]*)", re.IGNORECASE)


def lint(elements: list[Element], source: str, known: Collection[str] | None) -> list[Finding]:
    """Every finding, errors and warnings, in the order of lines."""
    linter = _Linter()
    for element in elements:
        linter.element(element)
    linter.whole(elements)
    for problem in check(source, known):
        linter.error(problem.message, problem.line, problem.column)
    return sorted(linter.findings, key=lambda f: (f.line, f.column, f.severity))[:MAX_FINDINGS]


class _Linter:
    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def error(self, message: str, line: int, column: int = 0) -> None:
        self.findings.append(Finding("error", message, line, column))

    def warn(self, message: str, line: int) -> None:
        self.findings.append(Finding("warning", message, line))

    def whole(self, elements: list[Element]) -> None:
        names = [element.name for element in elements]
        if "mj-body" not in names:
            self.error("There is no <mj-body>. Put the content between <mj-body> and </mj-body>.", 1)
        for problem in tag_problems(elements):
            self.error(problem.message, problem.line, problem.column)
        for name in ("mj-head", "mj-body"):
            if names.count(name) > 1:
                self.error(f"There are several <{name}>. Keep one.", [e.line for e in elements if e.name == name][1])

    def element(self, element: Element) -> None:
        name, line = element.name, element.line
        if name in words.REFUSED_ELEMENTS:
            self.error(words.REFUSED_ELEMENTS[name], line)
            return
        if name not in words.ATTRIBUTES:
            near = get_close_matches(name, words.ATTRIBUTES, n=1)
            hint = f" Did you mean <{near[0]}>?" if near else " HTML belongs inside an <mj-text>."
            self.error(f"There is no element <{name}>.{hint}", line)
            return
        allowed = words.CHILDREN.get(element.parent)
        if element.parent in words.ATTRIBUTES or element.parent == "":
            if allowed is None:
                self.error(f"<{name}> cannot stand inside <{element.parent}>.", line)
            elif name not in allowed:
                self.error(f"<{name}> cannot stand {_inside(element.parent)}. {_home(name)}", line)
        for attribute, value in element.attributes.items():
            self.attribute(element, attribute, value)
        if name == "mj-social-element" and element.parent == "mj-social" and not element.attributes.get("src"):
            self.error('This social icon has no picture. Give its address: src="https://…".', line)
        if name == "mj-image" and element.parent != "mj-attributes":
            if not element.attributes.get("src"):
                self.error('This picture has no address. Give it: src="https://…".', line)
            if "alt" not in element.attributes:
                self.warn(
                    'This picture has no alt text for readers who do not see it. Write alt="…", or alt="" for decoration.',
                    line,
                )
        if name == "mj-style":
            self.css(element.content, element.content_line)
        elif name in words.WORDS_CONTENT and "<" in element.content:
            self.error(f"<{name}> takes plain words only. Take the tags out.", line)
        elif name in words.HTML_CONTENT and element.content:
            _Fragment(self, element).run()

    def attribute(self, element: Element, name: str, value: str) -> None:
        line = element.line
        if name.lower().startswith("on"):
            self.error(f"{name} would run a script. Mail cannot run scripts: delete it.", line)
            return
        allowed = words.ATTRIBUTES[element.name]
        value = html.unescape(value)  # mail programs read entities without their semicolon, too
        if "*" not in allowed and name not in allowed:
            near = get_close_matches(name, allowed, n=1)
            hint = f" Did you mean {near[0]}?" if near else " Delete it."
            self.error(f"<{element.name}> has no attribute {name}.{hint}", line)
        elif name in words.LINK_ATTRIBUTES:
            self.address(value, words.URL_SCHEMES, line)
        elif name in words.IMAGE_ATTRIBUTES:
            self.address(value, words.IMAGE_SCHEMES, line)
        elif name in words.WORDS_ATTRIBUTES:
            pass
        elif "{{" in value or "{%" in value:
            self.error(f"A merge field cannot stand in {name}. Use it in the text, in href, src, alt or title.", line)
        elif name.endswith("color") and not _COLOUR.fullmatch(value.strip()):
            self.error(f"“{value[:40]}” is no colour. Write it as #0B6A62.", line)
        elif (name in _LENGTH_ATTRIBUTES or name.startswith("padding")) and not _LENGTHS.fullmatch(value.strip()):
            self.error(f"“{value[:40]}” is no measure for {name}. Write it as 20px.", line)
        elif not _SAFE_VALUE.fullmatch(value) or _UNSAFE_CSS.search(value) or "url(" in value.lower() or ";" in value:
            self.error(
                f'The value of {name} has characters that do not belong there. Take out < > " {{ }} ; and \\.', line
            )

    def address(self, value: str, schemes: frozenset[str], line: int) -> None:
        for way in beginnings(value):
            self.beginning(value, way, schemes, line)

    def beginning(self, value: str, way: str, schemes: frozenset[str], line: int) -> None:
        """One of the ways in which an address can begin."""
        kind = scheme_of(way)
        if kind and kind not in schemes:
            if kind == "data":
                self.error(
                    "Pictures inside the address (data:) are not shown by most mail programs. Put the picture on a web address.",
                    line,
                )
            elif kind in ("javascript", "vbscript"):
                self.error(f"{kind}: would run a script. Mail cannot run scripts: use a web address.", line)
            elif schemes is words.IMAGE_SCHEMES:
                self.error(f"A picture's address starts with https://, not {kind}:.", line)
            else:
                self.error(f"A link cannot start with {kind}:. Use https:, mailto: or tel:.", line)
        elif (
            schemes is words.IMAGE_SCHEMES and visible(way) and not kind and not value.lstrip().startswith(("{{", "{%"))
        ):
            self.error("A picture's address must be whole: https://example.com/picture.png.", line)

    def css(self, css: str, line: int) -> None:
        for found in _UNSAFE_CSS.finditer(css):
            self.error(
                f"“{found.group()}” is not allowed in styles. Take it out.", line + css.count("\n", 0, found.start())
            )
        for found in _CSS_URL.finditer(css):
            if not found.group(1).strip().lower().startswith(("https://", "http://")):
                self.error("An address in a style must start with https://.", line + css.count("\n", 0, found.start()))
        for brace in ("{{", "{%"):
            if brace in css:
                self.error("A merge field cannot stand in a style.", line + css.count("\n", 0, css.index(brace)))


def _inside(parent: str) -> str:
    return f"inside <{parent}>" if parent else "outside of <mjml>"


def _home(name: str) -> str:
    homes = sorted(
        parent
        for parent, children in words.CHILDREN.items()
        if name in children and parent != "mj-attributes" and parent
    )
    return f"Put it inside <{homes[0]}>." if homes else ""


class _Fragment(HTMLParser):
    """The HTML inside one element."""

    def __init__(self, linter: _Linter, element: Element) -> None:
        super().__init__(convert_charrefs=True)
        self.linter = linter
        self.element = element
        self.stack: list[str] = []
        self.deep = False

    def run(self) -> None:
        self.feed(readable(self.element.content))
        self.close()
        for tag in self.stack:
            if tag not in words.IMPLIED_END:
                self.linter.warn(f"<{tag}> is never closed. Write </{tag}> where it ends.", self.element.line)
                break

    @property
    def here(self) -> int:
        return self.element.content_line + self.getpos()[0] - 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.here
        if tag.startswith("mj-"):
            self.linter.error(
                f"<{tag}> cannot stand inside <{self.element.name}>. Close </{self.element.name}> first.", line
            )
        elif tag not in words.HTML_TAGS:
            verb = (
                "would run in the reader's mail program"
                if tag in {"script", "iframe", "object", "embed", "form", "svg", "math"}
                else "is not for mail"
            )
            self.linter.error(f"<{tag}> {verb}. Take it out.", line)
        for name, value in attrs:
            self.attribute(tag, name, value or "", line)
        if tag in words.VOID_TAGS:
            return
        if tag in words.IMPLIED_END and self.stack and self.stack[-1] == tag:
            self.stack.pop()
        self.stack.append(tag)
        if len(self.stack) + self.element.depth > MAX_DEPTH and not self.deep:
            self.deep = True
            self.linter.error(f"Tags are nested deeper than {MAX_DEPTH}. Take some levels out.", line)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in words.VOID_TAGS and self.stack:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self.stack:
            while self.stack.pop() != tag:
                pass

    def attribute(self, tag: str, name: str, value: str, line: int) -> None:
        if name.startswith("on"):
            self.linter.error(f"{name} would run a script. Mail cannot run scripts: delete it.", line)
        elif name == "style":
            self.linter.css(value, line)
        elif name not in words.HTML_ATTRIBUTES["*"] | words.HTML_ATTRIBUTES.get(tag, frozenset()):
            if "{{" not in name and "{%" not in name and "%}" not in name:
                self.linter.warn(f"The attribute {name} of <{tag}> is left out of the mail.", line)
        elif name in ("href", "src"):
            self.linter.address(value, words.URL_SCHEMES if name == "href" else words.IMAGE_SCHEMES, line)
            if name == "src" and tag == "img" and not value.strip():
                self.linter.error('This picture has no address. Give it: src="https://…".', line)
