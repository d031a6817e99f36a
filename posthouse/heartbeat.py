"""The workers' heartbeat: for each queue a key in the cache, which goes out by itself when nobody serves the queue any more."""

import logging
from collections.abc import Iterable
from typing import Any

from celery import bootsteps
from django.core.cache import cache

logger = logging.getLogger(__name__)

EVERY = 3.0  # seconds
SILENCE = 10  # seconds without a beat after which the worker counts as down


class Heartbeat(bootsteps.StartStopStep):
    """Beats for its queues from the worker's own timer, so that a worker whose loop hangs stops beating."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.entry: Any = None

    def start(self, parent: Any) -> None:
        queues = list(parent.app.amqp.queues.consume_from)
        beat(queues)
        self.entry = parent.timer.call_repeatedly(EVERY, beat, (queues,), priority=10)

    def stop(self, parent: Any) -> None:
        if self.entry is not None:
            self.entry.cancel()
            self.entry = None


def key(queue: str) -> str:
    return f"heartbeat:{queue}"


def beat(queues: Iterable[str]) -> None:
    try:
        cache.set_many({key(queue): 1 for queue in queues}, timeout=SILENCE)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is told)
        logger.warning("heartbeat: %s", error)
