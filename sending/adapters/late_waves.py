"""Waves of bounces that come back by mail: the mailroom's circuit breaker, and the tables' part of it.

Trap: the mailroom does not see what was tried, only what came back; so before it calls something a wave it asks the log
whether most of what was sent there of late came back.
"""

import logging
import threading
import time

from django.db import connection

from accounts.tenancy import cross_tenant
from sending.adapters import wave_sql as sql
from sending.enums import EventKind
from sending.judging.breaker import Breaker, Limits
from sending.relay.ports import Wave

log = logging.getLogger(__name__)

LIMITS = Limits(least=25, seconds=3600.0, share=0.0)
SHARE = 0.5
NEWS = 30.0  # seconds between two looks at the same wave
HOURS = 6

TRIED = f"""
SELECT count(*) FILTER (WHERE e.kind = {EventKind.DELIVERED:d}),
       count(*) FILTER (WHERE e.kind IN ({EventKind.BOUNCED:d}, {EventKind.LATE_BOUNCE:d})),
       count(*) FILTER (WHERE e.kind = {EventKind.BOUNCED:d})
FROM sending_event e
WHERE e.at > now() - interval '{HOURS} hours'
  AND e.kind IN ({EventKind.DELIVERED:d}, {EventKind.BOUNCED:d}, {EventKind.LATE_BOUNCE:d})
  AND (e.provider = %(place)s OR (e.provider IN ('', 'Other') AND EXISTS (
        SELECT 1 FROM sending_delivery d WHERE d.id = e.delivery_id AND split_part(d.address, '@', 2) = %(place)s)))
"""


class LateWaves:
    """Counts refusals that cost an address, by place; opens waves. For several threads; nothing is kept over a restart."""

    def __init__(self) -> None:
        self._breaker = Breaker(LIMITS)
        self._lock = threading.Lock()
        self._looked: dict[str, float] = {}

    def refused(self, wave: Wave) -> bool:
        """A report of such a refusal came in, and is not acted on yet. True when it is one of a wave, which is open then.
        Raises django.db.Error. To be called outside of any scope.
        """
        now = time.monotonic()
        with self._lock:
            self._breaker.tried(wave.place, now=now)
            many = self._breaker.refused(wave.place, wave.likeness, now=now)
            if not many or now - self._looked.get(wave.likeness, -NEWS) < NEWS:
                return False
            if len(self._looked) > 1_000:
                self._looked.clear()
            self._looked[wave.likeness] = now
        with cross_tenant("whether most of what was sent to a place came back, whoever sent it"):
            if not _most_came_back(wave.place):
                return False
            back = open_wave(wave)
        log.warning(
            "%s sends most of what it took back with the same words; %d addresses wait for review: %s",
            wave.place,
            back,
            wave.text,
        )
        return True


def open_wave(wave: Wave) -> int:
    """Open a wave, or keep it open, and take back those whom it put on the do-not-send list of late; how many. Call inside
    of cross_tenant.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.OPEN, sql.opening(wave))
        wave_id = cursor.fetchone()[0]
        cursor.execute(sql.SUSPECTS, {"place": wave.place})
        given = sql.like(cursor.fetchall(), wave.likeness)
        if given["ids"]:
            cursor.execute(sql.TAKE_BACK, {"wave": wave_id, **given})
    return len(given["ids"])


def _most_came_back(place: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10s'")
        cursor.execute(TRIED, {"place": place})
        delivered, back, at_once = cursor.fetchone()
    # What came back late had been counted as delivered before.
    return bool(back >= SHARE * max(1, delivered + at_once))
