"""One site at work: its ready queue, its connections, and how hard it may be pressed.

Policy: a site that refuses *us* is held, not its recipients: nothing is tried until the hold ends, waits of our own are no
tries, and afterwards one connection goes ahead, slowly (recovery.py). Connections: as many as window, ceilings and footing let;
the next message: when their paces do. Nobody waits in a loop: a timer wakes the site when the next one may go, and when that
is too far away for an open connection to idle, connections are closed and what waits goes back.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Protocol

from sending.judging import trouble
from sending.judging.book import Effect, Learn
from sending.judging.trouble import Outcome
from sending.relay.accounts import Call, Calls
from sending.relay.doors import Doors, NoDoor
from sending.relay.fairness import ReadyQueue
from sending.relay.footing import AHEAD, LEAST_READY, READY_A_CONNECTION, Footing, Slots
from sending.relay.place import Place
from sending.relay.ports import Clock, Parcel, Verdict
from sending.relay.routes import Route
from sending.relay.session import Session
from sending.relay.sites import Provider
from sending.relay.sources import ANY, Source

log = logging.getLogger(__name__)

AFTER_AN_ERROR = 5.0  # seconds
LONGEST_TIMER = 60.0  # seconds: then it is looked again whether the wait is still what it was

Conversation = Session | Call  # with a mail server, or with an API


class Carrier(Protocol):
    """Whoever runs the sites: carries a parcel through a session, and takes back what is not sent."""

    async def deliver(self, site: "Site", session: Conversation, parcel: Parcel) -> Verdict | None: ...

    def conclude(self, site: "Site", parcel: Parcel, verdict: Verdict) -> None: ...

    def release(self, parcel: Parcel) -> None: ...

    def hungry(self) -> None: ...


class Site(Place):
    """All domains of one route, seen from one of our addresses. `everywhere`: the connections of the whole relay."""

    def __init__(
        self,
        route: Route,
        provider: Provider,
        *,
        carrier: Carrier,
        doors: Doors | Calls,
        clock: Clock,
        relays: int,
        source: Source = ANY,
        footing: Footing | None = None,
        everywhere: Slots | None = None,
    ) -> None:
        footing = footing or Footing(provider, clock, source=source, relays=relays)
        super().__init__(route, provider, clock=clock, source=source, footing=footing)
        self.ready = ReadyQueue()
        self.workers: set[asyncio.Task[None]] = set()
        self._began: dict[Conversation, float] = {}  # each open connection, since when (monotonic)
        self.draining = False
        self._slots = (self.footing.slots, everywhere or Slots(lambda: 0))
        self._idle: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._carrier = carrier
        self._doors = doors
        self._again: set[int] = set()

    @property
    def sessions(self) -> Collection[Conversation]:
        """Those that are open."""
        return self._began.keys()

    # What the dispatcher asks.

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

    def put(self, parcel: Parcel) -> bool:
        """A claimed parcel for one of its domains. False: it went back."""
        if self.draining or self.is_held:
            self._carrier.release(parcel)
            return False
        self.ready.push(parcel)
        self.footing.ready += 1
        self._wake()
        return True

    def drain(self) -> None:
        """No new conversations; what waits goes back."""
        self.draining = True
        self.let_go()

    def abort(self) -> None:
        """Hang up everywhere, now."""
        if self._timer is not None:
            self._timer.cancel()
        for session in list(self._began):
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

    # Whose turn it is. (Slots and timers call these.)

    def offered(self) -> None:
        """A connection is free."""
        self._wake()

    def grown(self) -> None:
        """There may be one more."""
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
        wait = self.wait(now)
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
        session: Conversation | None = None
        parcel: Parcel | None = None
        had_turn = False  # whoever stood in line uses the place before giving way again
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
                    self.give_back()
                    self._carrier.conclude(self, parcel, told)  # others' mail goes on
                    parcel = None
                    continue
                if session is not None and not self._may_go_on(session, parcel):
                    await self._hang_up(session)
                    session = None
                if session is None:
                    if (had_turn and self._is_wanted()) or not self._may_open():  # others' turn, or too soon
                        self._put_back(parcel)
                        parcel = None
                        break
                    session = await self._open(parcel)
                    if session is None:
                        parcel = None
                        break
                had_turn = True
                verdict = await self._carrier.deliver(self, session, parcel)
                if verdict is None:
                    self.give_back()
                elif self._is_worth_another(session, parcel, verdict):
                    self._put_back(parcel)
                else:
                    self._conclude(parcel, verdict)
                parcel = None
        finally:
            if parcel is not None:
                self.give_back()
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
            self.take(now)
            if self.ready and (self.standing.is_paced or self.footing.is_paced):
                self._wake()  # the next one's moment is not forgotten while this one is in conversation
        return parcel

    def _put_back(self, parcel: Parcel) -> None:
        """It was taken and not tried."""
        self.give_back()
        if self.draining or self.is_held:
            self._carrier.release(parcel)
            return
        self.ready.push_front(parcel)
        self.footing.ready += 1

    def _should_go(self) -> bool:
        """Whether a connection with nothing to send is better closed."""
        if self.draining or self.is_held or len(self.workers) > self.window or self._is_wanted():
            return True
        now = self._clock.monotonic()
        return self.wait(now) > self.manners.idle

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

    async def _open(self, parcel: Parcel) -> Conversation | None:
        began = self._clock.monotonic()
        self.footing.opening.take(began)
        self.count_connection(1)
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
            self.count_connection(-1)
            return None
        except BaseException as error:
            self.count_connection(-1)
            if isinstance(error, Exception):  # ours: the next one would meet it too
                self._act(
                    replace(trouble.AWAY, seconds=AFTER_AN_ERROR), "an error of ours; it is in the relay's log", ""
                )
            raise
        self._began[session] = began
        return session

    def _not_opened(self, parcel: Parcel, verdict: Verdict) -> None:
        judgement = verdict.judgement
        if judgement is trouble.NOT_IN_CLEAR:
            self.give_back()
            self._carrier.conclude(self, parcel, verdict)
            return
        put_off = judgement.outcome is Outcome.DEFERRED
        if judgement.effect is Effect.NARROW and self._in_use() > 1:
            self.too_many()
            self._put_back(parcel)
            return
        if put_off and self.sessions and not judgement.blames_us:
            # Others are talking to it, so it lives: perhaps one connection too many, but that was not said.
            self.perhaps_too_many()
            self._put_back(parcel)
            return
        self._conclude(parcel, verdict)
        if put_off and not self.is_held:
            self.hold(0.0, verdict.text, judgement.category)

    def _conclude(self, parcel: Parcel, verdict: Verdict) -> None:
        self._carrier.conclude(self, parcel, verdict)
        self.react(verdict.judgement, verdict.text)

    def _may_go_on(self, session: Conversation, parcel: Parcel) -> bool:
        """Whether an open connection is good for one more, and for this one."""
        return (
            session.usable
            and session.messages < self.most_messages
            and self._clock.monotonic() - self._began.get(session, 0.0) < self.manners.age
            and (bool(session.tls) or not parcel.lane.tls_only)
        )

    async def _hang_up(self, session: Conversation) -> None:
        self._began.pop(session, None)
        await session.close()
        self.count_connection(-1)

    def _is_worth_another(self, session: Conversation, parcel: Parcel, verdict: Verdict) -> bool:
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
            self.too_many_messages(session.messages)
        if len(self._again) > 10_000:
            self._again.clear()
        self._again.add(parcel.id)
        return True
