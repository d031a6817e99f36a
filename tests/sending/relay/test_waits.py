"""How long a message was kept back by our own throttle, and for what."""

from hypothesis import given
from hypothesis import strategies as st

from sending.relay.waits import MOST, Wait, Waits


def waits(*holds: tuple[float, float, str]) -> Waits:
    found = Waits()
    for since, until, cause in holds:
        found.note(since, until, cause)
    return found


def test_the_whole_wait_was_a_hold() -> None:
    wait = waits((100, 340, "rate_limit")).between(100, 340)
    assert wait == Wait(240, 240, "rate_limit")
    assert wait.facts() == {"waited": 240, "held": 240, "held_for": "rate_limit"}


def test_only_what_lies_within_the_wait_counts_and_the_longest_names_it() -> None:
    found = waits((0, 50, "network"), (60, 70, "rate_limit"), (80, 200, "ip_reputation"))
    assert found.between(40, 100) == Wait(60, 10 + 10 + 20, "ip_reputation")


def test_a_hold_that_is_made_longer_is_one() -> None:
    found = waits((0, 30, "rate_limit"), (10, 600, "ip_reputation"))
    assert len(found) == 1
    assert found.between(0, 600) == Wait(600, 600, "rate_limit")


def test_waiting_for_its_turn_is_no_hold_and_a_moment_is_not_told() -> None:
    assert Waits().between(10, 70).facts() == {"waited": 60}
    assert Waits().between(10, 11).facts() == {}
    assert Waits().between(10, 5) == Wait(0)


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 100)), max_size=2 * MOST),
    st.floats(0, 1000),
    st.floats(0, 1000),
)
def test_held_is_a_part_of_the_wait(steps: list[tuple[float, float]], since: float, length: float) -> None:
    found, now = Waits(), 0.0
    for pause, hold in steps:
        now += pause
        found.note(now, now + hold, "rate_limit")
    wait = found.between(since, since + length)
    assert 0 <= wait.held <= wait.seconds * (1 + 1e-9) + 1e-6
    assert len(found) <= MOST
