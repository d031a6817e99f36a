"""Which of our addresses are this relay's: taken by a lock each, shared out fairly among the relays that can use them, given up
when others need them, when they go out of use, and at once when the locks may be lost.

Policy: the lock is the truth; what relays tell of each other only keeps them from asking in vain. An address is given up in
good order: nothing new, its conversations end, then its lock is free.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sending.relay.ports import Clock, Unreachable
from sending.relay.sources import Source, Sources

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks
PROBE = 30.0  # seconds for which it is believed that an address is ours to bind, or not
PATIENCE = 5.0  # seconds that an address may be nobody's, before somebody takes more than a fair share
DRAIN = 30.0  # seconds that conversations have to end, before the lock is given up all the same


@dataclass(frozen=True, slots=True)
class Fellow:
    """Another living relay: the addresses that it has, and those that it could use."""

    has: frozenset[int] = frozenset()
    able: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look shows: the addresses in use, and the other relays (id -> Fellow)."""

    sources: tuple[Source, ...] = ()
    fellows: Mapping[int, Fellow] = field(default_factory=dict)


class Addresses(Protocol):
    """Our addresses, and the locks on them. When the line is lost so are all locks: then the next call raises Unreachable."""

    async def look(self) -> Seen: ...

    async def take(self, source_id: int) -> bool:
        """Whether it is this relay's from now on."""
        ...

    async def give_up(self, source_id: int) -> None: ...


class Owning:
    """`sources` are kept up to date; `changed` is called whenever they are others. `is_quiet`: whether no conversation of an
    address is left; `usable`: whether one can be begun at it.
    """

    def __init__(
        self,
        addresses: Addresses,
        sources: Sources,
        clock: Clock,
        *,
        changed: Callable[[], None],
        is_quiet: Callable[[int], bool],
        usable: Callable[[Source], bool],
    ) -> None:
        self._addresses = addresses
        self._sources = sources
        self._clock = clock
        self._changed = changed
        self._is_quiet = is_quiet
        self._usable = usable
        self._always = tuple(source for source in sources.all if not source.id)
        self._mine: dict[int, Source] = {}
        self._leaving: dict[int, float] = {}  # since when (monotonic)
        self._probed: dict[object, tuple[float, bool]] = {}
        self._told: object = None
        self._free_since: dict[int, float] = {}
        self._able: frozenset[int] = frozenset()
        self.stopping = False

    @property
    def able(self) -> list[int]:
        """What the heartbeat tells the others: the addresses that it could use. A relay that stops takes no more."""
        return [] if self.stopping else sorted(self._able)

    async def look(self) -> None:
        """Look around, and take or give up what follows. Raises Unreachable, with everything given up."""
        try:
            seen = await self._addresses.look()
            if not self.stopping:
                await self._follow(seen)
        except Unreachable:
            self._lose()
            raise

    async def _follow(self, seen: Seen) -> None:
        now = self._clock.monotonic()
        usable = {source.id: source for source in seen.sources if self._can_use(source, now)}
        self._able = frozenset(usable)
        for number in [number for number in self._mine if number not in usable]:
            self._begin_to_leave(number, now)
        self._mine = {number: usable[number] for number in self._mine}  # its name or pools may be others by now
        for number in [number for number, since in self._leaving.items() if self._has_left(number, since, now)]:
            await self._addresses.give_up(number)
            del self._leaving[number]
        free = await self._take_free(usable, seen.fellows, now)
        if not free and (one_too_many := self._one_too_many(seen.fellows)):
            self._begin_to_leave(one_too_many, now)
        theirs = frozenset(number for fellow in seen.fellows.values() for number in fellow.has) - set(self._mine)
        within_reach = self._able.union(*(fellow.has | fellow.able for fellow in seen.fellows.values()))
        carried = frozenset(pool for source in seen.sources if source.id in within_reach for pool in source.pools)
        self._tell(tuple(source for source in seen.sources if source.id in theirs), carried)

    async def _take_free(self, usable: Mapping[int, Source], fellows: Mapping[int, Fellow], now: float) -> set[int]:
        """Take what is nobody's, as long as nobody who could has less; what was left."""
        taken = {number for fellow in fellows.values() for number in fellow.has}
        free = {number for number in usable if number not in taken and number not in self._mine}
        free -= self._leaving.keys()
        self._free_since = {number: self._free_since.get(number, now) for number in free}
        for number in sorted(free):
            least = min((len(f.has) for f in fellows.values() if number in f.able), default=len(self._mine))
            if len(self._mine) > least and now - self._free_since[number] < PATIENCE:
                continue
            if await self._addresses.take(number):
                self._mine[number] = usable[number]
                free.discard(number)
                log.info("%s is this relay's now.", usable[number].address)
        return free

    def _one_too_many(self, fellows: Mapping[int, Fellow]) -> int:
        """One of ours that a relay with two less could use, or 0."""
        for fellow in sorted(fellows.values(), key=lambda fellow: len(fellow.has)):
            if len(self._mine) - len(fellow.has) < 2:
                return 0
            if could := fellow.able & self._mine.keys():
                return max(could)
        return 0

    def _begin_to_leave(self, number: int, now: float) -> None:
        log.info("%s is given up.", self._mine[number].address)
        del self._mine[number]
        self._leaving[number] = now

    def _has_left(self, number: int, since: float, now: float) -> bool:
        return self._is_quiet(number) or now - since > DRAIN

    def _lose(self) -> None:
        if self._mine or self._leaving:
            log.warning("The locks on %d addresses may be lost: given up.", len(self._mine) + len(self._leaving))
            self._mine.clear()
            self._leaving.clear()
            self._tell(self._sources.others)

    def _tell(self, others: tuple[Source, ...], carried: frozenset[int] | None = None) -> None:
        now = ([_whole(source) for source in self._mine.values()], [_whole(source) for source in others], carried)
        if now != self._told:
            self._told = now
            self._sources.take(self._always + tuple(self._mine.values()), others=others, carried=carried)
            self._changed()

    def _can_use(self, source: Source, now: float) -> bool:
        until, answer = self._probed.get(_whole(source), (0.0, False))
        if now >= until:
            answer = self._usable(source)
            if len(self._probed) > 10_000:
                self._probed.clear()
            self._probed[_whole(source)] = now + PROBE, answer
        return answer


def _whole(source: Source) -> object:
    return source.id, source.address, source.name, source.pools, source.weights, source.proxy
