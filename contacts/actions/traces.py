"""Addresses of erased people in what members asked: segments, kept views of the list of people, jobs.

Policy: the question stays, with "(erased)" where the address stood, so that it finds what it found, without that person.
"""

import re
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import quote, quote_plus

from django.db.models import Model, Q

from accounts.models import Organization
from contacts.models import Job, SavedView, Segment, SegmentVersion

GONE = "(erased)"
# Not within a longer address: ann@x.example is not jo-ann@x.example. A quoted character may stand before it.
_ALONE = r"(?:(?<![\w.+-])|(?<=%[0-9a-f][0-9a-f]))(?:{})(?![\w-]|\.\w)"
PLACES: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (Segment, ("name", "definition")),
    (SegmentVersion, ("definition",)),
    (SavedView, ("name", "query")),
    (Job, ("title", "people", "what", "problems", "problem")),
)


def forget(*, organization: Organization, names: Sequence[str]) -> int:
    """Take addresses out of every question of an organization; in how many they stood. Inside of its scope."""
    if not names:
        return 0
    spellings = sorted(
        {form for name in names for form in (name, quote(name), quote_plus(name))}, key=len, reverse=True
    )
    pattern = re.compile(_ALONE.format("|".join(map(re.escape, spellings))), re.IGNORECASE)
    changed = 0
    for model, columns in PLACES:
        named = reduce(or_, (Q(**{f"{column}__icontains": form}) for column in columns for form in spellings))
        for row in model._default_manager.filter(named, organization=organization):
            before = [getattr(row, column) for column in columns]
            after = [
                _without(value, pattern, _gone(column, row)) for column, value in zip(columns, before, strict=True)
            ]
            if after != before:
                for column, value in zip(columns, after, strict=True):
                    most = getattr(model._meta.get_field(column), "max_length", None)
                    setattr(row, column, value[:most] if most else value)
                row.save(update_fields=columns)
                changed += 1
    return changed


def _gone(column: str, row: Model) -> str:
    """What stands in the place of an address. No two names may become the same."""
    return f"(erased {row.pk})" if column == "name" else GONE


def _without(value: Any, pattern: re.Pattern[str], gone: str) -> Any:
    if isinstance(value, str):
        return pattern.sub(gone, value)
    if isinstance(value, list):
        return [_without(one, pattern, gone) for one in value]
    if isinstance(value, dict):
        return {key: _without(one, pattern, gone) for key, one in value.items()}
    return value
