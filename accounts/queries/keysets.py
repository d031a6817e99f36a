"""Pages of rows, the newest first, that go on from an id in either direction: as quick at the end as at the beginning."""

from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def newest_first(
    rows: "QuerySet[M]", size: int, *, after: int | None = None, before: int | None = None
) -> tuple[list[M], int | None, int | None]:
    """The rows older than `after`, or those newer than `before`; and the ids from which the next and the previous page go on,
    None where there is none."""
    if before is not None:
        found = list(rows.filter(pk__gt=before).order_by("pk")[: size + 1])
        newer, older = len(found) > size, True
        found = found[:size][::-1]
    else:
        found = list((rows.filter(pk__lt=after) if after is not None else rows).order_by("-pk")[: size + 1])
        newer, older = after is not None, len(found) > size
        found = found[:size]
    return found, found[-1].pk if found and older else None, found[0].pk if found and newer else None
