"""Sharing addresses out among relays, with a table of locks instead of a database and a clock that is turned."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.relay.owning import DRAIN, LOOK, PATIENCE, PROBE, Fellow, Owning, Seen
from sending.relay.ports import Unreachable
from sending.relay.sources import ANY, Source, Sources
from tests.sending.relay.worlds import Clock


@dataclass
class World:
    """Addresses, who has which, and the relays that look at them; `able` is what each can use."""

    sources: dict[int, Source]
    clock: Clock = field(default_factory=Clock)
    owner: dict[int, int] = field(default_factory=dict)
    relays: dict[int, "Relay"] = field(default_factory=dict)

    def begin(self, able: set[int] | None = None) -> "Relay":
        number = len(self.relays) + 1
        relay = self.relays[number] = Relay(self, number, able)
        return relay

    def kill(self, number: int) -> None:
        """Its locks are free at once, its lease is over."""
        del self.relays[number]
        self.owner = {source: owner for source, owner in self.owner.items() if owner != number}

    async def go_on(self, seconds: float) -> None:
        for _ in range(int(seconds / LOOK)):
            self.clock.turned += LOOK
            for relay in list(self.relays.values()):
                await relay.owning.look()


class Relay:
    """An Addresses over the world, and the Owning that uses it."""

    def __init__(self, world: World, number: int, able: set[int] | None) -> None:
        self.world = world
        self.number = number
        self.can = able
        self.away = False
        self.busy: set[int] = set()
        self.changes = 0
        self.sources = Sources()
        self.owning = Owning(
            self,
            self.sources,
            world.clock,
            changed=self._changed,
            is_quiet=lambda source: source not in self.busy,
            usable=lambda source: self.can is None or source.id in self.can,
        )

    def _changed(self) -> None:
        self.changes += 1

    @property
    def has(self) -> set[int]:
        return {source.id for source in self.sources.all if source.id}

    async def look(self) -> Seen:
        if self.away:
            raise Unreachable("away")
        fellows = {
            number: Fellow(
                frozenset(source for source, owner in self.world.owner.items() if owner == number),
                frozenset(relay.owning.able),
            )
            for number, relay in self.world.relays.items()
            if number != self.number
        }
        return Seen(tuple(self.world.sources.values()), fellows)

    async def take(self, source_id: int) -> bool:
        return self.world.owner.setdefault(source_id, self.number) == self.number

    async def give_up(self, source_id: int) -> None:
        assert self.world.owner.pop(source_id) == self.number


def world(count: int) -> World:
    return World({n: Source(n, f"192.0.2.{n}", pools=frozenset({7})) for n in range(1, count + 1)})


async def test_one_relay_has_all_at_once() -> None:
    w = world(5)
    relay = w.begin()
    await relay.owning.look()
    assert relay.has == {1, 2, 3, 4, 5}
    assert ANY in relay.sources.all  # what is in no pool leaves from wherever the system chooses
    assert relay.changes == 1
    await w.go_on(5)
    assert relay.changes == 1  # nothing changed, nobody is told


@given(st.integers(0, 12), st.lists(st.integers(0, 25), min_size=1, max_size=4), st.randoms())
async def test_whoever_comes_and_goes_everybody_gets_a_fair_share(count: int, starts: list[int], random) -> None:  # type: ignore[no-untyped-def]
    w = world(count)
    for pause in starts:
        w.begin()
        await w.go_on(pause)
    if len(w.relays) > 1:
        w.kill(random.choice(sorted(w.relays)))
    await w.go_on(30)
    shares = [len(relay.has) for relay in w.relays.values()]
    assert sum(shares) == count and max(shares) - min(shares) <= 1
    assert {source for relay in w.relays.values() for source in relay.has} == set(w.sources)
    before = dict(w.owner)
    await w.go_on(30)
    assert w.owner == before  # and then nothing moves any more


async def test_nobody_takes_what_cannot_be_used_here() -> None:
    w = world(4)
    here, there = w.begin({1, 2, 3}), w.begin({3, 4})
    await w.go_on(30)
    assert here.has == {1, 2} and there.has == {3, 4}
    w.kill(2)
    await w.go_on(30)
    assert here.has == {1, 2, 3}
    assert not here.sources.is_hopeless(7)
    here.can = set()
    await w.go_on(PROBE + 1)
    assert here.has == set() and here.sources.is_hopeless(7)


async def test_an_address_is_given_up_when_its_conversations_have_ended() -> None:
    w = world(2)
    first = w.begin()
    await w.go_on(1)
    first.busy = {1, 2}
    second = w.begin()
    await w.go_on(4)
    assert first.has == {1} and second.has == set() and w.owner == {1: 1, 2: 1}
    assert {source.id for source in second.sources.others} == {1, 2}
    first.busy = set()
    await w.go_on(2)
    assert second.has == {2} and w.owner == {1: 1, 2: 2}
    assert {source.id for source in first.sources.others} == {2}


async def test_nobody_waits_for_ever_for_a_conversation() -> None:
    w = world(1)
    relay = w.begin()
    await w.go_on(1)
    relay.busy, relay.can = {1}, set()
    await w.go_on(PROBE + DRAIN - 2)
    assert w.owner == {1: 1}
    await w.go_on(4)
    assert w.owner == {}


async def test_what_goes_out_of_use_is_given_up() -> None:
    w = world(2)
    relay = w.begin()
    await w.go_on(1)
    del w.sources[1]
    await w.go_on(2)
    assert relay.has == {2} and w.owner == {2: 1}


async def test_with_the_line_everything_is_given_up_at_once() -> None:
    w = world(2)
    relay = w.begin()
    await w.go_on(1)
    relay.away = True
    with pytest.raises(Unreachable):
        await relay.owning.look()
    assert relay.has == set() and ANY in relay.sources.all
    w.owner.clear()  # the session has ended
    relay.away = False
    await w.go_on(1)
    assert relay.has == {1, 2}


async def test_a_lock_that_somebody_has_is_not_taken_and_one_that_is_free_for_long_is() -> None:
    w = world(3)
    w.owner[3] = 99  # of a relay that nobody knows of yet
    relay = w.begin()
    await w.go_on(3)
    assert relay.has == {1, 2}
    idle = w.begin({1, 2, 3})
    idle.owning.stopping = True  # it tells that it can use none
    del w.owner[3]
    await w.go_on(PATIENCE + 2)
    assert relay.has == {1, 2, 3}


async def test_a_new_name_or_pool_is_told_and_the_address_stays_the_same() -> None:
    w = world(1)
    relay = w.begin()
    await w.go_on(1)
    before = relay.sources.of(7)[0]
    w.sources[1] = Source(1, "192.0.2.1", "mail9.posthouse.example", frozenset({8}), ((8, 50),))
    await w.go_on(1)
    assert relay.changes == 2 and relay.sources.of(7) == ()
    (now,) = relay.sources.of(8)
    assert now == before and (now.name, now.weight(8)) == ("mail9.posthouse.example", 50)
