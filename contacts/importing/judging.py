"""One row of a file becomes a person to be staged, or a problem in plain words. Decides nothing about who is new.

Trap: a million rows go through `Judge.judge`. What can be decided once for the file is decided in its constructor, and
what was decided for a cell is remembered for its like: the same cities, days and domains come again and again.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import getitem, itemgetter
from typing import Any, NamedTuple

from contacts import addresses, values
from contacts.importing import doubts, meanings, spelling, statuses
from contacts.importing.reading import Record, Trouble, text_of, unmarked

MAX_PROBLEM = 500  # characters
REMEMBERED = 160_000  # cells in all
_SHORT = 60  # characters: longer cells are not remembered
_DOMAINS = 50_000
_person = tuple.__new__  # without the keywords of a NamedTuple: a third of its time


@dataclass(frozen=True, slots=True)
class Column:
    """What to do with one column: `to` is "field" (of `field`), or one of meanings. `date_order` for moments."""

    index: int
    to: str
    field: values.FieldKind | None = None
    date_order: str = "ymd"


class Person(NamedTuple):
    """A row that can be imported. `facts` is the JSON object of its values.

    `status` is a contacts.enums.RowStatus, `note` bits of RowNote. `extra` is JSON text or "": {"tags": [names], "at",
    "ip", "confirmed_at", "confirmed_ip", "left_at": moments in UTC, "why": words, "hint": the domain that was meant}.
    """

    line: int
    address: str
    key: str
    domain: str
    locale: str
    facts: str
    status: int = 0
    note: int = 0
    extra: str = ""


class Bad(NamedTuple):
    """A row that cannot. `raw` is the row as it stood, as JSON list of its cells."""

    line: int
    problem: str
    raw: str


class Judge:
    """Judges the rows of one file by its columns; `width` is the number of columns of the file."""

    def __init__(self, columns: Sequence[Column], width: int) -> None:
        at = {column.to: column.index for column in columns}
        self._width = width
        self._email = at[meanings.EMAIL]
        self._look = _postman()
        keys = {column.field.key for column in columns if column.field}
        made = [(f"{c.field.label}: ", c.index, spelling.fact(c.field)) for c in columns if c.field]
        if meanings.NAME in at:
            parts = (("first_name", 0), ("last_name", 1))
            made += [
                ("Name: ", at[meanings.NAME], spelling.fact_of_name(key, n)) for key, n in parts if key not in keys
            ]
        said = [
            (spelling.LABELS[c.to], c.index, spelling.evidence(c.to, c.date_order))
            for c in columns
            if c.to in spelling.LABELS
        ]
        size = REMEMBERED // max(len(made) + len(said), 1)
        self._facts = [_Memo(*one, size) for one in sorted(made, key=itemgetter(1))]
        self._extras = [_Memo(*one, size) for one in said]
        self._language = self._one(at, meanings.LANGUAGE, "Language: ", values.language)
        self._status = self._one(at, meanings.STATUS, "Status: ", spelling.status)
        self._pick = _picker([memo.index for memo in self._facts])

    @staticmethod
    def _one(at: Mapping[str, int], to: str, label: str, make: Callable[[str], Any]) -> "_Memo | None":
        return _Memo(label, at[to], make, 2_000) if to in at else None

    def judge(self, row: Record | Trouble) -> Person | Bad:
        """A Person, or Bad with every problem of the row."""
        if isinstance(row, Trouble):
            return Bad(row.line, row.why, json.dumps([row.text], ensure_ascii=False))
        line, cells = row
        if len(cells) != self._width:
            cells = self._fitted(cells)
            if len(cells) != self._width:
                trouble = unmarked(line, cells[0]) if cells else None
                if trouble is not None:
                    return self.judge(trouble)
                why = f"The row has {len(cells)} cells where the file has {self._width} columns."
                return _bad(line, cells, [why])
        try:
            address, key, domain, hint, role = self._look(cells[self._email])
            facts = ", ".join(filter(None, map(getitem, self._facts, self._pick(cells))))  # all of it in C
            locale = self._language[cells[self._language.index]] if self._language is not None else ""
            status = self._status[cells[self._status.index]] if self._status is not None else 0
            extra = [said for memo in self._extras if (said := memo[cells[memo.index]])] if self._extras else []
        except ValueError:
            return self._why(line, cells)
        note = 0
        if hint:
            note = doubts.TYPO
            extra.append('"hint": ' + spelling.quoted(hint))
        if role:
            note |= doubts.ROLE
        return _person(
            Person,
            (
                line, address, key, domain, locale, f"{{{facts}}}", status, note,
                "{" + ", ".join(extra) + "}" if extra else "",
            ),
        )  # fmt: skip

    def _why(self, line: int, cells: list[str]) -> Person | Bad:
        """Every problem of a row that has one.

        Whoever has left is not refused for anything but the address: they would be written to for a bad date.
        """
        trouble = unmarked(line, cells[0])
        if trouble is not None:
            return self.judge(trouble)
        problems: list[str] = []

        def tried(memo: _Memo | None, otherwise: Any) -> Any:
            if memo is None:
                return otherwise
            try:
                return memo[cells[memo.index]]
            except values.BadValue as refused:
                problems.append(f"{memo.label}{refused}.")
                return otherwise

        status = tried(self._status, None if self._status is not None else statuses.NONE)
        has_left = status not in (None, statuses.NONE, statuses.SUBSCRIBED)
        try:
            address, key, domain, hint, role = self._look(cells[self._email])
        except addresses.InvalidAddress as refused:
            problems.insert(0, str(refused))
            has_left = False
        facts = [tried(memo, "") for memo in self._facts]
        locale = tried(self._language, "")
        extra = [tried(memo, "") for memo in self._extras]
        if not has_left:
            return _bad(line, cells, problems or ["The row cannot be read."])
        note = (doubts.TYPO if hint else 0) | (doubts.ROLE if role else 0)
        extra = [*filter(None, extra), *(['"hint": ' + spelling.quoted(hint)] if hint else [])]
        told = f"{{{', '.join(extra)}}}" if extra else ""
        return Person(line, address, key, domain, locale, f"{{{', '.join(filter(None, facts))}}}", status, note, told)

    def _fitted(self, cells: list[str]) -> list[str]:
        """Empty cells at the end may be missing or too many."""
        if len(cells) < self._width and len(cells) > self._email:
            return cells + [""] * (self._width - len(cells)) if len(cells) > 1 else cells
        if len(cells) > self._width and not any(cell.strip() for cell in cells[self._width :]):
            return cells[: self._width]
        return cells


class _Memo(dict[str, Any]):
    """What was made of a column's cells: `memo[cell]` makes it once. Raises values.BadValue, and remembers that not."""

    def __init__(self, label: str, index: int, make: Callable[[str], Any], size: int) -> None:
        self.label, self.index, self._make, self._room = label, index, make, size

    def __missing__(self, cell: str) -> Any:
        made = self._make(cell.strip())
        if self._room and len(cell) <= _SHORT:
            self._room -= 1
            self[cell] = made
        return made


