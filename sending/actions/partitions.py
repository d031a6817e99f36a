"""Months of the event log: makes their partitions ahead of time."""

from django.db import connection

AHEAD = 2  # months


def make_ahead() -> int:
    """Make the partitions of this month and the next two; returns how many were missing. Idempotent."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT posthouse_make_event_partitions(%s)", [AHEAD])
        return int(cursor.fetchone()[0])
