"""Wake-ups of contacts: an import that has work to do, and the sweep for those that nobody works on."""

from celery import shared_task

from contacts.actions import import_work


@shared_task
def run_import(organization_id: int, import_id: int) -> None:
    import_work.run(organization_id=organization_id, import_id=import_id)


@shared_task
def sweep_imports() -> None:
    for organization_id, import_id in import_work.waiting():
        run_import.delay(organization_id, import_id)
    import_work.forget_old()