def _postman() -> Callable[[str], tuple[str, str, str, str, bool]]:
    """From a cell to (address, key, domain, the domain that was meant, whether it is a function's address).

    Like addresses.parse (a property test holds them equal), but each domain is looked at once.
    """
    domains: dict[str, tuple[str, str]] = {}
    is_plain, roles = addresses.PLAIN_LOCAL.fullmatch, doubts.ROLES

    def look(cell: str) -> tuple[str, str, str, str, bool]:
        local, _, typed = cell.partition("@")
        known = domains.get(typed)
        if (
            known is not None
            and len(cell) <= addresses.MAX_ADDRESS
            and len(local) <= addresses.MAX_LOCAL
            and is_plain(local)
        ):
            domain, hint = known
            lowered = local.lower()
            address = cell if typed == domain else f"{local}@{domain}"
            return address, address if lowered == local else f"{lowered}@{domain}", domain, hint, lowered in roles
        address, key, domain = addresses.parse(cell)
        hint = doubts.meant(domain)
        if typed.lower() == domain and len(domains) < _DOMAINS:
            domains[typed] = (domain, hint)
        return address, key, domain, hint, key.partition("@")[0] in roles

    return look


def _picker(indexes: Sequence[int]) -> Callable[[list[str]], Sequence[str]]:
    """The cells at these places, in C."""
    if len(indexes) > 1:
        return itemgetter(*indexes)
    return lambda cells: [cells[index] for index in indexes]


def _bad(line: int, cells: list[str], problems: list[str]) -> Bad:
    kept = cells if sum(map(len, cells)) <= 20_000 else [text_of(cells)]
    return Bad(line, " ".join(problems)[:MAX_PROBLEM], json.dumps(kept, ensure_ascii=False))
