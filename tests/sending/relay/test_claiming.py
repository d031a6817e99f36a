"""Claiming: what can only go back is not taken again and again."""

import asyncio
import time
from dataclasses import replace

from sending.relay.sources import ANY, Source
from tests.sending.relay.worlds import World, world


async def claims(w: World, seconds: float) -> int:
    """How many parcels are claimed in that time."""
    count = 0
    claim = w.town.claim

    async def counted(*args: object) -> object:
        nonlocal count
        parcels = await claim(*args)  # type: ignore[arg-type]
        count += len(parcels)
        return parcels

    w.town.claim = counted  # type: ignore[assignment, method-assign]
    async with w:
        await asyncio.sleep(seconds)
    return count


def wait_for_long(w: World, ids: list[int], **what: object) -> None:
    """Due for days, but not as old: chosen to be sent again, or let go late."""
    for number in ids:
        w.town.waiting_rows[number]["due"] = w.clock.wall() - 49 * 3600
    for key, lane in w.town.lanes.items():
        w.town.lanes[key] = replace(lane, pool_id=7, **what)


async def test_what_nobody_can_carry_and_is_not_old_yet_is_taken_once_a_look() -> None:
    w = world(1)
    w.relay.sites._sources.take([ANY], carried=frozenset())
    wait_for_long(w, w.town.add(1000))
    count = await claims(w, 1.5)
    assert count <= 300
    assert len(w.town.waiting_rows) == 1000 and not w.town.settled


async def test_what_goes_on_from_an_address_that_must_wait_is_taken_once_a_look() -> None:
    w = world(1)
    one, two = Source(1, "127.0.0.1", pools=frozenset({7})), Source(2, "127.0.0.2", pools=frozenset({7}))
    w.relay.sites._sources.take([one, two])
    wait_for_long(w, w.town.add(1000))
    claim = w.town.claim

    async def tried_from_one(*args: object) -> object:
        return [replace(parcel, source_id=1, attempts=1) for parcel in await claim(*args)]  # type: ignore[arg-type]

    w.town.claim = tried_from_one  # type: ignore[assignment, method-assign]
    begin = w.relay.sites._begin

    def begin_held(route, source):  # type: ignore[no-untyped-def]
        site = begin(route, source)
        if source == one:
            site.hold(600, "come back later")
        return site

    w.relay.sites._begin = begin_held
    count = await claims(w, 1.5)
    assert count <= 300
    assert len(w.town.waiting_rows) == 1000 and not w.town.settled


async def test_a_choice_that_takes_long_is_not_made_all_the_time() -> None:
    """Of thousands of lanes without a route: each answer of the DNS wakes whoever claims."""
    w = world(1)
    w.town.add(10)
    claiming, took = w.relay._claiming, 0.0

    def dear(*, budget: int) -> list[object]:
        nonlocal took
        time.sleep(0.01)
        took += 0.01
        return []

    claiming._choose = dear  # type: ignore[assignment, method-assign]
    began = time.monotonic()
    async with w:
        for _ in range(300):
            await asyncio.sleep(0.001)
            w.relay._lanes.wake()
        elapsed = time.monotonic() - began
    assert 0 < took < elapsed / 2
