"""Learned ceilings: a step below what was refused, back up in quiet times, forgotten when they mean nothing."""

from hypothesis import given
from hypothesis import strategies as st

from sending.relay.ceilings import Ceiling
from sending.relay.window import Window


def test_a_number_is_one_less_and_comes_back_one_by_one() -> None:
    ceiling = Ceiling(1800.0)
    assert ceiling.settle(0.0) == 0
    ceiling.learn(4, trouble=5, now=0.0)
    assert [ceiling.settle(at, limit=10) for at in (1799, 1800, 3599, 3600, 5400)] == [4, 5, 5, 6, 7]
    ceiling.learn(5, trouble=6, now=5400.0)
    assert ceiling.settle(7199.0, limit=10) == 5
    assert ceiling.settle(5400 + 5 * 1800.0, limit=10) == 0  # as many as are allowed anyway
    assert ceiling.value == 0


def test_it_is_never_less_than_the_least_and_a_higher_refusal_lifts_it_not() -> None:
    ceiling = Ceiling(1800.0)
    ceiling.learn(0, trouble=1, now=0.0)
    assert ceiling.value == 1
    ceiling.learn(7, trouble=8, now=10.0)
    assert ceiling.value == 1


def test_a_pace_rises_slowly_to_the_old_trouble_and_then_faster_and_faster() -> None:
    ceiling = Ceiling(600.0, 0.1, 0.01)
    ceiling.learn(0.8, trouble=1.0, now=0.0)
    found = [round(ceiling.settle(n * 600.0), 3) for n in range(8)]
    assert found == [0.8, 0.88, 0.968, 1.065, 1.171, 1.406, 1.968, 3.542]
    assert ceiling.settle(8 * 600.0) == 0  # four times the old trouble: it is another place now


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 5000), st.integers(1, 50)), max_size=40))
def test_it_is_below_the_last_trouble_until_it_was_quiet(rows: list[tuple[bool, float, int]]) -> None:
    ceiling, now, last, since = Ceiling(600.0), 0.0, 0, 0.0
    for is_trouble, pause, used in rows:
        now += pause
        if is_trouble:
            ceiling.settle(now)
            ceiling.learn(used - 1, trouble=used, now=now)
            last, since = used, now
        value = ceiling.settle(now, limit=1000)
        assert value == 0 or value >= 1
        if last and value and now - since < 600:
            assert value <= max(1, last - 1)


def test_a_window_is_narrowed_by_a_round_of_failures_and_widened_by_a_round_of_successes() -> None:
    window = Window(10)
    window.bad()
    assert window.size == 9  # the first of a round: the sooner, the better
    for _ in range(5):
        window.bad()
    assert window.size == 9
    for _ in range(8):
        window.bad()
    assert window.size == 8
    grown = [window.well() for _ in range(8)]
    assert grown == [False] * 7 + [True] and window.size == 9


@given(st.integers(1, 30), st.lists(st.sampled_from(["well", "bad", "again", "narrow"]), max_size=300))
def test_a_window_stays_within_its_limits(limit: int, steps: list[str]) -> None:
    window = Window(limit)
    for step in steps:
        if step == "narrow":
            window.narrow(window.size - 1)
        elif step == "again":
            window.begin_again()
        else:
            getattr(window, step)()
        assert 1 <= window.size <= limit
