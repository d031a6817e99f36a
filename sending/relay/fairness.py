"""Whose turn it is: deficit round robin between organizations, higher priorities before lower ones.

Policy: one tenant's million never starves another's password reset. App mail has its own priority, and inside a priority
every organization gets the same number of deliveries a round, however many it has waiting (Shreedhar & Varghese, 1995).
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from sending.relay.ports import Lane, Parcel

QUANTUM = 50  # deliveries a round
PATIENCE = 0.25  # seconds


class Turns:
    """Chooses what to claim next. Remembers between calls who has had more than a fair share."""

    def __init__(self, *, quantum: int = QUANTUM) -> None:
        self._quantum = quantum
        self._order: deque[int] = deque()
        self._credit: dict[int, int] = {}
        self._lane_turn: dict[int, int] = {}

    def choose(
        self,
        lanes: Iterable[Lane],
        *,
        room: Callable[[Lane], int],
        budget: int,
        most_lanes: int,
        take: Callable[[Lane, int], None],
    ) -> list[tuple[Lane, int]]:
        """(lane, how many) for one claim: at most `budget` deliveries of `most_lanes` lanes. `room` says how many more can be
        taken in where a lane leads; `take` is told of each choice, so that `room` knows it.
        """
        by_priority: dict[int, dict[int, deque[Lane]]] = {}
        for lane in lanes:
            by_priority.setdefault(lane.priority, {}).setdefault(lane.organization_id, deque()).append(lane)
        chosen: dict[int, tuple[Lane, int]] = {}
        for priority in sorted(by_priority, reverse=True):
            budget = self._round(by_priority[priority], chosen, room, take, budget, most_lanes)
            if budget <= 0 or len(chosen) >= most_lanes:
                break
        return list(chosen.values())

    def refund(self, organization_id: int, amount: int) -> None:
        """A lane had less than was asked for."""
        if organization_id in self._credit:
            self._credit[organization_id] += amount

    def _round(
        self,
        waiting: dict[int, deque[Lane]],
        chosen: dict[int, tuple[Lane, int]],
        room: Callable[[Lane], int],
        take: Callable[[Lane, int], None],
        budget: int,
        most_lanes: int,
    ) -> int:
        for organization in waiting:
            if organization not in self._credit:
                self._credit[organization] = 0
                self._order.append(organization)
            turn = self._lane_turn.get(organization, 0) % len(waiting[organization])
            waiting[organization].rotate(-turn)
        idle = 0
        while waiting and budget > 0 and len(chosen) < most_lanes and idle < len(self._order):
            organization = self._order[0]
            self._order.rotate(-1)
            lanes = waiting.get(organization)
            if not lanes:
                idle += 1
                continue
            credit = min(self._credit[organization] + self._quantum, 2 * self._quantum)
            before = budget
            while lanes and credit > 0 and budget > 0 and len(chosen) < most_lanes:
                lane = lanes.popleft()
                free = room(lane)
                count = min(credit, budget, free)
                if count > 0:
                    if lane.id not in chosen:
                        self._lane_turn[organization] = self._lane_turn.get(organization, 0) + 1
                    chosen[lane.id] = (lane, chosen.get(lane.id, (lane, 0))[1] + count)
                    take(lane, count)
                    credit -= count
                    budget -= count
                    if count < free:
                        lanes.append(lane)  # one open lane among thousands without room: it has more than one turn
            self._credit[organization] = credit if lanes else 0
            if not lanes:
                del waiting[organization]
            idle = 0 if budget < before else idle + 1
        self._forget()
        return budget

    def _forget(self) -> None:
        if len(self._order) > 10_000:
            for organization in list(self._order)[:5_000]:
                self._credit.pop(organization, None)
                self._lane_turn.pop(organization, None)
            self._order = deque(o for o in self._order if o in self._credit)


class Ramp:
    """How many to claim at once: few after a rest, soon many. Whoever begins with hundreds of conversations at one moment
    ends none of them for a while, and the first message of a launch is waited for. So the next ones are claimed when one of
    the last has ended, or after PATIENCE; at full size nobody waits.
    """

    def __init__(self, *, first: int, most: int) -> None:
        self._first, self._most = first, most
        self._ended, self._until = 0, 0.0
        self.size = first

    def room(self, *, ended: int, now: float) -> int:
        """How many may be claimed now. `ended`: how many messages have come to an end in all, `now`: seconds."""
        return 0 if self.waits(ended=ended, now=now) else self.size

    def waits(self, *, ended: int, now: float) -> float:
        """Seconds until more may be claimed, if nothing ends before; 0: now."""
        return max(0.0, self._until - now) if self.size < self._most and ended == self._ended else 0.0

    def step(self, *, ended: int, now: float) -> None:
        """Some were claimed: twice as many the next time."""
        self._ended, self._until = ended, now + PATIENCE
        self.size = min(2 * self.size, self._most)

    def rest(self) -> None:
        """There is nothing to do: begin with few the next time, and at once."""
        self.size, self._until = self._first, 0.0


class ReadyQueue:
    """Claimed parcels of one site, in fair order: by priority, then organizations in turn."""

    def __init__(self) -> None:
        self._levels: dict[int, dict[int, deque[Parcel]]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def push(self, parcel: Parcel) -> None:
        level = self._levels.setdefault(parcel.lane.priority, {})
        level.setdefault(parcel.lane.organization_id, deque()).append(parcel)
        self._size += 1

    def push_front(self, parcel: Parcel) -> None:
        """Back to the head of its organization: it was taken and not tried."""
        level = self._levels.setdefault(parcel.lane.priority, {})
        level.setdefault(parcel.lane.organization_id, deque()).appendleft(parcel)
        self._size += 1

    def pop(self) -> Parcel | None:
        """The next one, None when empty."""
        if not self._size:
            return None
        priority = max(self._levels)
        level = self._levels[priority]
        organization, parcels = next(iter(level.items()))
        parcel = parcels.popleft()
        del level[organization]  # to the end of the turn, or out of it
        if parcels:
            level[organization] = parcels
        elif not level:
            del self._levels[priority]
        self._size -= 1
        return parcel

    def take_all(self, which: Callable[[Parcel], bool] = lambda _: True) -> Sequence[Parcel]:
        """Remove and return everything, or what is meant."""
        taken: list[Parcel] = []
        for priority, level in list(self._levels.items()):
            for organization, parcels in list(level.items()):
                kept: deque[Parcel] = deque()
                for parcel in parcels:
                    (taken if which(parcel) else kept).append(parcel)
                if kept:
                    level[organization] = kept
                else:
                    del level[organization]
            if not level:
                del self._levels[priority]
        self._size -= len(taken)
        return taken
