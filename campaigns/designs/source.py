"""Read MJML: which elements there are, with their lines, and the pieces of HTML, CSS and words inside of them.

MJML is XML outside and HTML inside. What is inside is set in CDATA before expat reads the whole; lines stay what they were.
Expat is told to refuse documents that declare anything: no entities, no external files.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html.entities import html5
from xml.parsers import expat

from campaigns.designs.findings import DesignError, Finding
from campaigns.designs.vocabulary import ATTRIBUTES, ENDING

MAX_BYTES = 512 * 1024
MAX_DEPTH = 100

_ENDING_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<name>" + "|".join(sorted(ENDING, key=len, reverse=True)) + r")"
    r"(?P<attributes>(?:\s+[^\s\"'<>/=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*(?P<empty>/?)>",
    re.DOTALL,
)
_ENTITY = re.compile(r"&(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{0,40};)?")
# Longer than any character's number: what reads it as a number stops on thousands of digits.
NO_CHARACTER = re.compile(r"&#(?:\d{8,}|[xX][0-9a-fA-F]{7,});?")
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_DECLARATION = re.compile(r"\A\ufeff?\s*(<\?xml[^>]*\?>)?")


@dataclass(frozen=True, slots=True)
class Element:
    """An element: its parent's name, attributes, line (from 1) and, for those of HTML, CSS or words, the content as typed."""

    name: str
    parent: str
    attributes: dict[str, str]
    line: int
    depth: int
    content: str = ""
    content_line: int = 0


def tidy(source: str) -> str:
    """The source without BOM, XML declaration and \\r. Raises DesignError when it is too large or no text."""
    if len(source) > MAX_BYTES or len(source.encode("utf-8", "replace")) > MAX_BYTES:
        raise DesignError(
            [
                Finding(
                    "error",
                    f"The design is larger than {MAX_BYTES // 1024} kB. Move text to a web page and link to it.",
                )
            ]
        )
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    found = _DECLARATION.match(source)
    lead = found.group() if found else ""
    source = "\n" * lead.count("\n") + source[len(lead) :]
    for number, line in enumerate(source.split("\n"), 1):
        if bad := re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", line):
            raise DesignError(
                [
                    Finding(
                        "error",
                        f"There is a character that no mail can carry (U+{ord(bad.group()):04X}). Delete it.",
                        number,
                    )
                ]
            )
        if NO_CHARACTER.search(line):
            raise DesignError(
                [Finding("error", "There is a character's number (&#…;) that no character has. Delete it.", number)]
            )
    return source


def map_contents(source: str, change: Callable[[str, str, int], str | None]) -> str:
    """The source with the content of every HTML, CSS and words element replaced by `change(name, content, line)`.

    None removes the element.
    """
    pieces: list[str] = []
    at = 0
    line = 1
    while found := _ENDING_TAG.search(source, at):
        name = found.group("name")
        line += source.count("\n", at, found.end())
        if not name or found.group("empty"):
            pieces.append(source[at : found.end()])
            at = found.end()
            continue
        closing = re.compile(rf"</{name}\s*>").search(source, found.end())
        if not closing:
            raise DesignError([Finding("error", f"<{name}> is never closed. Write </{name}> where it ends.", line)])
        content = source[found.end() : closing.start()]
        changed = change(name, content, line)
        if changed is None:
            pieces.append(source[at : found.start()])
        else:
            pieces += [source[at : found.end()], changed, closing.group()]
        line += content.count("\n") + closing.group().count("\n")
        at = closing.end()
    pieces.append(source[at:])
    return "".join(pieces)


