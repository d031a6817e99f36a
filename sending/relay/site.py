"""One site at work: its ready queue, its connections, and how hard it may be pressed.

Policy: a site that refuses *us* is held, not its recipients: nothing is tried until the hold ends, waits of our own are no
tries, and afterwards one connection goes ahead, slowly (recovery.py). Connections: as many as window, ceilings and footing let;
the next message: when their paces do. Nobody waits in a loop: a timer wakes the site when the next one may go, and when that
is too far away for an open connection to idle, connections are closed and what waits goes back.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from sending.judging import trouble
from sending.judging.book import Action, Effect, Learn, Scope
from sending.judging.trouble import Judgement, Outcome
from sending.relay.ceilings import Ceiling
from sending.relay.doors import Doors, NoDoor
from sending.relay.fairness import ReadyQueue
from sending.relay.footing import AHEAD, LEAST_READY, READY_A_CONNECTION, Footing, Slots
from sending.relay.ports import Clock, Parcel, Verdict
from sending.relay.recovery import Standing
from sending.relay.routes import Route
from sending.relay.rulings import Ruling
from sending.relay.session import Session
from sending.relay.sites import Manners, Provider, name_of
from sending.relay.sources import ANY, Source
from sending.relay.waits import Waits
from sending.relay.window import Window

log = logging.getLogger(__name__)

LONGEST_TIMER = 60.0  # seconds: then it is looked again whether the wait is still what it was


class Carrier(Protocol):
    """Whoever runs the sites: carries a parcel through a session, and takes back what is not sent."""

    async def deliver(self, site: "Site", session: Session, parcel: Parcel) -> Verdict | None: ...

    def conclude(self, site: "Site", parcel: Parcel, verdict: Verdict) -> None: ...

    def release(self, parcel: Parcel) -> None: ...

    def hungry(self) -> None: ...


class Site:
    """All domains of one route, seen from one of our addresses. `everywhere`: the connections of the whole relay."""

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
        footing: Footing | None = None,
        everywhere: Slots | None = None,
    ) -> None:
        self.route = route
        self.source = source
        self.provider = provider
        self.name = name_of(route.hosts)
        self.footing = footing or Footing(provider, clock, source=source, relays=relays)
        self.standing = Standing(clock, provider.learning)
        learning = provider.learning
        self.connections = self.footing.connections if self.footing.learns else Ceiling(learning.count_quiet)
        self._window = Window(self.manners.connections)
        self._ruled_connections = 0
        self.ruled: Ruling | None = None  # the hold that was decreed
        self._ruled_until = 0.0
        self.ready = ReadyQueue()
        self.workers: set[asyncio.Task[None]] = set()
        self.sessions: set[Session] = set()
        self.draining = False
        self.connected = 0  # connections that are open or being opened
        self._slots = (self.footing.slots, everywhere or Slots(lambda: 0))
        self._idle: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._carrier = carrier
        self._doors = doors
        self._clock = clock
        self._again: set[int] = set()
        self.footing.sites[self] = None

    # What the dispatcher asks.

    @property
    def manners(self) -> Manners:
        return self.footing.manners

    @property
    def window(self) -> int:
        """How many connections it may have now."""
        return min(self._window.size, self._limit())

    @property
    def failures(self) -> int:
        """Refusals since all was well."""
        return max(self.standing.failures, self.footing.standing.failures)

    @property
    def _held_by(self) -> Standing:
        """The site's own standing or the provider's, whichever is held for longer."""
        own, whole = self.standing, self.footing.standing
        return whole if whole.held_until > own.held_until else own

    @property
    def own_hold_until(self) -> float:
        return self._held_by.held_until

    @property
    def held_since(self) -> float:
        return self._held_by.held_since

    @property
    def held_for(self) -> str:
        return self._held_by.held_for

    @property
    def held_because(self) -> str:
        """The class of trouble."""
        return self._held_by.held_because

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
    def may_move(self) -> bool:
        """Whether what it does not take now may be tried from another of our addresses: only when it is about this one."""
        return self.is_held and not self.is_ruled and self._held_by.moves

    @property
    def waits(self) -> Waits:
        """The holds that were waited for; the provider's with the site's."""
        return self.standing.waits.with_those_of(self.footing.standing.waits)

    @property
    def most_ready(self) -> int:
        """How many parcels may wait here: what can be sent in a few seconds; few while it is tried out after a failure."""
        most = self.window
        if not self.standing.is_probing:
            most = max(LEAST_READY, most * READY_A_CONNECTION)
        now = self._clock.monotonic()
        return min(most, self.standing.allows(now, AHEAD), self.footing.allows(now))

    @property
    def room(self) -> int:
        """How many more may be claimed for it now. 0 until half of the queue is gone, so that claims are not tiny."""
        if self.draining or self.is_held:
            return 0
        most = self.most_ready
        return most - len(self.ready) if len(self.ready) * 2 <= most else 0

    @property
    def is_quiet(self) -> bool:
        return not (self.workers or self.ready or self.is_held or self.failures or self.connections.value)

    def share(self, relays: int) -> None:
        """The number of relays has changed."""
        self.footing.share(relays)
        self._window.set_limit(self.manners.connections)

    def limit(self, *, connections: int = 0, per_minute: float = 0.0) -> None:
        """What was decreed for this site: no more than that; 0: no such limit."""
        self._ruled_connections = connections
        self.standing.limit(per_minute)

    def put(self, parcel: Parcel) -> None:
        """A claimed parcel for one of its domains."""
        if self.draining or self.is_held:
            self._carrier.release(parcel)
            return
        self.ready.push(parcel)
        self.footing.ready += 1
        self._wake()

    def drain(self) -> None:
        """No new conversations; what waits goes back."""
        self.draining = True
        self.let_go()

    def abort(self) -> None:
        """Hang up everywhere, now."""
        if self._timer is not None:
            self._timer.cancel()
        for session in list(self.sessions):
            session.abort()

    def drop_mailing(self, mailing_id: int) -> None:
        """A mailing may not go on: what waits here of it goes back."""
        self.drop(lambda parcel: parcel.lane.mailing_id == mailing_id)

    def drop(self, which: Callable[[Parcel], bool] = lambda _: True) -> None:
        """What waits here and is meant goes back."""
        taken = self.ready.take_all(which)
        self.footing.ready -= len(taken)
        for parcel in taken:
            self._carrier.release(parcel)

    def let_go(self) -> None:
        """Nothing may be begun: what waits goes back, and who rests hangs up."""
        self.drop()
        for slots in self._slots:
            slots.leaves(self)
        while self._idle:
            self._rouse()

    def rule(self, hold: Ruling | None) -> None:
        """It is decreed that nothing goes there (what is in conversation may end), or that this is over (None)."""
        ahead = self._clock.wall() - self._clock.monotonic()
        self.ruled, self._ruled_until = hold, hold.until - ahead if hold is not None else 0.0
        if self.is_ruled:
            self.let_go()

    def release(self) -> None:
        """It holds nothing by itself any more; one connection goes ahead, as after any hold."""
        self.standing.release()
        self.footing.standing.release()

    # Whose turn it is. (Slots and timers call these.)

    def offered(self) -> None:
        """A connection is free."""
        self._wake()

    def spare(self) -> bool:
        """Let one that rests hang up, for others; False when none rests."""
        return self._rouse()

    def _rouse(self) -> bool:
        while self._idle:
            future = self._idle.pop()
            if not future.done():
                future.set_result(None)
                return True
        return False

    def _wake(self) -> None:
        """Somebody goes on with what waits, if anybody may now."""
        if not self.ready or self.draining or self.is_held or not self._may_send() or self._rouse():
            return
        if len(self.workers) >= self.window or not self._may_open():
            return
        if not all(slots.has_room(self) for slots in self._slots):
            return
        for slots in self._slots:
            slots.take(self)
        task = asyncio.ensure_future(self._work())
        self.workers.add(task)
        task.add_done_callback(self._worker_ended)

    def _worker_ended(self, task: "asyncio.Task[None]") -> None:
        self.workers.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A connection to %s ended with an error.", self.name, exc_info=error)
        for slots in self._slots:
            slots.give_back()
        self._wake()

    def _may_send(self) -> bool:
        """Whether the next message may go now; else a timer wakes us, or what waits goes back when that is far away."""
        now = self._clock.monotonic()
        wait = max(self.standing.wait(now), self.footing.wait(now))
        if wait <= 0:
            return True
        if wait > max(self.manners.idle, AHEAD):
            self.drop()
        else:
            self._wake_in(wait)
        return False

    def _may_open(self) -> bool:
        """Whether another connection may be begun now; else a timer wakes us."""
        wait = self.footing.opening.wait(self._clock.monotonic())
        if wait > 0:
            self._wake_in(wait)
        return wait <= 0

    def _wake_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + min(seconds, LONGEST_TIMER)
        if self._timer is not None:
            if not self._timer.cancelled() and self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        before = -1
        while before < len(self.workers):  # until nobody more is needed, or another timer is set
            before = len(self.workers)
            self._wake()

    # The connections.

    async def _work(self) -> None:
        """One connection after another, as long as there is something to send."""
        session: Session | None = None
        parcel: Parcel | None = None
        try:
            while True:
                parcel = self._next()
                if parcel is None:
                    if session is None or self._should_go() or not await self._rest():
                        break
                    continue
                if len(self.ready) * 2 <= self.most_ready:
                    self._carrier.hungry()
                if parcel.lane.tls_only and (told := self._doors.only_in_clear(self.route)) is not None:
                    self._give_back()
                    self._carrier.conclude(self, parcel, told)  # others' mail goes on
                    parcel = None
                    continue
                if session is not None and not self._may_go_on(session, parcel):
                    await self._hang_up(session)
                    session = None
                if session is None:
                    if self._is_wanted() or not self._may_open():  # others' turn, or too soon
                        self._put_back(parcel)
                        parcel = None
                        break
                    session = await self._open(parcel)
                    if session is None:
                        parcel = None
                        break
                verdict = await self._carrier.deliver(self, session, parcel)
                if verdict is None:
                    self._give_back()
                elif self._is_worth_another(session, parcel, verdict):
                    self._put_back(parcel)
                else:
                    self._conclude(parcel, verdict)
                parcel = None
        finally:
            if parcel is not None:
                self._carrier.release(parcel)
            if session is not None:
                await self._hang_up(session)

    def _next(self) -> Parcel | None:
        """The next parcel, taken from pace and budget; None when there is none or it may not go."""
        if not self.ready or self.is_held or len(self.workers) > self.window or not self._may_send():
            return None
        parcel = self.ready.pop()
        if parcel is not None:
            now = self._clock.monotonic()
            self.footing.ready -= 1
            self.standing.take(now)
            self.footing.take(now)
            if self.ready and (self.standing.is_paced or self.footing.is_paced):
                self._wake()  # the next one's moment is not forgotten while this one is in conversation
        return parcel

    def _put_back(self, parcel: Parcel) -> None:
        """It was taken and not tried."""
        self._give_back()
        if self.draining or self.is_held:
            self._carrier.release(parcel)
            return
        self.ready.push_front(parcel)
        self.footing.ready += 1

    def _give_back(self) -> None:
        self.standing.give_back()
        self.footing.give_back()

    def _should_go(self) -> bool:
        """Whether a connection with nothing to send is better closed."""
        if self.draining or self.is_held or len(self.workers) > self.window or self._is_wanted():
            return True
        now = self._clock.monotonic()
        return max(self.standing.wait(now), self.footing.wait(now)) > self.manners.idle

    def _is_wanted(self) -> bool:
        """Whether others stand in line for a connection."""
        return any(slots.is_wanted for slots in self._slots)

    async def _rest(self) -> bool:
        """Wait for more with an open connection. False: it was in vain."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle.append(future)
        for slots in self._slots:
            slots.rests(self)
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
        self.footing.opening.take(began)
        self._count_connection(1)
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
            self._not_opened(parcel, replace(closed.verdict, took=self._clock.monotonic() - began))
            self._count_connection(-1)
            return None
        except BaseException:
            self._carrier.release(parcel)
            self._count_connection(-1)
            raise
        self.sessions.add(session)
        return session

    def _not_opened(self, parcel: Parcel, verdict: Verdict) -> None:
        judgement = verdict.judgement
        if judgement is trouble.NOT_IN_CLEAR:
            self._give_back()
            self._carrier.conclude(self, parcel, verdict)
            return
        put_off = judgement.outcome is Outcome.DEFERRED
        if judgement.effect is Effect.NARROW and self._in_use() > 1:
            self._too_many()
            self._put_back(parcel)
            return
        if put_off and self.sessions and not judgement.blames_us:
            # Others are talking to it, so it lives: perhaps one connection too many, but that was not said.
            self._window.narrow(len(self.workers) - 1)
            self._put_back(parcel)
            return
        self._conclude(parcel, verdict)
        if put_off and not self.is_held:
            self.hold(0.0, verdict.text, judgement.category)

    def _count_connection(self, change: int) -> None:
        self.connected += change
        self.footing.connected += change

    def _may_go_on(self, session: Session, parcel: Parcel) -> bool:
        """Whether an open connection is good for one more, and for this one."""
        return (
            session.usable
            and session.messages < self.footing.most_messages
            and (bool(session.tls) or not parcel.lane.tls_only)
        )

    async def _hang_up(self, session: Session) -> None:
        self.sessions.discard(session)
        await session.close()
        self._count_connection(-1)

    def _is_worth_another(self, session: Session, parcel: Parcel, verdict: Verdict) -> bool:
        """A used connection was closed on us between two messages, or takes no more: another try, which does not count."""
        judgement = verdict.judgement
        if session.messages < 2 or parcel.id in self._again or self.draining:
            return False
        if judgement.outcome is not Outcome.DEFERRED or judgement.effect is not Effect.CLOSE:
            return False
        full = any(action.learn is Learn.MESSAGES for action in judgement.actions)
        if session.usable and not full:
            return False
        if full:
            self._learn_messages(session)
        if len(self._again) > 10_000:
            self._again.clear()
        self._again.add(parcel.id)
        return True

    # How hard it may be pressed.

    def _limit(self) -> int:
        """Connections at once: manners, what was learned, what was decreed."""
        manners = self.manners.connections
        if not self.connections.value and not self._ruled_connections:
            return manners
        learned = int(self.connections.settle(self._clock.monotonic(), limit=self.manners.together or manners))
        return min(limit for limit in (manners, learned, self._ruled_connections) if limit)

    def _in_use(self) -> int:
        """Connections that the place counts, as far as we know."""
        return self.footing.connected if self.footing.learns else self.connected

    def _conclude(self, parcel: Parcel, verdict: Verdict) -> None:
        self._carrier.conclude(self, parcel, verdict)
        self.react(verdict.judgement, verdict.text)

    def react(self, judgement: Judgement, why: str) -> None:
        """Draw the consequences of a verdict for the place."""
        effect = judgement.effect
        if judgement.is_put_off and effect is Effect.NONE:
            if self.standing.was_put_off():
                self._act(trouble.HOLD, why, judgement.category)
        elif effect is Effect.NONE:
            self.standing.went_well()  # it talks to us, whatever it says to one message
            self.footing.standing.went_well()
            if self._window.well() and self.ready:
                self._wake()
        elif effect is Effect.CLOSE and judgement.outcome is Outcome.DEFERRED and len(self.workers) > 1:
            self._window.bad()
        for action in judgement.actions:
            if not action.is_of_sender and self._standing_of(action).has_said_often(action):
                self._act(action, why, judgement.category)

    def _standing_of(self, action: Action) -> Standing:
        return self.footing.standing if action.scope is Scope.PROVIDER else self.standing

    def _act(self, action: Action, why: str, category: str) -> None:
        standing = self._standing_of(action)
        if action.learn is Learn.PACE and not standing.is_held(self._clock.monotonic()):
            standing.too_fast()
        if action.effect is Effect.NARROW:
            self._too_many()
        elif action.effect is Effect.SLOW and not standing.learning.constant:
            standing.slow(action.per_minute, action.seconds)
        elif action.effect is Effect.HOLD and standing.hold(
            action.seconds, why, category, ramp=action.ramp, moves=action.moves
        ):
            log.info("%s: held for %d s: %s", self._place(action), standing.length, why[:300])
            for site in list(self.footing.sites) if action.scope is Scope.PROVIDER else (self,):
                site.begin_again()

    def _place(self, action: Action) -> str:
        return self.provider.name if action.scope is Scope.PROVIDER and self.provider.is_known else self.name

    def hold(self, seconds: float, why: str, category: str = "") -> None:
        """Nothing to this site for a while; 0: its own back-off. Then one connection goes ahead. `category`: of the trouble."""
        self._act(replace(trouble.HOLD, seconds=seconds), why, category)

    def begin_again(self) -> None:
        """It is held: one connection goes ahead afterwards."""
        self._window.begin_again()
        self.let_go()

    def _too_many(self) -> None:
        """So many connections at once were one too many."""
        used = self._in_use()
        self._window.narrow(len(self.workers) - 1)
        if not self.provider.learning.constant and used > 1:
            self.connections.learn(used - 1, trouble=used, now=self._clock.monotonic())

    def _learn_messages(self, session: Session) -> None:
        """So many messages in one connection were one too many."""
        if not self.provider.learning.constant:
            now = self._clock.monotonic()
            self.footing.messages.learn(session.messages - 1, trouble=session.messages, now=now)
