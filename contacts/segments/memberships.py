"""Conditions that other tables answer: whether a person is among those whom a topic, a tag, a deed or a list names.

Each is a set of people, asked in one of two ways. Of everybody, the set is made once and joined (`LEFT JOIN (...) m ON m.k =
c.id`, and the condition is that m.k is there): PostgreSQL makes semi- and anti-joins of it where it can, and can put it
on disk where an `IN (SELECT ...)` inside of an OR would be searched row by row. Of a few people, each is looked up by
EXISTS, which costs nothing for the others.
"""

from dataclasses import dataclass
from typing import Any

from contacts.segments.sql import Sql


@dataclass(frozen=True, slots=True)
class Membership:
    """The people (by `key`, compared with `of` the contact) of the rows of `source` for which `where` holds.

    `having` asks about all rows of one person together. `unique`: there is one row a person at most. Parameters are
    hashable, so that a set asked for twice is made once; tuples stand for arrays.
    """

    source: str
    key: str
    where: Sql
    having: Sql | None = None
    unique: bool = False
    of: str = "c.id"
    source_params: tuple[Any, ...] = ()

    @property
    def params(self) -> tuple[Any, ...]:
        found = (*self.source_params, *self.where.params, *(self.having.params if self.having else ()))
        return tuple(list(param) if isinstance(param, tuple) else param for param in found)

    def probe(self) -> Sql:
        """For a few people: looks each up."""
        having = f" HAVING {self.having.text}" if self.having else ""
        return Sql(
            f"EXISTS (SELECT 1 FROM {self.source} WHERE {self.key} = {self.of} AND {self.where.text}{having})",
            self.params,
        )

    def join(self, alias: str) -> Sql:
        """For everybody: makes the set once."""
        group = "" if self.unique else " GROUP BY 1"
        having = f" HAVING {self.having.text}" if self.having else ""
        return Sql(
            f"LEFT JOIN (SELECT {self.key} AS k FROM {self.source} WHERE {self.where.text}{group}{having}) {alias}"
            f" ON {alias}.k = {self.of}",
            self.params,
        )
