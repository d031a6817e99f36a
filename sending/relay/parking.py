"""Parking: what a provider has against a sender's domain or a send's content is decreed for every address, and ends by itself.

Policy: another address would be told the same, and going round by it is what spammers do. So the organization's mail (for its
domain or its signature) or the campaign's (for its content) rests at that provider, everything else goes on, and who knows
better may end it. An organization is parked when it was said often enough within a time; a campaign when a share of its tries
was refused so, out of at least so many. Which, how often, how long: the actions of the book (sending/judging/book.py).
"""

import asyncio
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from sending.judging.book import Action, Effect, Scope
from sending.relay.place import Place
from sending.relay.ports import Clock, Journal, Lane, Unreachable, Verdict
from sending.relay.rulings import BY_RELAY, HOLD, Ruling

log = logging.getLogger(__name__)

MOST_KEPT = 5_000
AGAIN = 5.0  # seconds: what was ruled a moment ago is not ruled again
WINDOW = 50  # tries of a campaign at a provider that are looked back at
MOST_WORDS = 300


@dataclass(slots=True)
class _Tries:
    """The last ones of a campaign at a provider: when, and whether it was refused for its content."""

    last: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def share(self, now: float, within: float) -> tuple[int, float]:
        recent = [refused for at, refused in self.last if now - at <= within]
        return len(recent), sum(recent) / max(1, len(recent))


class Parking:
    """Counts by sender and place what is said of senders; bounded: who was quiet longest is forgotten first."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._said: OrderedDict[tuple[object, ...], deque[float]] = OrderedDict()
        self._tries: OrderedDict[tuple[int, str], _Tries] = OrderedDict()
        self._ruled: dict[tuple[object, ...], float] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def weigh(self, place: Place, lane: Lane, verdict: Verdict) -> None:
        """A finished try; what follows from it is told to the journal."""
        if not lane.organization_id or place.route.account:
            return
        where = place.provider.name if place.provider.is_known else place.name
        own = [action for action in verdict.judgement.actions if action.is_of_sender]
        if lane.priority > 0:  # each app mail has a content of its own
            own = [action for action in own if action.scope is not Scope.CAMPAIGN]
        against = next((action for action in own if action.scope is Scope.CAMPAIGN), None)
        tries = self._tries_of(lane.mailing_id, where, begin=against is not None)
        now = self._clock.monotonic()
        if tries is not None:
            tries.last.append((now, against is not None))
        for action in own:
            if action.effect is Effect.PARK and self._is_due(action, lane, where, tries, now):
                self._park(action, place, lane, where, verdict, now)

    def _tries_of(self, mailing_id: int, where: str, *, begin: bool) -> _Tries | None:
        """Counted from the first refusal on: nearly all campaigns never have one."""
        key = (mailing_id, where)
        tries = self._tries.get(key)
        if tries is None and begin:
            tries = self._tries[key] = _Tries()
            if len(self._tries) > MOST_KEPT:
                self._tries.popitem(last=False)
        return tries

    def _is_due(self, action: Action, lane: Lane, where: str, tries: _Tries | None, now: float) -> bool:
        if action.scope is Scope.CAMPAIGN:
            count, share = tries.share(now, action.within) if tries is not None else (0, 0.0)
            return count >= action.times and share >= action.share
        key = (lane.organization_id, where, action)
        said = self._said.setdefault(key, deque(maxlen=action.times))
        self._said.move_to_end(key)
        if len(self._said) > MOST_KEPT:
            self._said.popitem(last=False)
        said.append(now)
        return len(said) == action.times and (action.times == 1 or now - said[0] <= action.within)

    def _park(self, action: Action, place: Place, lane: Lane, where: str, verdict: Verdict, now: float) -> None:
        whole = action.scope is Scope.ORGANIZATION
        key = (lane.organization_id if whole else lane.mailing_id, whole, where)
        if now - self._ruled.get(key, -AGAIN) < AGAIN:
            return
        if len(self._ruled) > MOST_KEPT:
            self._ruled.clear()
        self._ruled[key] = now
        if not whole:
            self._tries.pop((lane.mailing_id, where), None)  # afterwards it is judged by what is said then
        known = place.provider.is_known
        ruling = Ruling(
            0,
            HOLD,
            provider=place.provider.name if known else "",
            site="" if known else place.name,
            organization_id=lane.organization_id,
            mailing_id=0 if whole else lane.mailing_id,
            until=self._clock.wall() + action.seconds,
            why=f"{verdict.code} {verdict.text}".strip()[:MOST_WORDS],
            by=BY_RELAY,
            cause=verdict.judgement.category,
            since=self._clock.wall(),
        )
        task = asyncio.ensure_future(self._tell(key, ruling))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, key: tuple[object, ...], ruling: Ruling) -> None:
        what = f"campaign {ruling.mailing_id}" if ruling.mailing_id else f"organization {ruling.organization_id}"
        where = ruling.provider or ruling.site
        log.warning("%s is parked at %s for %d s: %s", what, where, ruling.until - self._clock.wall(), ruling.why)
        try:
            await self._journal.rule(ruling)
        except Unreachable:
            self._ruled.pop(key, None)  # the next refusal tells again
