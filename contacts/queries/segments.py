"""Counting the people of a segment while it is built: at once about, then exactly; condition by condition; and who uses it.

Two forms of one question. Of a small organization everybody is asked. Of a large one, a few thousand people who were
picked by arithmetic on their number are asked first, always the same ones, so that the number does not tremble while somebody
edits; the exact count follows by joins over everybody, and gives up after PATIENCE.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import OperationalError, connection, transaction

from accounts.models import Organization
from contacts import ports
from contacts.models import Contact, Segment
from contacts.ports import Letter
from contacts.queries import audience, catalogue
from contacts.segments import compiling, nesting, tree
from contacts.segments.compiling import Whole
from contacts.segments.knowledge import Catalogue
from contacts.segments.tree import Group, Rule

SMALL = 50_000  # people: below it the exact count is quick enough to be the first
PICKED = 3_000  # people asked for an estimate
ONE_IN = 64  # of a large organization are candidates
REMEMBERED = 300  # seconds
PATIENCE = 10_000  # milliseconds of one exact count
SAMPLE = 10
PER_MESSAGE = ("activity:sent", "activity:delivered", "activity:bounced")  # the ledger has a row for each message

Path = tuple[int, ...]
STANDING = "c.organization_id = %s AND c.archived_at IS NULL AND c.erased_at IS NULL"


class TooSlow(Exception):
    """The exact count was given up."""


@dataclass(frozen=True, slots=True)
class Found:
    """`about`: estimated. `under`: none of those asked fits, so that there are fewer than so many."""

    people: int
    sample: list[Contact]
    about: bool = False
    under: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """How many people one rule finds alone, and how many there would be `without` it (None where that is not asked)."""

    people: int
    without: int | None = None


def found(
    organization: Organization, definition: object, *, exactly: bool = True, known: Catalogue | None = None
) -> Found:
    """Who fits; archived and erased people are left out. Raises tree.BadDefinition, TooSlow."""
    known = known or catalogue.of(organization, definition)
    rule = tree.parse(definition, known)
    if exactly:
        return _exactly(organization, rule, known)
    size, picked = _crowd(organization)
    if size <= SMALL:
        return _exactly(organization, rule, known)
    return _about(organization, rule, known, size, picked)


def each(organization: Organization, definition: object, known: Catalogue) -> dict[Path, Own]:
    """Every rule's own count, by its path, in one pass; and for the rules of the outermost "all of", who would be found
    without it. Raises tree.BadDefinition, TooSlow.
    """
    root = tree.parse(definition, known)
    compiler = compiling.Compiler(audience.clock(organization), known, whole=True)
    rules = [(path, compiler.sql(nesting.expand(rule, known))) for path, rule in tree.walk(root)]
    names = {path: f"b{number}" for number, (path, _) in enumerate(rules)}
    top: list[Path] = (
        [(number,) for number in range(len(root.rules))] if root.match == "all" and len(root.rules) > 1 else []
    )
    counted = [f"count(*) FILTER (WHERE {name})" for name in names.values()]
    for path in top:
        others = " AND ".join(names[other] for other in top if other != path)
        counted.append(f"count(*) FILTER (WHERE {others})")
    columns = ", ".join(f"{sql.text} AS {names[path]}" for path, sql in rules)
    params = [param for _, sql in rules for param in sql.params]
    joins = compiler.joins
    with _patiently():
        row = _row(
            f"SELECT {', '.join(counted)} FROM (SELECT {columns} FROM contacts_contact c {joins.text} WHERE {STANDING} OFFSET 0) x",
            [*params, *joins.params, organization.pk],
        )
    without = dict(zip(top, row[len(names) :], strict=True))
    return {path: Own(row[number], without.get(path)) for number, path in enumerate(names)}


def everybody_who(organization: Organization, wanted: Whole, most: int) -> tuple[int, list[int]]:
    """How many there are, and the ids of the newest of them. Archived and erased people are not asked."""
    row = _row(
        f"""
        WITH found AS MATERIALIZED (
            SELECT c.id FROM contacts_contact c {wanted.joins.text} WHERE {STANDING} AND {wanted.fits.text}
        )
        SELECT (SELECT count(*) FROM found), ARRAY(SELECT id FROM found ORDER BY id DESC LIMIT %s)
        """,
        [*wanted.joins.params, organization.pk, *wanted.fits.params, most],
    )
    return row[0], row[1]


def uses(segment: Segment) -> list[Letter]:
    """Where a segment is used: other segments that contain it directly, then campaigns."""
    others = Segment.objects.filter(organization_id=segment.organization_id, archived_at=None).order_by("name")
    outer = [
        Letter("segment", other.name, "contacts:segment_edit", (("segment", other.public_id),))
        for other in others
        if segment.public_id in nesting.contained(other.definition)
    ]
    return outer + list(ports.letters.mailing_to(organization_id=segment.organization_id, segment_id=segment.pk))


def _exactly(organization: Organization, rule: Rule, known: Catalogue) -> Found:
    wanted = compiling.compile_whole(rule, audience.clock(organization), known)
    with _patiently():
        count, newest = everybody_who(organization, wanted, SAMPLE)
    return Found(count, _people(newest))


def _about(organization: Organization, rule: Rule, known: Catalogue, size: int, picked: list[int]) -> Found:
    clock = audience.clock(organization)
    first, then = (compiling.compile_tree(part, clock, known) for part in _dear_last(rule, known))
    row = _row(
        f"""
        SELECT count(*), (array_agg(c.id ORDER BY c.id DESC))[1:{SAMPLE}] FROM (
            SELECT c.* FROM contacts_contact c WHERE c.id = ANY(%s) AND {STANDING} AND {first.text} OFFSET 0
        ) c WHERE {then.text}
        """,
        [picked, organization.pk, *first.params, *then.params],
    )
    one_stands_for = size / max(len(picked), 1)
    return Found(
        _rounded(row[0] * one_stands_for),
        _people(row[1] or []),
        about=True,
        under=0 if row[0] else _rounded(3 * one_stands_for),  # with 95 % certainty, the rule of three
    )


def _dear_last(rule: Rule, known: Catalogue) -> tuple[Group, Group]:
    """The rule in two that must both hold: what needs a look at every message to a person comes second, so that it is asked of
    those only who fit the first. PostgreSQL would ask it before groups of many cheap conditions, and before whatever it joins.
    """
    first: list[Rule] = []
    then: list[Rule] = []
    for one in _required(nesting.expand(rule, known)):
        is_dear = any(condition.about in PER_MESSAGE for condition in tree.conditions(one))
        (then if is_dear else first).append(one)
    return Group("all", tuple(first)), Group("all", tuple(then))


def _required(rule: Rule) -> Iterator[Rule]:
    """All that must hold, however it is nested."""
    if isinstance(rule, Group) and rule.match == "all":
        for one in rule.rules:
            yield from _required(one)
    else:
        yield rule


def _crowd(organization: Organization) -> tuple[int, list[int]]:
    """How many rows of people there are, and the ids of those whom an estimate asks."""
    key = f"segment-crowd:{organization.pk}"
    known: tuple[int, list[int]] | None = cache.get(key)
    if known is None:
        few = _row(
            f"SELECT count(*) FROM (SELECT FROM contacts_contact c WHERE c.organization_id = %s LIMIT {SMALL + 1}) x",
            [organization.pk],
        )
        if few[0] <= SMALL:
            return few[0], []
        row = _row(
            f"""
            SELECT count(*), (array_agg(c.id ORDER BY hashint8(c.id)) FILTER (WHERE hashint8(c.id) & {ONE_IN - 1} = 0))[1:{PICKED}]
            FROM contacts_contact c WHERE c.organization_id = %s
            """,
            [organization.pk],
        )
        known = (row[0], row[1] or [])
        cache.set(key, known, REMEMBERED)
    return known


def _rounded(number: float) -> int:
    """To two digits: an estimate knows no more."""
    whole = round(number)
    step = 10 ** max(len(str(whole)) - 2, 0)
    return round(whole / step) * step


def _people(ids: list[int]) -> list[Contact]:
    return list(Contact.objects.filter(pk__in=ids).order_by("-pk")) if ids else []


@contextmanager
def _patiently() -> Iterator[None]:
    """Room for hash tables, and an end after PATIENCE; the transaction survives it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = {PATIENCE}")
            yield
            cursor.execute("SET LOCAL work_mem = DEFAULT; SET LOCAL statement_timeout = DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "57014":  # query_canceled
            raise TooSlow("Counting takes too long.") from error
        raise


def _row(sql: str, params: list[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()
