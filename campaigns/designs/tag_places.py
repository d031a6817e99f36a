"""Where in a design the tags of the merge language ({% if … %}) may stand: in texts, in attributes, and between elements.

Between elements they stand in <mj-raw>; there, what one opens is closed by another beside it, so that elements stay whole.
"""

import re

from campaigns.designs.source import Element
from campaigns.designs.vocabulary import HTML_CONTENT, WORDS_CONTENT
from sending.merging import Problem, Span, fragment_problems, spans

_BRACES = re.compile(r"\{%-?\s*(\w*).*?%\}|\{\{.*?\}\}", re.DOTALL)
_OPENS = frozenset({"if", "unless", "case", "for"})
_GOES_ON = frozenset({"elsif", "else", "when"})


def readable(content: str) -> str:
    """HTML in which nothing between braces can be read as HTML: tags keep their names, and lines stay what they were."""

    def short(found: re.Match[str]) -> str:
        lines = "\n" * found.group().count("\n")
        return f"{{%{found.group(1)}%}}{lines}" if found.group().startswith("{%") else f"{{{{field}}}}{lines}"

    return _BRACES.sub(short, content)


def tag_problems(elements: list[Element]) -> list[Problem]:
    """Tags that stand where they cannot, or would tear an element in two."""
    problems: list[Problem] = []
    raws: list[tuple[Span, Element, int]] = []  # what is open from one mj-raw to another
    for number, element in enumerate(elements):
        # What is open cannot go on when the element around it has ended.
        while raws and element.depth < raws[-1][1].depth:
            span, raw, _ = raws.pop()
            problems.append(_torn(span, raw))
        for value in element.attributes.values():
            if "{%" in value:
                problems += _open_in(value, element, element.line, f"this attribute of <{element.name}>")
        if "{%" not in element.content:
            continue
        if element.name == "mj-raw":
            _match_raws(element, number, raws, problems)
        elif element.name in HTML_CONTENT or element.name in WORDS_CONTENT:
            problems += _open_in(element.content, element, element.content_line, f"<{element.name}>")
        if element.name in HTML_CONTENT:
            problems += [
                Problem(f"In <{element.name}>: {each.message}", element.content_line + each.line - 1, each.column)
                for each in fragment_problems(element.content)
                if each.message.startswith("{%")
            ]
    return problems


def _match_raws(element: Element, number: int, raws: list[tuple[Span, Element, int]], problems: list[Problem]) -> None:
    for span in _tags(element.content):
        name = _name(span)
        if name in _OPENS:
            raws.append((span, element, number))
        elif name in _GOES_ON or name.startswith("end"):
            if raws and element.depth != raws[-1][1].depth:
                problems.append(_torn(span, element))
            if raws and name.startswith("end"):
                raws.pop()


def _open_in(content: str, element: Element, line: int, where: str) -> list[Problem]:
    """Blocks that begin in this content and do not end in it, or the other way round."""
    waiting: list[Span] = []
    wrong: list[Span] = []
    for span in _tags(content):
        name = _name(span)
        if name in _OPENS:
            waiting.append(span)
        elif name in _GOES_ON and not waiting:
            wrong.append(span)
        elif name.startswith("end"):
            if waiting:
                waiting.pop()
            else:
                wrong.append(span)
    return [
        Problem(
            f"{{% {_name(span)} %}} must begin and end inside of {where}. To leave out whole elements, put each tag in an "
            "<mj-raw> of its own, before and after them.",
            line + span.line - 1,
            span.column if element.content else 0,
        )
        for span in [*waiting, *wrong]
    ]


def _torn(span: Span, element: Element) -> Problem:
    return Problem(
        f"{{% {_name(span)} %}} in <mj-raw> does not stand beside the tag that it belongs to, and would tear <{element.parent}> "
        "in two. Put both <mj-raw> inside of the same element.",
        element.content_line + span.line - 1,
        0,
    )


def _tags(content: str) -> list[Span]:
    return [span for span in spans(content)[0] if span.is_tag]


def _name(span: Span) -> str:
    found = re.match(r"\s*(\w*)", span.inside)
    return found.group(1) if found else ""
