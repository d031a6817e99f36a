"""Carry the tags of the merge language ({% if … %}) unharmed through the cleaner, the MJML compiler and the inliner.

None of these knows braces: a tag between two rows of a table would be moved out of the table, quotes and < inside of one read
as HTML. So each travels as a word; and, where HTML is parsed, in the text as a comment, which may stand between rows.
"""

import html
import re

from sending.merging.markup import CLOSE, OPEN, Attribute, Refused, Text, walk

_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
_OUTPUT = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_WORD = re.compile(r"mergetag(\d+)x")
_COMMENT = re.compile(r"<!--\s*(mergetag\d+x)\s*-->")
_OTHER_COMMENT = re.compile(r"<!--(?!mergetag\d+x-->).*?-->", re.DOTALL)
_FENCED = re.compile(f"{OPEN}(\\d+){CLOSE}")
_CONDITIONAL = "in a conditional comment's condition"


class Luggage:
    """The tags of one design, by number."""

    def __init__(self) -> None:
        self.tags: list[str] = []

    def words(self, source: str) -> str:
        """The source with each tag as a word."""

        def put(found: re.Match[str]) -> str:
            self.tags.append(found.group())
            return f"mergetag{len(self.tags) - 1}x"

        return _TAG.sub(put, source) if "{%" in source else source

    def comments(self, fragment: str) -> str:
        """A piece of HTML with the tags in its text as comments and those in attributes as words; other comments are gone."""
        if "{%" not in fragment:
            return fragment
        outputs: list[str] = []

        def fence(found: re.Match[str]) -> str:
            outputs.append(found.group())
            return f"{OPEN}{len(outputs) - 1}{CLOSE}"

        # What stands between the braces must not be read as HTML, neither here nor by the cleaner.
        fragment = _OUTPUT.sub(fence, self.words(fragment.replace(OPEN, "").replace(CLOSE, "")))
        pieces: list[str] = []
        for piece in walk(fragment):
            if isinstance(piece, Refused) and piece.raw.startswith("<!"):
                continue
            if isinstance(piece, Attribute) and _WORD.search(piece.raw):
                # One word for the whole value: what begins with a word of ours has no scheme that a cleaner knows.
                value = _FENCED.sub(lambda found: outputs[int(found.group(1))], piece.raw.replace('"', "&quot;"))
                self.tags.append(self.restore(value))
                pieces.append(f"mergetag{len(self.tags) - 1}x")
            else:
                pieces.append(_WORD.sub(_as_comment, piece.raw) if isinstance(piece, Text) else piece.raw)
        return _FENCED.sub(lambda found: outputs[int(found.group(1))], "".join(pieces))

    def restore(self, text: str, *, plain: bool = False) -> str:
        """The text with its tags as they were typed; `plain`: in what is no HTML."""
        if not self.tags:
            return text

        def put_back(found: re.Match[str]) -> str:
            number = int(found.group(1))
            tag = self.tags[number] if number < len(self.tags) else ""
            return html.unescape(tag) if plain else tag

        return _WORD.sub(put_back, text)


def without_words(source: str) -> str:
    """The source without what looks like our words."""
    return _WORD.sub("", source)


def only_our_comments(fragment: str) -> str:
    return _OTHER_COMMENT.sub("", fragment)


def uncover(document: str) -> str:
    """Comments as words again."""
    return _COMMENT.sub(r"\1", document)


def cover(document: str) -> str:
    """A whole document with the words in its text as comments, where a comment can stand."""
    if not _WORD.search(document):
        return document
    pieces: list[str] = []
    hidden = titled = False  # in what only Outlook reads, which is a comment already; in <title>, which has none
    for piece in walk(document):
        if isinstance(piece, Refused):
            raw = piece.raw.lower()
            if piece.where == _CONDITIONAL:
                hidden = raw.startswith("<!--[if") and not raw.endswith("<!-->")
            elif raw in ("<title", "</title"):
                titled = raw == "<title"
        pieces.append(
            _WORD.sub(_as_comment, piece.raw) if isinstance(piece, Text) and not hidden and not titled else piece.raw
        )
    return "".join(pieces)


def _as_comment(found: re.Match[str]) -> str:
    return f"<!--{found.group()}-->"
