"""The sections of a design: what stands one below the other in its body, as typed, so that some can be kept as a block."""

import html
import re
from dataclasses import dataclass
from typing import Final

from campaigns.designs import source
from campaigns.designs.findings import DesignError, Finding

TOP: Final = frozenset({"mj-section", "mj-wrapper", "mj-hero"})
MAX_BLOCK: Final = 100 * 1024

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<(?P<end>/?)(?P<name>mj[a-z-]*)(?:\s+[^\s\"'<>/=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*(?P<empty>/?)>")
_ANY_TAG = re.compile(r"<[^<>]*>")
_ALT = re.compile(r"""<mj-image\b[^<>]*?\balt\s*=\s*["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Section:
    """`number` counts from 1. `words`: the first that a reader sees in it, or what its picture shows."""

    number: int
    name: str
    mjml: str
    words: str


def split(mjml: str) -> tuple[Section, ...]:
    """The sections, wrappers and heroes of the body. Raises DesignError when it is no MJML."""
    mjml = source.tidy(mjml)
    plain = _COMMENT.sub(lambda found: " " * len(found.group()), mjml)
    plain = source.map_contents(plain, lambda name, content, line: " " * len(content))
    found: list[Section] = []
    stack: list[str] = []
    start = 0
    for tag in _TAG.finditer(plain):
        name = tag["name"]
        if tag["end"]:
            if not stack or stack.pop() != name:
                line = plain.count("\n", 0, tag.start()) + 1
                raise DesignError([Finding("error", f"The closing tag </{name}> does not fit here.", line)])
            if stack == ["mjml", "mj-body"] and name in TOP:
                found.append(_section(len(found) + 1, name, mjml[start : tag.end()]))
            continue
        if stack == ["mjml", "mj-body"]:
            start = tag.start()
            if tag["empty"] and name in TOP:
                found.append(_section(len(found) + 1, name, tag.group()))
        if not tag["empty"]:
            if len(stack) >= source.MAX_DEPTH:
                raise DesignError([Finding("error", f"Elements are nested deeper than {source.MAX_DEPTH}.")])
            stack.append(name)
    return tuple(found)


def wrapped(block: str) -> str:
    """A design that has only this block."""
    return f"<mjml><mj-body>{block}</mj-body></mjml>"


def block_of(mjml: str) -> str:
    """The block of what somebody selected: sections and nothing else. Raises DesignError."""
    if len(mjml.encode("utf-8", "replace")) > MAX_BLOCK:
        raise DesignError([Finding("error", f"A block may have {MAX_BLOCK // 1024} kB. Take fewer sections.")])
    found = split(wrapped(mjml))
    if not found:
        raise DesignError([Finding("error", "There is no section in it. A block is made of one mj-section or more.")])
    return "\n".join(section.mjml for section in found)


def _section(number: int, name: str, mjml: str) -> Section:
    words = " ".join(html.unescape(_ANY_TAG.sub(" ", _COMMENT.sub(" ", mjml))).split())
    if not words and (picture := _ALT.search(mjml)):
        words = f"Picture: {html.unescape(picture[1])}"
    return Section(number, name, mjml, words[:140])
