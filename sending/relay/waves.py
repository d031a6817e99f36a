"""Noticing waves: when most of what is tried at a place is refused with the same words, the journal is told, and holds back.

Policy: the relay only notices; whose suppression waits for a person is decided in the journal's transaction, for all relays.
"""

import asyncio
import logging

from sending.judging import likeness, trouble
from sending.judging.breaker import Breaker
from sending.relay.ports import Clock, Journal, Parcel, Unreachable, Verdict, Wave

log = logging.getLogger(__name__)

NEWS = 10.0  # seconds between two words about the same wave
MOST_KNOWN = 200


class Waves:
    """Counts this relay's tries and refusals."""

    def __init__(self, journal: Journal, clock: Clock, breaker: Breaker | None = None) -> None:
        self._journal = journal
        self._clock = clock
        self._breaker = breaker or Breaker()
        self._told: dict[str, float] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def weigh(self, parcel: Parcel, verdict: Verdict, provider: str) -> str:
        """Count a finished try; gives the likeness of a refusal that would cost its recipient the address, else ""."""
        now = self._clock.monotonic()
        domain = parcel.lane.domain
        place = likeness.place_of(provider=provider, domain=domain)
        self._breaker.tried(place, now=now)
        if not verdict.judgement.suppress or verdict.judgement is trouble.NULL_MX:
            return ""  # who says in the DNS that he takes no mail has not made a mistake
        code, _, status = verdict.code.partition(" ")
        like = likeness.of(provider=provider, domain=domain, code=int(code or 0), status=status, text=verdict.text)
        if self._breaker.refused(place, like, now=now) and now - self._told.get(like, -NEWS) >= NEWS:
            if len(self._told) > MOST_KNOWN:
                self._told.clear()
            self._told[like] = now
            task = asyncio.ensure_future(self._tell(Wave(like, place, verdict.code, likeness.plain(verdict.text))))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        return like

    async def _tell(self, wave: Wave) -> None:
        log.warning(
            "%s refuses most of what is tried, with the same words; nobody is given up for: %s", wave.place, wave.text
        )
        try:
            await self._journal.wave(wave)
        except Unreachable:
            self._told.pop(wave.likeness, None)  # the next refusal tells again
