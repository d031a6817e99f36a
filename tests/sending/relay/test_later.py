"""What leaves only later: the relay wakes at that moment, and what is held begins by itself when its window ends."""

import asyncio
import time

from hypothesis import given
from hypothesis import strategies as st

from sending.relay.fairness import PATIENCE, Ramp
from sending.relay.later import Later
from sending.relay.ports import Lane
from tests.sending.relay.scripted import Receiver
from tests.sending.relay.test_engine import BUSY
from tests.sending.relay.worlds import world


def lane(number: int, wait: float, *, mailing: int = 1, in_undo: bool = False) -> Lane:
    return Lane(number, 1, mailing, "one.example", 0, 0.0, 3600.0, wait, in_undo)


@given(st.lists(st.integers(0, 100_000).map(lambda ms: ms / 1000), max_size=30), st.floats(0, 120))
def test_each_comes_due_once_at_its_moment_and_in_order(waits: list[float], at: float) -> None:
    later = Later()
    lanes = [lane(number, wait) for number, wait in enumerate(waits)]
    ready = later.keep(lanes, now=0.0)
    assert set(ready) == {one.id for one in lanes if not one.wait}
    due = later.come_due(at)
    assert [one.wait for one in due] == sorted(one.wait for one in due)
    rest = later.come_due(1_000.0)
    assert all(one.wait <= at for one in due) and all(one.wait > at - 0.01 for one in rest)
    assert len(ready) + len(due) + len(rest) == len(lanes)


def test_what_is_held_is_dropped_and_what_comes_soon_is_known() -> None:
    later = Later()
    later.keep([lane(1, 5.0), lane(2, 10.0, mailing=2), lane(3, 50.0), lane(4, 0.0, in_undo=True)], now=100.0)
    assert [one.id for one in later.until(130.0)] == [4, 1, 2]
    later.drop_mailing(1)
    assert [one.id for one in later.until(1_000.0)] == [2] and 110.0 <= later.next_at() <= 110.1
    later.drop_mailing(2)
    assert later.next_at() == float("inf")


def test_few_first_then_many_as_soon_as_some_have_ended() -> None:
    ramp = Ramp(first=10, most=600)
    seen = []
    for ended in range(8):
        seen.append(ramp.room(ended=ended, now=0.0))
        ramp.step(ended=ended, now=0.0)
    assert seen == [10, 20, 40, 80, 160, 320, 600, 600]
    assert ramp.room(ended=7, now=0.0) == 600  # at full size nobody waits
    ramp.rest()
    assert ramp.room(ended=7, now=0.0) == 10


def test_where_nothing_ends_more_are_begun_after_a_moment() -> None:
    ramp = Ramp(first=10, most=600)
    ramp.step(ended=3, now=100.0)
    assert (ramp.room(ended=3, now=100.0), ramp.waits(ended=3, now=100.0)) == (0, PATIENCE)
    assert (ramp.room(ended=4, now=100.0), ramp.waits(ended=4, now=100.0)) == (20, 0)
    assert ramp.room(ended=3, now=100.0 + PATIENCE) == 20


async def test_it_wakes_at_the_moment_without_being_told() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        w.town.add(20)
        for row in w.town.waiting_rows.values():
            row["due"] = time.time() + 1.5
        began = time.monotonic()
        await w.until(lambda: len(receiver.contents) > 0)
        assert 1.4 < time.monotonic() - began < 2.5
        await w.until(lambda: w.town.outcomes().get("delivered") == 20)


async def test_the_end_of_an_undo_window_needs_nobody() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        w.town.holds[1] = "undo"
        w.town.add(20)
        for row in w.town.waiting_rows.values():
            row["due"] = time.time() + 1.0
        await asyncio.sleep(0.7)
        assert receiver.contents == []
        await w.until(lambda: w.town.outcomes().get("delivered") == 20)
        assert w.town.holds == {}
