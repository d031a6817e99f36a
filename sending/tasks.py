"""Wake-ups of sending.

What a sweep wakes is forgotten before the next one, so that no wake-ups pile up before a long import.
"""

from celery import shared_task

from accounts.tenancy import cross_tenant, tenant_scope_id
from sending.actions import egress, esp_accounts, failures, partitions, providers, retries, tls_reports
from sending.queries import esp_accounts as accounts
from sending.queries import retries as reading

SWEPT = 15  # seconds; as often settings.CELERY_BEAT_SCHEDULE sweeps


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


@shared_task
def retry(organization_id: int, retry_id: int) -> None:
    more = True
    while more:
        with tenant_scope_id(organization_id):
            more = retries.step(retry_id=retry_id)


@shared_task
def sweep_retries() -> None:
    """Go on with what lost its wake-up or its worker."""
    with cross_tenant("what is being sent again of every organization, by choice"):
        waiting = reading.waiting()
    for organization_id, retry_id in waiting:
        retry.apply_async((organization_id, retry_id), expires=SWEPT)


@shared_task
def tell_of_refusals() -> None:
    """The admins of accounts that refuse us."""
    with cross_tenant("accounts of every organization that their ESP refuses"):
        refused = [(account.organization_id, account.pk) for account in accounts.to_tell()]
    for organization_id, account_id in refused:
        with tenant_scope_id(organization_id):
            esp_accounts.tell(account_id=account_id)


@shared_task
def send_tls_reports() -> None:
    tls_reports.send_due()


@shared_task
def check_addresses() -> None:
    egress.check_due()


@shared_task
def forget_old_tls_reports() -> None:
    tls_reports.forget_old()
