"""The worker's heartbeat: a key in the cache that goes out by itself when the worker's event loop stands still."""

import logging
from typing import Any

from celery import bootsteps
from django.core.cache import cache

logger = logging.getLogger(__name__)

WORKER = "heartbeat:worker"
EVERY = 3.0  # seconds
SILENCE = 10  # seconds without a beat after which the worker counts as down


class Heartbeat(bootsteps.StartStopStep):
    """Beats from the worker's own timer, so that a worker whose loop hangs stops beating."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.entry: Any = None

    def start(self, parent: Any) -> None:
        beat()
        self.entry = parent.timer.call_repeatedly(EVERY, beat, priority=10)

    def stop(self, parent: Any) -> None:
        if self.entry is not None:
            self.entry.cancel()
            self.entry = None


def beat() -> None:
    try:
        cache.set(WORKER, 1, timeout=SILENCE)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is told)
        logger.warning("heartbeat: %s", error)
