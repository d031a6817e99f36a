"""Who works on an import or a job: one worker at a time, under a new name each time that it takes the row up.

Policy: a worker gives a sign of life with every step (`beat_at`). Whose last one is old has died, and any other may go on; one
in a long statement holds the row's lock instead. Who finds the row cancelled or in other hands steps back.
"""

import os
import secrets
from datetime import timedelta
from typing import TypeVar

from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts.models import Import, Job

STALE = timedelta(seconds=20)  # without a sign of life

Work = TypeVar("Work", Import, Job)


class Lost(Exception):
    """It was cancelled, or another worker has taken it up."""


def new_name() -> str:
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def free() -> Q:
    """Rows that nobody works on."""
    return Q(worker="") | Q(beat_at=None) | Q(beat_at__lt=timezone.now() - STALE)


def take_up(rows: QuerySet[Work], worker: str) -> Work | None:
    """The one row of `rows`, the worker's from now on; None if somebody works on it. Within a transaction."""
    row = rows.select_for_update(skip_locked=True).filter(free()).first()
    if row is not None:
        row.worker, row.beat_at = worker, timezone.now()
        row.save(update_fields=["worker", "beat_at"])
    return row


def ours(rows: QuerySet[Work], worker: str) -> Work:
    """The one row of `rows`, locked, while it is this worker's. Raises Lost."""
    row = rows.select_for_update(of=("self",)).filter(worker=worker).first()
    if row is None:
        raise Lost
    return row
