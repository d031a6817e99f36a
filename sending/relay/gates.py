"""Gates: limits of whose mail it is, or of all of it, which no single place can keep: so many in hand at once, so many a minute.

Policy: they are kept where mail is claimed. What one relay has in hand of a limited sender is never more than may be in
conversation; so nothing of it waits in a queue of ours, and what others send is not held up behind it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from sending.relay.pace import Gcra
from sending.relay.ports import Lane
from sending.relay.rulings import Ruling, Rulings
from sending.relay.site import Site

NO_LIMIT = 1_000_000


@dataclass(slots=True, eq=False)
class Gate:
    """One limit: this relay's part of it, and what it has in hand of that."""

    most: int
    pace: Gcra | None
    in_hand: set[int] = field(default_factory=set)

    def room(self, now: float) -> int:
        free = self.most - len(self.in_hand) if self.most else NO_LIMIT
        return max(0, min(free, self.pace.allows(now, 0.0) if self.pace is not None else NO_LIMIT))


class Gates:
    """Those of the limits in force that are about senders, or about no place."""

    def __init__(self) -> None:
        self._limits = Rulings()
        self._gates: dict[int, Gate] = {}
        self._of: dict[int, tuple[Gate, ...]] = {}  # parcel -> what it counts for

    def __len__(self) -> int:
        return len(self._gates)

    def take(self, limits: Iterable[Ruling], *, relays: int) -> None:
        """From now on these limits, shared by so many relays. What is in hand goes on being counted."""
        limits = [limit for limit in limits if is_gate(limit)]
        self._limits.take(limits)
        before, self._gates = self._gates, {}
        for limit in limits:
            most = max(1, limit.connections // relays) if limit.connections else 0
            pace = Gcra(limit.per_minute / 60 / relays) if limit.per_minute else None
            gate = before.get(limit.id)
            if gate is None:
                gate = Gate(most, pace)
            else:
                gate.most = most
                if pace is None or gate.pace is None:
                    gate.pace = pace
                elif gate.pace.per_second != pace.per_second:
                    gate.pace.set(pace.per_second)
            self._gates[limit.id] = gate

    def room(self, site: Site, lane: Lane, now: float) -> list[tuple[Gate, int]]:
        """The gates that mail of a lane passes on its way to a site, and how many of it may pass now (monotonic seconds)."""
        return [(gate, gate.room(now)) for gate in self._fitting(site, lane)] if self._gates else []

    def passed(self, parcel_id: int, site: Site, lane: Lane, now: float) -> None:
        """It is in hand now."""
        if self._gates and (gates := self._fitting(site, lane)):
            self._of[parcel_id] = tuple(gates)
            for gate in gates:
                gate.in_hand.add(parcel_id)
                if gate.pace is not None:
                    gate.pace.take(now)

    def ended(self, parcel_id: int, *, tried: bool) -> bool:
        """It is not in hand any more; whether others were waiting for that, perhaps."""
        gates = self._of.pop(parcel_id, None)
        for gate in gates or ():
            gate.in_hand.discard(parcel_id)
            if gate.pace is not None and not tried:
                gate.pace.give_back()
        return gates is not None

    def soonest(self, now: float) -> float:
        """Seconds until one more may pass a gate that is closed by its pace now; infinite when there is none such."""
        waits = (gate.pace.wait(now) for gate in self._gates.values() if gate.pace is not None)
        return min((wait for wait in waits if wait > 0), default=math.inf)

    def _fitting(self, site: Site, lane: Lane) -> list[Gate]:
        fitting = self._limits.matching(
            site.source.id, site.provider.name, site.name, lane.organization_id, lane.mailing_id
        )
        return [self._gates[limit.id] for limit in fitting]


def is_gate(limit: Ruling) -> bool:
    """Whether no single place can keep it."""
    return limit.is_of_senders or not (limit.provider or limit.site)
