"""Wake-ups of contacts: an import or a bulk job that has work to do, and the sweeps for those that nobody works on.

What a sweep wakes is forgotten before the next one, so that no wake-ups pile up before a long import.
"""

from celery import shared_task

from accounts.tenancy import tenant_scope_id
from contacts.actions import health, import_work, job_work, privacy_requests, signups

SWEPT = 15  # seconds; as often settings.CELERY_BEAT_SCHEDULE sweeps


@shared_task
def run_import(organization_id: int, import_id: int) -> None:
    import_work.run(organization_id=organization_id, import_id=import_id)


@shared_task
def sweep_imports() -> None:
    for organization_id, import_id in import_work.waiting():
        run_import.apply_async((organization_id, import_id), expires=SWEPT)
    import_work.forget_old()


@shared_task
def run_job(organization_id: int, job_id: int) -> None:
    job_work.run(organization_id=organization_id, job_id=job_id)


@shared_task
def sweep_jobs() -> None:
    for organization_id, job_id in job_work.waiting():
        run_job.apply_async((organization_id, job_id), expires=SWEPT)
    job_work.forget_old()
    for organization_id in health.waiting():
        count_health.delay(organization_id)


@shared_task
def count_health(organization_id: int) -> None:
    with tenant_scope_id(organization_id) as organization:
        health.count(organization=organization)


@shared_task
def sweep_signups() -> None:
    signups.sweep()


@shared_task
def sweep_privacy_requests() -> None:
    privacy_requests.sweep()
