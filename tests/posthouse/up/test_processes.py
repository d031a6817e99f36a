"""Every queue has somebody who serves it, and long work has a queue of its own."""

from django.conf import settings

from posthouse.celery import app
from posthouse.up import processes


def test_every_queue_is_served() -> None:
    commands = [service.command for service in processes.all_of({"PORT": "8000"}, sandbox=False)]
    served = [command[command.index("-Q") + 1] for command in commands if "-Q" in command]
    assert sorted(served) == sorted(settings.CELERY_TASK_QUEUES)


def test_what_takes_minutes_keeps_nobody_waiting() -> None:
    app.loader.import_default_modules()
    bulk = {name for name in app.tasks if app.amqp.router.route({}, name)["queue"].name == "bulk"}
    assert bulk >= {"contacts.tasks.run_import", "contacts.tasks.run_job"}
    assert "campaigns.tasks.freeze" not in bulk
