"""Turns: everybody gets the same share, app mail goes first, and nothing is lost on the way."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sending.relay.fairness import ReadyQueue, Turns
from sending.relay.ports import Lane, Parcel


def lane(number: int, *, organization: int = 1, mailing: int = 1, priority: int = 0) -> Lane:
    return Lane(number, organization, mailing, f"d{number}.example", priority, 0.0, 1.0)


def nothing(lane: Lane, count: int) -> None:
    """There is more room than is asked for."""


def parcel(number: int, lane: Lane) -> Parcel:
    return Parcel(number, lane, "a@b", 0, 0.0, 0.0, "", None)


def test_each_organization_gets_the_same_however_many_lanes_it_has() -> None:
    lanes = [lane(n, organization=1) for n in range(30)] + [lane(100, organization=2), lane(200, organization=3)]
    got: Counter[int] = Counter()
    turns = Turns()
    for _ in range(40):
        for chosen, count in turns.choose(lanes, room=lambda _: 1000, take=nothing, budget=150, most_lanes=40):
            got[chosen.organization_id] += count
    assert got[1] == got[2] == got[3] == 2000


def test_higher_priorities_go_first() -> None:
    lanes = [lane(1, priority=0), lane(2, organization=2, priority=10)]
    chosen = Turns().choose(lanes, room=lambda at: 30 if at.priority else 1000, take=nothing, budget=40, most_lanes=40)
    assert [(at.id, n) for at, n in chosen] == [(2, 30), (1, 10)]


def test_all_lanes_of_an_organization_get_their_turn() -> None:
    lanes = [lane(n) for n in range(100)]
    turns, seen = Turns(), set()
    for _ in range(100):
        seen |= {
            chosen.id for chosen, _ in turns.choose(lanes, room=lambda _: 10, take=nothing, budget=50, most_lanes=5)
        }
    assert seen == set(range(100))


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 1), st.integers(0, 60)), max_size=30),
    st.integers(1, 300),
    st.integers(1, 20),
)
def test_never_more_than_there_is_room_or_budget(rows: list[tuple[int, int, int]], budget: int, most: int) -> None:
    lanes = {n: (lane(n, organization=o, priority=p), room) for n, (o, p, room) in enumerate(rows)}
    left = Counter({n: room for n, (_, room) in lanes.items()})
    chosen = Turns().choose(
        [at for at, _ in lanes.values()],
        room=lambda at: left[at.id],
        take=lambda at, count: left.subtract({at.id: count}),
        budget=budget,
        most_lanes=most,
    )
    assert sum(count for _, count in chosen) <= budget
    assert len(chosen) <= most
    assert len({at.id for at, _ in chosen}) == len(chosen)
    assert all(0 < count <= lanes[at.id][1] for at, count in chosen)
    if any(room for _, room in lanes.values()):
        assert chosen


def test_the_queue_takes_turns_between_organizations() -> None:
    queue = ReadyQueue()
    for n in range(6):
        queue.push(parcel(n, lane(1, organization=1)))
    for n in range(10, 12):
        queue.push(parcel(n, lane(2, organization=2)))
    queue.push(parcel(99, lane(3, organization=1, mailing=3, priority=10)))
    order = []
    while (got := queue.pop()) is not None:
        order.append(got.id)
    assert order == [99, 0, 10, 1, 11, 2, 3, 4, 5]
    assert len(queue) == 0


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 1)), max_size=40), st.integers(1, 3))
def test_nothing_is_lost(rows: list[tuple[int, int, int]], mailing: int) -> None:
    queue = ReadyQueue()
    for n, (organization, of_mailing, priority) in enumerate(rows):
        queue.push(parcel(n, lane(n, organization=organization, mailing=of_mailing, priority=priority)))
    taken = queue.take_all(lambda p: p.lane.mailing_id == mailing)
    assert all(p.lane.mailing_id == mailing for p in taken)
    rest = []
    while (got := queue.pop()) is not None:
        rest.append(got)
    assert all(p.lane.mailing_id != mailing for p in rest)
    assert sorted(p.id for p in [*taken, *rest]) == list(range(len(rows)))
    assert len(queue) == 0


def test_one_open_lane_among_many_without_room_has_as_many_turns_as_it_needs() -> None:
    lanes = [lane(n) for n in range(100)]
    left = {77: 500}

    def take(taken: Lane, count: int) -> None:
        left[taken.id] -= count

    chosen = Turns().choose(lanes, room=lambda one: left.get(one.id, 0), take=take, budget=600, most_lanes=40)
    assert [(one.id, count) for one, count in chosen] == [(77, 500)]


def test_who_has_more_turns_takes_none_of_the_others() -> None:
    lanes = [lane(1), lane(2, organization=2), lane(3, organization=3)]
    left = {1: 1_000, 2: 1_000, 3: 60}

    def take(taken: Lane, count: int) -> None:
        left[taken.id] -= count

    chosen = Turns().choose(lanes, room=lambda one: left[one.id], take=take, budget=360, most_lanes=40)
    assert {one.id: count for one, count in chosen} == {1: 150, 2: 150, 3: 60}
