"""How a place stands with us: held or not, and how its pace comes back. A site has one, and a provider's footing.

Policy: a place that says "not now" is held; afterwards it is tried at a tenth of its former pace, which grows with what it
takes to what it was, or to what was learned to be too much less a step. A refusal on the way makes the next hold twice as
long: full speed never comes back at once. What was out of order without a word of theirs (no connection, no DNS) costs a hold
and no ramp. Trap: waits of our own are no refusals, and refusals that we make up never come here.
"""

import math
from collections import deque

from sending.judging.book import Action
from sending.relay.ceilings import Ceiling
from sending.relay.pace import Gcra, Meter
from sending.relay.ports import Clock
from sending.relay.sites import Learning
from sending.relay.waits import Waits

MOST_DOUBLINGS = 10
ENOUGH = 10  # messages in the last minute that tell a pace
BEYOND = 4  # times the former pace: then it is not held back any more
AT_LEAST = 3  # messages that a place has to take before it counts as recovered


class Standing:
    """`failures`: refusals since it was last well. `held_because`: the class of trouble, `held_for`: the server's words.

    `moves`: what is held may be tried from another of our addresses. Times are monotonic seconds, paces messages a second.
    """

    def __init__(self, clock: Clock, learning: Learning) -> None:
        self._clock = clock
        self.learning = learning
        self.held_until = 0.0
        self.held_since = 0.0
        self.held_for = ""
        self.held_because = ""
        self.moves = False
        self.failures = 0
        self.is_probing = False  # nothing has gone well since the last hold
        self.waits = Waits()
        self.taken = Meter()  # what it took in the last minute
        self.learned = Ceiling(learning.pace_quiet, learning.pace_step, learning.least_a_minute / 60)
        self.goal = 0.0  # the pace to come back to; 0: it is there
        self._ramp = math.inf
        self._slow = math.inf
        self._slow_until = 0.0
        self._ruled = math.inf
        self._pace: Gcra | None = None
        self.length = 0.0  # of the last hold
        self._looked = -math.inf
        self._grown_at = 0.0
        self._well = 0
        self._tries: Meter | None = None
        self._put_off: Meter | None = None
        self._said: dict[Action, deque[float]] | None = None

    # Held or not.

    def is_held(self, now: float) -> bool:
        return now < self.held_until

    def hold(self, seconds: float, why: str, category: str, *, ramp: bool = True, moves: bool = False) -> bool:
        """Nothing for a while; 0: its own back-off. False: it was held already, and is for longer at the most.

        `ramp`: afterwards the pace comes back slowly.
        """
        now, learning = self._clock.monotonic(), self.learning
        if self.is_held(now):
            self.held_until = max(self.held_until, now + seconds)
            self.waits.note(now, self.held_until, category)
            return False
        self.failures += 1
        doubled = 2 ** min(self.failures - 1, MOST_DOUBLINGS)
        if not seconds:
            seconds = min(learning.longest_hold, learning.first_hold * doubled)
        elif self.goal:  # refused once more on the way back
            seconds = max(seconds, min(2 * self.length, 4 * seconds))
        if ramp and not learning.constant:
            self._begin_ramp(now)
        self.held_since, self.held_until, self.length = now, now + seconds, seconds
        self.held_for, self.held_because, self.moves = why[:300], category, moves
        self.waits.note(now, self.held_until, category)
        self.is_probing, self._well = True, 0
        self.taken.clear()
        self._tries = self._put_off = None
        return True

    def release(self) -> None:
        """The hold is over, what was learned and asked is forgotten; the way back is as after any hold."""
        now = self._clock.monotonic()
        self._slow_until = 0.0
        self.learned.forget()
        if self.is_held(now):
            self.held_until = now
            self.waits.cut(now)

    def has_said_often(self, action: Action) -> bool:
        """Count one more such reply; whether they are as many by now, within the time, as the rule asks for."""
        if action.times <= 1:
            return True
        now = self._clock.monotonic()
        if self._said is None:
            self._said = {}
        said = self._said.setdefault(action, deque(maxlen=action.times))
        said.append(now)
        return len(said) == action.times and now - said[0] <= action.within

    # How fast.

    @property
    def is_paced(self) -> bool:
        return self._pace is not None

    @property
    def is_recovering(self) -> bool:
        return self.goal > 0

    @property
    def ceiling(self) -> float:
        """The pace that may be had now, as far as it is limited here; infinite when it is not."""
        now = self._clock.monotonic()
        learned = self.learned.settle(now) or math.inf
        slow = self._slow if now < self._slow_until else math.inf
        return min(self._ramp, slow, learned, self._ruled)

    def wait(self, now: float) -> float:
        """Seconds until the next message may go."""
        if now - self._looked >= 1.0:  # slow things rise and end by the clock
            self._looked = now
            self._set_pace(now)
        return self._pace.wait(now) if self._pace is not None else 0.0

    def take(self, now: float) -> None:
        if self._pace is not None:
            self._pace.take(now)

    def give_back(self) -> None:
        if self._pace is not None:
            self._pace.give_back()

    def allows(self, now: float, seconds: float) -> int:
        """How many may go until then."""
        self.wait(now)
        return self._pace.allows(now, seconds) if self._pace is not None else 1_000_000

    def slow(self, per_minute: float, seconds: float) -> None:
        """No more than so many a minute, for a while."""
        now = self._clock.monotonic()
        still = self._slow if now < self._slow_until else math.inf
        self._slow, self._slow_until = min(still, per_minute / 60), max(self._slow_until, now + seconds)
        self._set_pace(now)

    def limit(self, per_minute: float) -> None:
        """No more than so many a minute, until told otherwise; 0: no such limit."""
        self._ruled = per_minute / 60 if per_minute else math.inf
        self._set_pace(self._clock.monotonic())

    def too_fast(self) -> None:
        """The server says that this was too much at once."""
        if self.learning.constant:
            return
        now = self._clock.monotonic()
        pace = min(self.taken.rate(now), self.ceiling)
        if self.taken.count(now) < ENOUGH:
            if not self.goal and not self.learned.value:
                return  # hardly anything was sent: that says nothing of the pace
            pace = self.ceiling
        self.learned.learn(pace * self.learning.back_off, trouble=max(pace, self.learned.least), now=now)
        self._set_pace(now)

    # What became of tries.

    def went_well(self) -> None:
        """A message was taken, or refused for reasons that are not ours."""
        now = self._clock.monotonic()
        self.taken.add(now)
        if self.is_probing:
            self.is_probing = False
            if not self.goal:
                self.failures = 0
        if self.goal:
            self._grow(now)
        if self._tries is not None:
            self._tries.add(now)

    def was_put_off(self) -> bool:
        """A message was put off, for no reason of its recipient's. True: by now that is a share of tries that means "not now"."""
        if self.learning.constant:
            return False
        now, learning = self._clock.monotonic(), self.learning
        if self._tries is None or self._put_off is None:
            self._tries, self._put_off = Meter(learning.within), Meter(learning.within)
            self._tries.add(now, min(self.taken.count(now), learning.tries))
        self._tries.add(now)
        self._put_off.add(now)
        tries, put_off = self._tries.count(now), self._put_off.count(now)
        return tries >= learning.tries and put_off >= learning.share * tries

    @property
    def share_of_goal(self) -> float:
        """How far the way back is done, from 0 to 1."""
        return min(1.0, self._ramp / self.goal) if self.is_recovering else 1.0

    def _begin_ramp(self, now: float) -> None:
        learning = self.learning
        least = learning.least_a_minute / 60
        goal = max(self.goal, self.taken.rate(now))
        if learned := self.learned.settle(now):
            goal = min(goal, learned)
        self.goal = max(goal, least)
        self._ramp = max(least, learning.start * self.goal)
        self._grown_at = 0.0
        self._set_pace(now)

    def _grow(self, now: float) -> None:
        self._well += 1
        since = min(now - self._grown_at, 2 / self._ramp) if self._grown_at else 1 / self._ramp
        self._grown_at = now
        self._ramp *= 2 ** (since / self.learning.doubling)
        if self._ramp >= self.goal and self._well >= AT_LEAST:
            self.failures = 0
            # Where it was before nobody complained; beyond that the ground is new, and felt for.
            if self._ramp >= BEYOND * self.goal or 0 < self.learned.value <= self._ramp:
                self.goal, self._ramp = 0.0, math.inf
        self._set_pace(now)

    def _set_pace(self, now: float) -> None:
        ceiling = self.ceiling
        if ceiling == math.inf:
            self._pace = None
        elif self._pace is None:
            self._pace = Gcra(ceiling)
        else:
            self._pace.set(ceiling)
