"""A place as we stand with it: these mail servers, seen from one of our addresses. Held or not, how many connections, how fast.

Policy: what is said of the whole provider goes to its footing, what is said of these servers stays here. What a verdict means
for the place is decided by `react`, from the actions of its judgement (sending/judging/book.py).
"""

import logging
import math
from abc import ABC, abstractmethod
from dataclasses import replace

from sending.judging import trouble
from sending.judging.book import Action, Effect, Learn, Scope
from sending.judging.trouble import Judgement, Outcome
from sending.relay.ceilings import Ceiling
from sending.relay.footing import Footing
from sending.relay.ports import Clock
from sending.relay.recovery import Standing
from sending.relay.routes import Route
from sending.relay.rulings import Ruling
from sending.relay.sites import Manners, Provider, name_of
from sending.relay.sources import Source
from sending.relay.waits import Waits
from sending.relay.window import Window

log = logging.getLogger(__name__)


class Place(ABC):
    """`connected`: connections that are open or being opened. `ruled`: the hold that was decreed."""

    def __init__(self, route: Route, provider: Provider, *, clock: Clock, source: Source, footing: Footing) -> None:
        self.route = route
        self.source = source
        self.provider = provider
        self.name = name_of(route.hosts)
        self.footing = footing
        self.standing = Standing(clock, provider.learning)
        self.connections = footing.connections if footing.learns else Ceiling(provider.learning.count_quiet)
        self.connected = 0
        self.ruled: Ruling | None = None
        self._ruled_until = 0.0
        self._ruled_connections = self._ruled_messages = 0
        self._window = Window(self.manners.connections)
        self._clock = clock
        footing.join(self)

    @abstractmethod
    def let_go(self) -> None:
        """Nothing may be begun."""

    @abstractmethod
    def grown(self) -> None:
        """There may be one more connection."""

    # Held or not.

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
        until = max(self.standing.held_until, self.footing.standing.held_until, self._ruled_until)
        return self._clock.monotonic() < until

    @property
    def is_out_of_order(self) -> bool:
        """Held, or held a moment ago, and nothing has gone well since: the one that goes ahead is no sign of life."""
        return self.is_held or self.standing.is_probing or self.footing.standing.is_probing

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

    def rule(self, hold: Ruling | None) -> None:
        """It is decreed that nothing goes there (what is in conversation may end), or that this is over (None)."""
        ahead = self._clock.wall() - self._clock.monotonic()
        self.ruled, self._ruled_until = hold, hold.until - ahead if hold is not None else 0.0
        if self.is_ruled:
            self.let_go()

    def release(self) -> None:
        """It holds nothing by itself any more, and forgets what it learned; one connection goes ahead, as after any hold."""
        self.connections.forget()
        self.footing.messages.forget()
        self.standing.release()
        self.footing.standing.release()

    # How many, how fast.

    def share(self, relays: int) -> None:
        """The number of relays has changed."""
        self.footing.share(relays)
        self._window.set_limit(self.manners.connections)

    def limit(self, *, connections: int = 0, messages: int = 0, per_minute: float = 0.0) -> None:
        """What was decreed for this site: no more than that; 0: no such limit."""
        self._ruled_connections, self._ruled_messages = connections, messages
        self.standing.limit(per_minute)

    @property
    def most_messages(self) -> int:
        """In one connection."""
        most = self.footing.most_messages
        return min(most, self._ruled_messages) if self._ruled_messages else most

    @property
    def per_minute(self) -> float:
        """Messages a minute that may leave here now; 0: as many as it takes."""
        paces = (self.standing.ceiling, self.footing.standing.ceiling, self.footing.pace.per_second)
        return round(60 * min(paces), 1) if min(paces) < math.inf else 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next message may go."""
        return max(self.standing.wait(now), self.footing.wait(now))

    def take(self, now: float) -> None:
        """One goes."""
        self.standing.take(now)
        self.footing.take(now)

    def give_back(self) -> None:
        """It did not go after all."""
        self.standing.give_back()
        self.footing.give_back()

    def count_connection(self, change: int) -> None:
        """One more is being opened, or one is closed."""
        self.connected += change
        self.footing.connected += change

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

    # What follows from answers.

    def react(self, judgement: Judgement, why: str) -> None:
        """Draw the consequences of a verdict for the place."""
        effect = judgement.effect
        if effect is Effect.NONE and not judgement.is_put_off:
            self.standing.went_well()  # it talks to us, whatever it says to one message
            self.footing.standing.went_well()
            if self._window.well():
                self.grown()
        elif effect in (Effect.NONE, Effect.CLOSE) and judgement.outcome is Outcome.DEFERRED:
            if effect is Effect.CLOSE and self.connected > 1:
                self._window.bad()
            if judgement.is_put_off and self.standing.was_put_off():
                self._act(trouble.HOLD, why, judgement.category)
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
            self.too_many()
        elif action.effect is Effect.SLOW and not standing.learning.constant:
            standing.slow(action.per_minute, action.seconds)
        elif action.effect is Effect.HOLD and standing.hold(
            action.seconds, why, category, ramp=action.ramp, moves=action.moves
        ):
            log.info("%s: held for %d s: %s", self._place(action), standing.length, why[:300])
            for site in self.footing.sites if action.scope is Scope.PROVIDER else (self,):
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

    def too_many(self) -> None:
        """So many connections at once were one too many."""
        used = self._in_use()
        self._window.narrow(self.connected - 1)
        if not self.provider.learning.constant and used > 1:
            self.connections.learn(used - 1, trouble=used, now=self._clock.monotonic())

    def perhaps_too_many(self) -> None:
        """So many at once may have been too many, but nobody said so."""
        self._window.narrow(self.connected - 1)

    def too_many_messages(self, count: int) -> None:
        """So many messages in one connection were one too many."""
        if not self.provider.learning.constant:
            self.footing.messages.learn(count - 1, trouble=count, now=self._clock.monotonic())
