"""Pieces of SQL with their parameters."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with %s places, and what goes into them."""

    text: str
    params: tuple[Any, ...] = ()


TRUE, FALSE = Sql("TRUE"), Sql("FALSE")


def joined(word: str, parts: list[Sql]) -> Sql:
    """The parts with a word between them, in brackets."""
    return Sql(f"({word.join(part.text for part in parts)})", tuple(param for part in parts for param in part.params))


def negated(part: Sql) -> Sql:
    return Sql(f"NOT {part.text}", part.params)


def both(*parts: Sql) -> Sql:
    return joined(" AND ", list(parts))


def either(*parts: Sql) -> Sql:
    return joined(" OR ", list(parts))
