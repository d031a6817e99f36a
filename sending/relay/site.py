"""One site at work: its ready queue, its connections, and how hard it may be pressed.

Policy: a site that refuses *us* is held, not its recipients: nothing is tried until the hold ends, waits of our own are no
tries, and afterwards one connection goes ahead before more follow. How many connections: never more than the site's
manners say, fewer after "too many connections", one more after each round of successes.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from sending.judging import trouble
from sending.judging.book import Effect, Hold
from sending.judging.trouble import Judgement, Outcome
from sending.relay.doors import Doors, NoDoor
from sending.relay.fairness import ReadyQueue
from sending.relay.ports import Clock, Parcel, Verdict
from sending.relay.routes import Route
from sending.relay.rulings import Ruling
from sending.relay.session import Session
from sending.relay.sites import Manners, Provider, name_of
from sending.relay.sources import ANY, Source
from sending.relay.waits import Waits

log = logging.getLogger(__name__)

FIRST_HOLD, LONGEST_HOLD = 30.0, 900.0
READY_A_CONNECTION = 20
LEAST_READY = 50


class Carrier(Protocol):
    """Whoever runs the sites: carries a parcel through a session, and takes back what is not sent."""

    async def deliver(self, site: "Site", session: Session, parcel: Parcel) -> Verdict | None: ...

    def conclude(self, site: "Site", parcel: Parcel, verdict: Verdict) -> None: ...

    def release(self, parcel: Parcel) -> None: ...

    def hungry(self) -> None: ...


class Site:
    """All domains of one route, seen from one of our addresses."""

    def __init__(
        self,
        route: Route,
        provider: Provider,
        *,
        carrier: Carrier,
        doors: Doors,
        clock: Clock,
        relays: int,
        source: Source = ANY,
    ) -> None:
        self.route = route
        self.source = source
        self.provider = provider
        self.name = name_of(route.hosts)
        self.manners: Manners = provider.manners.shared(relays if source.is_shared else 1)
        self.window = self.manners.connections
        self.own_hold_until = 0.0
        self.held_since = 0.0
        self.held_for = ""
        self.held_because = ""  # the class of trouble
        self.ruled: Ruling | None = None  # the hold that was decreed
        self._ruled_until = 0.0
        self.waits = Waits()
        self.failures = 0
        self.ready = ReadyQueue()
        self.workers: set[asyncio.Task[None]] = set()
        self.sessions: set[Session] = set()
        self.draining = False
        self._idle: deque[asyncio.Future[None]] = deque()
        self._carrier = carrier
        self._doors = doors
        self._clock = clock
        self._successes = 0
        self._again: set[int] = set()
        self._said: dict[Hold, deque[float]] = {}

    # What the dispatcher asks.

    @property
    def held_until(self) -> float:
        """The end of what it holds by itself, and of what was decreed (monotonic)."""
        return max(self.own_hold_until, self._ruled_until)

    @property
    def is_held(self) -> bool:
        return self._clock.monotonic() < self.held_until

    @property
    def is_ruled(self) -> bool:
        """Whether it is held because that was decreed."""
        return self._clock.monotonic() < self._ruled_until

    @property
    def most_ready(self) -> int:
        """How many parcels may wait here; few while the site is being tried out after a failure."""
        if self.failures:
            return self.window
        return max(LEAST_READY, self.window * READY_A_CONNECTION)

    @property
    def room(self) -> int:
        """How many more may be claimed for it now. 0 until half of the queue is gone, so that claims are not tiny."""
        if self.draining or self.is_held:
            return 0
        most = self.most_ready
        return most - len(self.ready) if len(self.ready) * 2 <= most else 0

    @property
    def is_quiet(self) -> bool:
        return not self.workers and not self.ready and not self.is_held and not self.failures

    def share(self, relays: int) -> None:
        """The number of relays has changed."""
        limit = self.provider.manners.shared(relays if self.source.is_shared else 1)
        self.window = (
            limit.connections if self.window >= self.manners.connections else min(self.window, limit.connections)
        )
        self.manners = limit

    def put(self, parcel: Parcel) -> None:
        """A claimed parcel for one of its domains."""
        if self.draining or self.is_held:
            self._carrier.release(parcel)
            return
        self.ready.push(parcel)
        self._wake()

    def drain(self) -> None:
        """No new conversations; what waits goes back."""
        self.draining = True
        self._release_ready()
        self._wake_all()

    def abort(self) -> None:
        """Hang up everywhere, now."""
        for session in list(self.sessions):
            session.abort()

    def drop_mailing(self, mailing_id: int) -> None:
        """A mailing may not go on: what waits here of it goes back."""
        self.drop(lambda parcel: parcel.lane.mailing_id == mailing_id)

    def drop(self, which: Callable[[Parcel], bool]) -> None:
        """What waits here and is meant goes back."""
        for parcel in self.ready.take_all(which):
            self._carrier.release(parcel)

    def rule(self, hold: Ruling | None) -> None:
        """It is decreed that nothing goes there (what is in conversation may end), or that this is over (None)."""
        ahead = self._clock.wall() - self._clock.monotonic()
        self.ruled, self._ruled_until = hold, hold.until - ahead if hold is not None else 0.0
        if self.is_ruled:
            self._release_ready()
            self._wake_all()

    def release(self) -> None:
        """It holds nothing by itself any more; one connection goes ahead, as after any hold."""
        now = self._clock.monotonic()
        if now < self.own_hold_until:
            self.own_hold_until = now
            self.waits.cut(now)

    # The connections.

    def _wake(self) -> None:
        while self._idle:
            future = self._idle.pop()
            if not future.done():
                future.set_result(None)
                return
        if len(self.workers) < self.window and self.ready:
            task = asyncio.ensure_future(self._work())
            self.workers.add(task)
            task.add_done_callback(self._worker_ended)

    def _wake_all(self) -> None:
        while self._idle:
            future = self._idle.pop()
            if not future.done():
                future.set_result(None)

    def _worker_ended(self, task: "asyncio.Task[None]") -> None:
        self.workers.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A connection to %s ended with an error.", self.name, exc_info=error)
        if self.ready and not self.draining and not self.is_held:
            self._wake()

    async def _work(self) -> None:
        """One connection after another, as long as there is something to send."""
        session: Session | None = None
        parcel: Parcel | None = None
        try:
            while True:
                parcel = None if self.is_held or len(self.workers) > self.window else self.ready.pop()
                if parcel is None:
                    if session is None or self.draining or self.is_held or len(self.workers) > self.window:
                        break
                    if not await self._rest():
                        break
                    continue
                if len(self.ready) * 2 <= self.most_ready:
                    self._carrier.hungry()
                if parcel.lane.tls_only and (told := self._doors.only_in_clear(self.route)) is not None:
                    self._carrier.conclude(self, parcel, told)  # others' mail goes on
                    parcel = None
                    continue
                if session is not None and not self._may_go_on(session, parcel):
                    await self._hang_up(session)
                    session = None
                if session is None:
                    session = await self._open(parcel)
                    if session is None:
                        parcel = None
                        break
                verdict = await self._carrier.deliver(self, session, parcel)
                if verdict is not None:
                    if self._was_stale(session, parcel, verdict):
                        self.ready.push_front(parcel)
                    else:
                        self._conclude(parcel, verdict)
                parcel = None
        finally:
            if parcel is not None:
                self._carrier.release(parcel)
            if session is not None:
                await self._hang_up(session)

    async def _rest(self) -> bool:
        """Wait for more with an open connection. False: it was in vain."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle.append(future)
        try:
            await asyncio.wait_for(future, self.manners.idle)
        except TimeoutError:
            return False
        finally:
            if future in self._idle:
                self._idle.remove(future)
        return True

    async def _open(self, parcel: Parcel) -> Session | None:
        began = self._clock.monotonic()
        try:
            session = await self._doors.open(
                self.route,
                provider=self.provider.name,
                domain="" if parcel.lane.excused else parcel.lane.domain,
                tls_required=self.provider.tls_required,
                tls_only=parcel.lane.tls_only,
                source=self.source,
            )
        except NoDoor as closed:
            verdict = replace(closed.verdict, took=self._clock.monotonic() - began)
            if verdict.judgement is trouble.NOT_IN_CLEAR:
                self._carrier.conclude(self, parcel, verdict)
                return None
            if self.sessions and verdict.judgement.outcome is Outcome.DEFERRED:
                # Others are talking to this site, so it lives: one connection too many.
                self._narrow()
                self.ready.push_front(parcel)
                return None
            self._conclude(parcel, verdict)
            if verdict.judgement.outcome is Outcome.DEFERRED and not self.is_held:
                self.hold(0.0, verdict.text, verdict.judgement.category)
            return None
        except BaseException:
            self._carrier.release(parcel)
            raise
        self.sessions.add(session)
        return session

    def _may_go_on(self, session: Session, parcel: Parcel) -> bool:
        """Whether an open connection is good for one more, and for this one."""
        return (
            session.usable
            and session.messages < self.manners.messages
            and (bool(session.tls) or not parcel.lane.tls_only)
        )

    async def _hang_up(self, session: Session) -> None:
        self.sessions.discard(session)
        await session.close()

    def _was_stale(self, session: Session, parcel: Parcel, verdict: Verdict) -> bool:
        """A connection that had been used was closed on us between two messages: another try, which does not count."""
        if session.messages < 2 or session.usable or parcel.id in self._again or self.draining:
            return False
        judgement = verdict.judgement
        stale = judgement.outcome is Outcome.DEFERRED and judgement.effect is Effect.CLOSE
        if stale:
            if len(self._again) > 10_000:
                self._again.clear()
            self._again.add(parcel.id)
        return stale

    # How hard it may be pressed.

    def _conclude(self, parcel: Parcel, verdict: Verdict) -> None:
        self._carrier.conclude(self, parcel, verdict)
        self.react(verdict.judgement, verdict.text)

    def react(self, judgement: Judgement, why: str) -> None:
        """Draw the consequences of a verdict for the site."""
        if judgement.effect is Effect.NONE:
            self.failures = 0  # it talks to us, whatever it says to one message
            self.held_for = ""
            self._widen()
        elif judgement.effect is Effect.NARROW:
            self._narrow()
        elif judgement.effect is Effect.HOLD:
            often = judgement.longer if judgement.longer and self._is_said_often(judgement.longer) else None
            self.hold((often or judgement.hold).seconds, why, judgement.category)

    def _is_said_often(self, rule: Hold) -> bool:
        """Count one more such reply; whether they are as many by now, within the time, as the rule asks for."""
        now = self._clock.monotonic()
        said = self._said.setdefault(rule, deque(maxlen=rule.times))
        said.append(now)
        return len(said) == rule.times and now - said[0] <= rule.within

    def hold(self, seconds: float, why: str, category: str = "") -> None:
        """Nothing to this site for a while; 0: its own back-off. Then one connection goes ahead. `category`: of the trouble."""
        now = self._clock.monotonic()
        if now < self.own_hold_until:  # others were in conversation when it said so: that makes it longer at the most
            self.own_hold_until = max(self.own_hold_until, now + seconds)
            self.waits.note(now, self.own_hold_until, category)
            return
        self.failures += 1
        seconds = seconds or min(LONGEST_HOLD, FIRST_HOLD * 2 ** min(self.failures - 1, 10))
        self.own_hold_until = now + seconds
        self.held_since, self.held_for, self.held_because = now, why[:300], category
        self.waits.note(now, self.own_hold_until, category)
        self.window = 1
        self._successes = 0
        log.info("%s: held for %d s: %s", self.name, seconds, self.held_for)
        self._release_ready()
        self._wake_all()

    def _narrow(self) -> None:
        self.window = max(1, min(self.window, len(self.sessions)) - 1)
        self._successes = 0

    def _widen(self) -> None:
        if self.window >= self.manners.connections:
            return
        self._successes += 1
        if self._successes >= self.window:
            self.window += 1
            self._successes = 0
            if self.ready:
                self._wake()

    def _release_ready(self) -> None:
        for parcel in self.ready.take_all():
            self._carrier.release(parcel)
