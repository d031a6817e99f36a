"""One row of a file becomes a person to be staged, or a problem in plain words. Decides nothing about who is new.

Trap: a million rows go through `Judge.judge`, so what can be decided once for the file is decided in its constructor.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from contacts import addresses, values
from contacts.importing.reading import Record, Trouble, text_of

MAX_PROBLEM = 500  # characters


@dataclass(frozen=True, slots=True)
class Column:
    """What to do with one column: `to` is "email", "language" or "field"."""

    index: int
    to: str
    field: values.FieldKind | None = None


class Person(NamedTuple):
    """A row that can be imported. `facts` is the JSON object of its values, keys sorted."""

    line: int
    address: str
    key: str
    domain: str
    locale: str
    facts: str


class Bad(NamedTuple):
    """A row that cannot. `raw` is the row as it stood, as JSON list of its cells."""

    line: int
    problem: str
    raw: str


class Judge:
    """Judges the rows of one file by its columns; `width` is the number of columns of the file."""

    def __init__(self, columns: Sequence[Column], width: int) -> None:
        self._email = next(column.index for column in columns if column.to == "email")
        self._language = next((column.index for column in columns if column.to == "language"), None)
        fields = sorted(
            ((column.field, column.index) for column in columns if column.field is not None),
            key=lambda pair: pair[0].key,
        )
        self._fields = [(index, json.dumps(field.key) + ": ", _writer(field)) for field, index in fields]
        self._labels = {index: field.label for field, index in fields}
        self._width = width

    def judge(self, row: Record | Trouble) -> Person | Bad:
        """A Person, or Bad with every problem of the row."""
        if isinstance(row, Trouble):
            return Bad(row.line, row.why, json.dumps([row.text], ensure_ascii=False))
        line, cells = row
        if len(cells) != self._width:
            cells = self._fitted(cells)
            if len(cells) != self._width:
                return self._bad(
                    line, cells, [f"The row has {len(cells)} cells where the file has {self._width} columns."]
                )
        problems: list[str] = []
        locale, facts = "", []
        try:
            address, key, domain = addresses.parse(cells[self._email])
        except addresses.InvalidAddress as refused:
            address = key = domain = ""
            problems.append(str(refused))
        for index, name, write in self._fields:
            cell = cells[index].strip()
            if not cell:
                continue
            try:
                facts.append(name + write(cell))
            except values.BadValue as refused:
                problems.append(f"{self._labels[index]}: {refused}.")
        if self._language is not None:
            try:
                locale = values.language(cells[self._language])
            except values.BadValue as refused:
                problems.append(f"Language: {refused}.")
        if problems:
            return self._bad(line, cells, problems)
        return Person(line, address, key, domain, locale, "{" + ", ".join(facts) + "}")

    def _fitted(self, cells: list[str]) -> list[str]:
        """Empty cells at the end may be missing or too many."""
        if len(cells) < self._width and len(cells) > self._email:
            return cells + [""] * (self._width - len(cells)) if len(cells) > 1 else cells
        if len(cells) > self._width and not any(cell.strip() for cell in cells[self._width :]):
            return cells[: self._width]
        return cells

    def _bad(self, line: int, cells: list[str], problems: list[str]) -> Bad:
        kept = cells if sum(map(len, cells)) <= 20_000 else [text_of(cells)]
        return Bad(line, " ".join(problems)[:MAX_PROBLEM], json.dumps(kept, ensure_ascii=False))


def _writer(field: values.FieldKind) -> Callable[[str], str]:
    """From a cell to the JSON text of its value; the common spellings take a short way to the same text."""

    def write(cell: str) -> str:
        return json.dumps(values.read(field, cell), ensure_ascii=False)

    def write_text(cell: str) -> str:
        return _quoted(cell) if len(cell) <= values.MAX_TEXT else write(cell)

    def write_number(cell: str) -> str:
        return cell if _JSON_NUMBER.fullmatch(cell) else write(cell)

    match field.kind:
        case "text":
            return write_text
        case "number":
            return write_number
        case "url" | "datetime":
            return write
    return lru_cache(maxsize=50_000)(write)


_quoted: Callable[[str], str] = json.encoder.encode_basestring
_JSON_NUMBER = re.compile(r"-?(?:[1-9][0-9]{0,14}|(?:0|[1-9][0-9]{0,6})\.[0-9]{0,5}[1-9])|0")
