"""Wake-ups of sending."""

from celery import shared_task

from accounts.tenancy import cross_tenant
from sending.actions import failures, partitions, providers


@shared_task
def make_event_partitions() -> None:
    partitions.make_ahead()


@shared_task
def learn_providers() -> None:
    with cross_tenant("which provider is behind a domain is the same for everybody"):
        providers.learn()


@shared_task
def count_failures() -> None:
    failures.count_new()