def read(source: str) -> list[Element]:
    """All elements in order. `source` comes from `tidy`. Raises DesignError with the line where reading stopped."""
    contents: list[tuple[str, int]] = []

    def keep(name: str, content: str, line: int) -> str:
        contents.append((content, line))
        # Only its lines matter to expat.
        return f"<![CDATA[{len(contents) - 1}{chr(10) * content.count(chr(10))}]]>"

    wrapped = map_contents(source, keep)
    reader = _Reader(contents)
    parser = expat.ParserCreate(encoding="utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.words
    parser.StartCdataSectionHandler = reader.cdata_start
    parser.EndCdataSectionHandler = reader.cdata_end
    parser.StartDoctypeDeclHandler = reader.refuse_declaration
    parser.EntityDeclHandler = reader.refuse_declaration
    parser.ProcessingInstructionHandler = reader.refuse_declaration
    reader.parser = parser
    try:
        parser.Parse(_ENTITY.sub(_plain_entity, wrapped).encode(), True)
    except expat.ExpatError as error:
        raise DesignError([Finding("error", _expat_words(error, reader), error.lineno)]) from error
    return reader.elements


def _plain_entity(found: re.Match[str]) -> str:
    """XML knows five entities, people know HTML's; and a bare & in an address is no entity."""
    name = found.group(1)
    if name is None:
        return "&amp;"
    if name.startswith("#"):
        number = int(name[2:-1], 16) if name[1] in "xX" else int(name[1:-1])
        return (
            found.group()
            if number in (9, 10, 13)
            or 0x20 <= number < 0xD800
            or 0xE000 <= number <= 0xFFFD
            or 0x10000 <= number <= 0x10FFFF
            else "&amp;"
        )
    if name in _XML_ENTITIES:
        return found.group()
    character = html5.get(name)
    return "".join(f"&#{ord(c)};" for c in character) if character else f"&amp;{name}"


def _expat_words(error: expat.ExpatError, reader: "_Reader") -> str:
    open_element = reader.stack[-1] if reader.stack else ""
    code = error.code
    if code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]:
        return (
            "There is no MJML here yet. Start with <mjml><mj-body>…</mj-body></mjml>, or pick a template."
            if not open_element
            else f"<{open_element}> is never closed. Write </{open_element}> where it ends."
        )
    if code == expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]:
        return f"The closing tag here does not fit: <{open_element}> is still open. Write </{open_element}> first."
    if code == expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]:
        return "Something stands after </mjml>. Delete it."
    if code == expat.errors.codes[expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE]:
        return "An attribute is given twice on one element. Delete one of them."
    if code == expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN]:
        return "The design stops in the middle of a tag. Close it with >."
    where = f" inside <{open_element}>" if open_element else ""
    return f"This is not MJML{where}. Look for a missing quote, <, > or / on this line."


class _Reader:
    """Expat's handlers."""

    def __init__(self, contents: list[tuple[str, int]]) -> None:
        self.contents = contents
        self.elements: list[Element] = []
        self.stack: list[str] = []
        self.in_cdata = False
        self.parser = expat.ParserCreate()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise DesignError(
                [Finding("error", f"Elements are nested deeper than {MAX_DEPTH}. Take some levels out.", self.line)]
            )
        parent = self.stack[-1] if self.stack else ""
        self.elements.append(Element(name, parent, attributes, self.line, len(self.stack) + 1))
        self.stack.append(name)

    def end(self, name: str) -> None:
        self.stack.pop()

    def words(self, words: str) -> None:
        words = words.strip()
        if not words:
            return
        if self.in_cdata and self.elements and self.elements[-1].name in ENDING:
            last = self.elements[-1]
            content, line = self.contents[int(words)]
            self.elements[-1] = Element(last.name, last.parent, last.attributes, last.line, last.depth, content, line)
            return
        inside = self.stack[-1] if self.stack else "the design"
        if inside not in ATTRIBUTES:
            return  # the element itself is what lint will refuse
        if words.startswith("{%"):
            message = (
                f"{words.split('%}')[0][:60]}%}} cannot stand directly in <{inside}>. Put it in an element of its own: "
                "<mj-raw>{% … %}</mj-raw>."
            )
        else:
            message = f"Words cannot stand directly in <{inside}>. Put them in an <mj-text>."
        raise DesignError([Finding("error", message, self.line)])

    def cdata_start(self) -> None:
        self.in_cdata = True

    def cdata_end(self) -> None:
        self.in_cdata = False

    def refuse_declaration(self, *_: object) -> None:
        raise DesignError(
            [
                Finding(
                    "error",
                    "Declarations such as <!DOCTYPE …> are not allowed. Delete it; a design starts with <mjml>.",
                    self.line,
                )
            ]
        )

    @property
    def line(self) -> int:
        return self.parser.CurrentLineNumber
