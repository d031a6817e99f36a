"""People in JSON: an array of objects, one object a line, or either wrapped as {"result": [...]}; read in bounded memory.

An object within a person becomes columns with dotted names ("address.city"), one level deep; whatever lies deeper stays
JSON text. Numbers stay as they are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

from contacts.importing import names, parts, reading, sniffing

MAX_DEPTH = 50  # of one person
MAX_WRAPPERS = 3
TOO_DEEP = "it is nested too deep"
MAX_OBJECT = reading.MAX_RECORD  # characters of one person
PIECE = 1 << 17  # characters
BAD = (
    "The file is no JSON that can be read: {} near character {:,}. Export it again, or save the people as CSV (UTF-8)."
)
NO_PEOPLE = (
    "There is no list of people in this JSON. It must be an array of objects, one object a line,"
    ' or such an array within an object: {"contacts": [{"email": "ann@example.org"}]}.'
)
TOO_LARGE = f"One entry is larger than {MAX_OBJECT // 1024} KB: too much for one person"
WRAPPERS = frozenset(
    """result results contacts data subscribers members recipients items people persons users customers entries rows
    suppressions bounces unsubscribes invalidemails spamreports""".split()
)
_quoted = json.encoder.encode_basestring
_SPACE = re.compile(r"[ \t\r\n]*")


def table(path: Path, name: str) -> parts.Part | None:
    """The people of a JSON file; None if there are none. Raises reading.Unreadable."""
    encoding = sniffing.encoding_of(path)
    columns: dict[str, int] = {}
    seen = False
    for person in _people(path, encoding):
        seen = True
        for column in person:
            if columns.setdefault(column, len(columns)) >= reading.MAX_COLUMNS:
                raise reading.Unreadable(
                    f"The people in this file have more than {reading.MAX_COLUMNS} different properties in all,"
                    f" and no more columns than that can be imported. {reading.NARROWER}"
                )
    if not seen:
        return None

    def rows() -> parts.Rows:
        for person in _people(path, encoding):
            row = [""] * len(columns)
            for column, cell in person.items():
                row[columns[column]] = cell
            yield row

    return parts.Part(name, sniffing.column_names(tuple(columns), len(columns)), rows)


def flattened(person: dict[str, Any]) -> dict[str, str]:
    """An object's properties as text; those of objects within it by dotted names."""
    cells: dict[str, str] = {}
    for name, value in person.items():
        if isinstance(value, dict):
            for inner, deeper in value.items():
                cells[f"{name}.{inner}"] = cell_of(deeper)
        else:
            cells[name] = cell_of(value)
    return cells


def cell_of(value: Any) -> str:
    """A JSON value as a cell; a list of words as words between bars, if no word has one. Raises ValueError if too deep."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, str) and "|" not in one for one in value):
        return "|".join(value)
    return _text(value, 0)


def _text(value: Any, depth: int) -> str:
    """A value as JSON again, its numbers as they were written. Raises ValueError for one that is too deep."""
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(name)}:{_text(one, depth + 1)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_text(one, depth + 1) for one in value) + "]"
    return value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


class _Number(str):
    """A number as it was written: 1e400 and twenty digits are nobody's float."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_Number)


def loads(text: str) -> Any:
    """JSON text of a cell, with numbers as written. Raises ValueError for what is none, however deep it goes."""
    try:
        value, end = _DECODER.raw_decode(text.strip())
    except RecursionError as trouble:
        raise ValueError(TOO_DEEP) from trouble
    if end != len(text.strip()):
        raise ValueError("more than one value")
    return value


def _people(path: Path, encoding: str) -> Iterator[dict[str, str]]:
    with reading.opened(path, encoding) as file:
        scroll = _Scroll(file)
        first = scroll.peek()
        if first == "[":
            values = _array(scroll)
        elif first == "{":
            values = _wrapped_or_lines(scroll)
        else:
            raise reading.Unreadable(NO_PEOPLE)
        for value in values:
            if not isinstance(value, dict):
                raise reading.Unreadable(NO_PEOPLE)
            try:
                person = flattened(value)
            except ValueError as trouble:
                scroll.refuse(str(trouble))
            yield person


def _array(scroll: _Scroll) -> Iterator[Any]:
    scroll.take("[")
    if scroll.peek() == "]":
        scroll.take("]")
        return
    while True:
        yield scroll.value()
        if scroll.peek() != ",":
            scroll.take("]")
            return
        scroll.take(",")


def _wrapped_or_lines(scroll: _Scroll, depth: int = 0) -> Iterator[Any]:
    """Within an object, the array of people under a usual name; or one object after another, each a person."""
    person: dict[str, Any] = {}
    scroll.take("{")
    while scroll.peek() != "}":
        if scroll.peek() != '"':
            scroll.refuse("a name was expected")
        name = scroll.value()
        scroll.take(":")
        if not person and names.plain(name) in WRAPPERS and scroll.peek() in ("[", "{"):
            if scroll.peek() == "[":
                yield from _array(scroll)
            elif depth < MAX_WRAPPERS:
                yield from _wrapped_or_lines(scroll, depth + 1)
            else:
                scroll.refuse(TOO_DEEP)
            return  # what follows in the wrapper (total, page) says nothing about people
        person[name] = scroll.value()
        if scroll.peek() != ",":
            break
        scroll.take(",")
    scroll.take("}")
    if person:
        yield person
    while scroll.peek():
        yield scroll.value()


class _Scroll:
    """A window over the text of a file that moves on value by value."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._passed = 0
        self._ended = False

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        if self.peek() != character:
            self.refuse(f"“{character}” was expected")
        self._at += 1

    def value(self) -> Any:
        """The value that begins here, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                self.refuse(TOO_DEEP)
            except json.JSONDecodeError as trouble:
                if len(self._text) - self._at > MAX_OBJECT:
                    self.refuse(TOO_LARGE)
                if not self._more():
                    self.refuse(_words(trouble))
            else:
                if end < len(self._text) or not self._more():  # a number may go on behind the window
                    if end - self._at > MAX_OBJECT:
                        self.refuse(TOO_LARGE)
                    self._at = end
                    return value

    def refuse(self, why: str) -> NoReturn:
        raise reading.Unreadable(BAD.format(why, self._passed + self._at + 1))

    def _more(self) -> bool:
        if self._ended:
            return False
        piece = self._file.read(max(PIECE, len(self._text) - self._at))
        self._ended = not piece
        self._passed += self._at
        self._text, self._at = self._text[self._at :] + piece, 0
        return bool(piece)


def _words(trouble: json.JSONDecodeError) -> str:
    return trouble.msg[:1].lower() + trouble.msg[1:]
