"""Wake-ups of sending."""

from celery import shared_task

from sending.actions import partitions


@shared_task
def make_event_partitions() -> None:
    partitions.make_ahead()
