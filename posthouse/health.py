"""Whether the house stands: /livez for "is the web process alive", /healthz for "does every part do its work".

Both are open to everybody (load balancers carry no password), so they say yes or no for each part and nothing else: no
version, no address, no reason. The reasons are in the log.
"""

import logging
import socket
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from posthouse import heartbeat
from posthouse.celery import app
from sending.models import Relay

logger = logging.getLogger(__name__)

RELAY_SILENCE = timedelta(seconds=5)  # it beats every second
ANSWER_WITHIN = 1.0  # seconds


@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    parts = {"web": True} | {name: _stands(name, check) for name, check in CHECKS.items()}
    ok = all(parts.values())
    return JsonResponse({"ok": ok, "parts": parts}, status=200 if ok else 503)


def _stands(name: str, check: Callable[[], bool]) -> bool:
    """Whatever goes wrong while looking means no."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001  (whatever it is, it is told)
        logger.warning("health: %s is down: %s", name, error)
        return False


def database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except Exception:
        connection.close()  # the next look begins with a fresh connection
        raise


def broker() -> bool:
    """A channel is opened, which for Redis and Valkey means that a PING was answered."""
    with app.connection_for_read(connect_timeout=ANSWER_WITHIN) as link:
        link.connect()
        link.channel().close()
    return True


def worker() -> bool:
    """Every queue is served."""
    keys = [heartbeat.key(queue) for queue in settings.CELERY_TASK_QUEUES]
    return len(cache.get_many(keys)) == len(keys)


def relay() -> bool:
    with transaction.atomic():
        return Relay.objects.filter(ended_at=None, beat_at__gt=Now() - RELAY_SILENCE).exists()


def mailroom() -> bool:
    """It greets with 220 (RFC 5321 section 4.3.1)."""
    address = (settings.MAILROOM_HOST or "127.0.0.1", settings.MAILROOM_PORT)
    with socket.create_connection(address, timeout=ANSWER_WITHIN) as line:
        greeting = line.recv(4)
        line.sendall(b"QUIT\r\n")
    return greeting.startswith(b"220")


CHECKS: dict[str, Callable[[], bool]] = {
    "database": database,
    "broker": broker,
    "worker": worker,
    "relay": relay,
    "mailroom": mailroom,
}
