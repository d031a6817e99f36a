"""Pace: never more than the burst and the rate times the time, over any stretch; and nobody waits longer than needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.relay.pace import Gcra, Meter, Pace

RATES = st.floats(0.01, 500)
BURSTS = st.floats(1, 50)
PAUSES = st.lists(st.floats(0, 20), min_size=1, max_size=60)


@given(RATES, BURSTS, PAUSES)
def test_never_more_than_burst_and_rate_over_any_stretch(rate: float, burst: float, pauses: list[float]) -> None:
    limit, now, went = Gcra(rate, burst), 1000.0, []
    for pause in pauses:
        now += pause
        for _ in range(5):  # five ask at the same moment
            if limit.wait(now) == 0:
                limit.take(now)
                went.append(now)
    for first in range(len(went)):
        for last in range(first, len(went)):
            assert last - first + 1 <= burst + rate * (went[last] - went[first]) + 1e-6 * rate + 1e-6


@given(RATES, BURSTS, PAUSES)
def test_the_wait_is_what_is_needed_and_no_more(rate: float, burst: float, pauses: list[float]) -> None:
    limit, now = Gcra(rate, burst), 1000.0
    for pause in pauses:
        now += pause + limit.wait(now + pause)
        assert limit.wait(now) < 1e-6
        limit.take(now)
    if wait := limit.wait(now):
        assert limit.wait(now + wait / 2) > 0 and limit.wait(now + wait * 1.0001 + 1e-9) == 0


@given(RATES, BURSTS, st.floats(0, 60), st.integers(0, 100))
def test_what_it_allows_is_what_then_may_go(rate: float, burst: float, seconds: float, taken: int) -> None:
    limit, now = Gcra(rate, burst), 1000.0
    for _ in range(min(taken, int(burst))):
        limit.take(now)
    allowed = limit.allows(now, seconds)
    if allowed > 5000:
        return
    went, at = 0, now
    while (at := at + limit.wait(at)) <= now + seconds + 1e-6 and went <= allowed:
        limit.take(at)
        went += 1
    assert abs(went - allowed) <= 1


def test_what_was_given_back_may_go_again() -> None:
    limit = Gcra(0.1, 1)
    limit.take(0.0)
    assert limit.wait(0.0) == 10
    limit.give_back()
    assert limit.wait(0.0) == 0


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_an_impossible_pace_is_none(rate: float) -> None:
    with pytest.raises(ValueError, match="no such pace"):
        Gcra(rate)


def test_several_limits_hold_at_once() -> None:
    pace = Pace([Gcra(1.0, 1), Gcra(3 / 3600, 3)])
    assert [pace.wait(0.0), pace.allows(0.0, 5.0)] == [0, 3]
    for now in (0.0, 1.0, 2.0):
        assert pace.wait(now) == 0
        pace.take(now)
    assert 1000 < pace.wait(3.0) < 1200
    assert not Pace().is_limited and Pace().wait(0.0) == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 5)), max_size=80))
def test_a_meter_tells_what_went_lately_and_stays_small(rows: list[tuple[float, int]]) -> None:
    meter, now, went = Meter(60.0, 20), 0.0, []
    for pause, count in rows:
        now += pause
        meter.add(now, count)
        went.append((now, count))
    told = meter.count(now)
    assert sum(n for at, n in went if now - at <= 56) <= told <= sum(n for at, n in went if now - at <= 64)
    assert len(meter._steps) <= 22
    assert meter.rate(now) <= told / 5 + 1e-9
