"""When our own relay is out of order for a stream: most of many places are held, for so long."""

from sending.relay.ports import Lane
from sending.relay.standstill import LEAST_PLACES, Standstill
from tests.sending.relay.worlds import Clock


def lanes(count: int, *, stream: int = 3) -> list[Lane]:
    return [Lane(n, 1, 1, f"d{n}.example", 0, 0.0, 1.0, other_way=stream) for n in range(count)]


def test_only_many_places_that_are_held_for_long_are_about_us() -> None:
    clock, held = Clock(), set(range(100))
    still = Standstill(clock, lambda lane: (lane.domain, lane.id in held))
    assert still.look(lanes(LEAST_PLACES - 1)) == {}
    assert list(still.look(lanes(10))) == [3]
    clock.turned = 200.0
    assert 200 <= still.look(lanes(10))[3] < 201
    held.difference_update({0, 1})
    assert 200 <= still.look(lanes(10))[3] < 201  # eight of ten
    held.discard(2)
    assert still.look(lanes(10)) == {}
    held.add(2)
    assert still.look(lanes(10))[3] < 1  # counted anew


def test_lanes_of_one_place_are_one_and_what_is_not_known_is_none() -> None:
    clock = Clock()
    assert Standstill(clock, lambda lane: ("one", True)).look(lanes(50)) == {}
    assert Standstill(clock, lambda lane: None).look(lanes(50)) == {}
    assert Standstill(clock, lambda lane: (lane.domain, True)).look(lanes(50, stream=0)) == {}


def test_streams_are_looked_at_each_for_itself() -> None:
    still = Standstill(Clock(), lambda lane: (lane.domain, lane.other_way == 3))
    assert list(still.look([*lanes(10), *lanes(10, stream=4)])) == [3]
