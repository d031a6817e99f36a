"""A day's budget: never more than it, spread over the day, used up all the same, exact after a restart."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.relay.budgets import DAY, SLOWEST, Budget, Budgets, Limits

MIDNIGHT = 20_000 * DAY


class Clock:
    """One hand for both times."""

    def __init__(self, at: float = MIDNIGHT) -> None:
        self.now = at

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now - MIDNIGHT + 1000


def row(messages: int, *, provider: str = "Gmail", an_hour: int = 0, used: int = 0, day: int = 20_000) -> Budget:
    return Budget(7, provider, messages, an_hour, day, used)


def send_until(clock: Clock, limits: Limits, end: float) -> list[float]:
    """Whoever always has mail sends whenever it may. Moments (wall)."""
    gone = []
    while clock.now < end:
        wait = limits.wait(clock.monotonic())
        if wait > end - clock.now:
            break
        clock.now += wait
        limits.take(clock.monotonic())
        gone.append(clock.now)
    clock.now = end
    return gone


def test_without_a_row_there_is_no_limit() -> None:
    limits = Budgets(Clock()).of(7, "Gmail")
    assert not limits
    assert limits.left is None
    assert limits.wait(0.0) == 0.0
    assert limits.allows(0.0, 5.0) > 100_000
    limits.take(0.0)
    limits.give_back()


def test_it_is_spread_over_the_day_and_used_up() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    budgets.learn([row(1_000)])
    gone = send_until(clock, budgets.of(7, "Gmail"), MIDNIGHT + DAY)
    assert len(gone) == 1_000
    assert 0.8 * DAY < gone[-1] - gone[0] < DAY
    assert max(b - a for a, b in itertools.pairwise(gone)) < 2 * DAY / 1_000


def test_a_small_budget_waits_no_longer_than_five_minutes_for_each() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    budgets.learn([row(50)])
    gone = send_until(clock, budgets.of(7, "Gmail"), MIDNIGHT + DAY)
    assert len(gone) == 50
    assert gone[-1] - gone[0] == pytest.approx(49 * SLOWEST)


def test_late_in_the_day_it_is_not_spent_at_once() -> None:
    clock = Clock(MIDNIGHT + DAY - 3600)
    budgets = Budgets(clock)
    budgets.learn([row(10_000)])
    gone = send_until(clock, budgets.of(7, "Gmail"), MIDNIGHT + DAY)
    assert 2_400 < len(gone) <= 2_501  # a quarter of what six times the even pace would be in a day


def test_the_hour_of_the_published_table_is_kept() -> None:
    clock = Clock(MIDNIGHT + DAY / 2)
    budgets = Budgets(clock)
    budgets.learn([row(480, provider="", an_hour=20)])
    gone = send_until(clock, budgets.of(7, "Gmail"), MIDNIGHT + DAY - 1)
    assert len(gone) == 240


def test_midnight_begins_a_new_day_even_if_nobody_has_set_it() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    budgets.learn([row(50)])
    limits = budgets.of(7, "Gmail")
    assert len(send_until(clock, limits, MIDNIGHT + DAY)) == 50
    assert limits.left == 50
    assert limits.wait(clock.monotonic()) == 0.0


def test_what_has_left_is_known_after_a_restart_and_in_flight_mail_counts_before_it_is_written() -> None:
    clock = Clock(MIDNIGHT + 60)
    budgets = Budgets(clock)
    budgets.learn([row(50, used=49)])
    limits = budgets.of(7, "Gmail")
    assert limits.left == 1
    limits.take(clock.monotonic())
    assert limits.wait(clock.monotonic()) == math.inf
    assert limits.allows(clock.monotonic(), 5.0) == 0
    budgets.learn([row(50, used=49)])  # its result is not written yet
    assert limits.left == 0
    budgets.learn([row(68, used=50)])
    assert limits.left == 18
    budgets.learn([row(68, used=68, day=19_999)])  # read before midnight
    assert limits.left == 18


def test_what_did_not_go_is_given_back() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    budgets.learn([row(10)])
    limits = budgets.of(7, "Gmail")
    limits.take(clock.monotonic())
    assert limits.wait(clock.monotonic()) == SLOWEST
    limits.give_back()
    assert limits.left == 10
    assert limits.wait(clock.monotonic()) == 0.0


def test_all_that_fit_count_and_who_has_none_of_its_own_is_free() -> None:
    clock = Clock()
    budgets = Budgets(clock)
    budgets.learn([row(50), row(60, provider="")])
    gmail, again, other, elsewhere = (
        budgets.of(7, "Gmail"),
        budgets.of(7, "Gmail"),
        budgets.of(7, "Other"),
        budgets.of(8, "Gmail"),
    )
    assert (gmail.left, again.left, other.left, elsewhere.left) == (50, 50, 60, None)
    for _ in range(45):
        gmail.take(clock.monotonic())
    assert (gmail.left, again.left, other.left) == (5, 5, 15)
    budgets.learn([])
    assert gmail.left is None


@given(
    messages=st.integers(1, 3_000),
    begins=st.floats(0, DAY - 1),
    used=st.integers(0, 3_000),
    an_hour=st.integers(0, 200),
    idle=st.floats(0, 40_000),
)
def test_never_more_than_the_day_has(messages: int, begins: float, used: int, an_hour: int, idle: float) -> None:
    clock = Clock(MIDNIGHT + begins)
    budgets = Budgets(clock)
    budgets.learn([row(messages, used=used, an_hour=an_hour)])
    limits = budgets.of(7, "Gmail")
    end = MIDNIGHT + DAY - 1e-3
    gone = send_until(clock, limits, min(end, clock.now + idle / 2))
    clock.now = min(end, clock.now + idle)  # no mail for a while
    gone += send_until(clock, limits, end)
    assert len(gone) <= max(0, messages - used)
    if an_hour:
        for n, moment in enumerate(gone):
            assert sum(moment <= other < moment + 3599 for other in gone[n : n + an_hour + 2]) <= an_hour + 1
