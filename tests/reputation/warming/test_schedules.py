"""Steps of a warm-up, ours and the published ones."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputation.warming import schedules
from reputation.warming.schedules import EVERYWHERE, HOURLY


def test_ours_begins_with_fifty_and_grows_by_a_third() -> None:
    ours = schedules.house()
    assert [ours.on(day) for day in range(6)] == [50, 68, 92, 124, 167, 225]
    assert ours.last == 100_000
    assert ours.providers(["Gmail", "Other"]) == ("Gmail", "Other")
    assert ours.an_hour(50) == 0


def test_the_published_table_is_by_the_hour_for_the_address_as_a_whole() -> None:
    table = schedules.table()
    assert len(table.steps) == len(HOURLY) == 42
    assert [table.an_hour(table.on(day)) for day in (0, 1, 12, 41)] == [20, 28, 1_000, 19_601_056]
    assert table.providers(["Gmail", "Other"]) == (EVERYWHERE,)
    assert schedules.table(volume=50_000).last == 50_000


def test_it_grows_by_four_tenths_as_published() -> None:
    for before, after in itertools.pairwise(HOURLY[13:]):
        assert after / before == pytest.approx(1.4, abs=0.01)


@given(st.integers(1, 1000), st.floats(1.05, 2.0), st.integers(1000, 5_000_000), st.integers(0, 10_000_000))
def test_steps_rise_and_halves_never_fall_below_the_first(start: int, growth: float, volume: int, budget: int) -> None:
    made = schedules.house(start=start, growth=growth, volume=volume)
    assert list(made.steps) == sorted(set(made.steps))
    assert made.after(budget) > budget or made.after(budget) == made.last
    assert made.first <= made.half(budget) <= max(made.first, budget)


@pytest.mark.parametrize("wrong", [{"volume": 10}, {"growth": 1.0}, {"start": 0}, {"volume": 10**9}])
def test_what_is_no_schedule_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no schedule"):
        schedules.house(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="begins with 480"):
        schedules.table(volume=100)
