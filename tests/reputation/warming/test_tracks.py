"""From day to day: up after a green day only, one step at the most, never above the schedule."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputation.warming import health, schedules, tracks
from reputation.warming.health import Day
from reputation.warming.tracks import Track

FIRST = date(2026, 11, 2)
OURS = schedules.house(volume=1_000)


def day_after(track: Track, yesterday: Day, *, days: int = 1) -> Track:
    return tracks.decide(track, OURS, today=track.day + timedelta(days=days), yesterday=yesterday)


def test_a_good_week() -> None:
    track = tracks.start(OURS, today=FIRST)
    budgets = []
    for _ in range(5):
        budgets.append(track.budget)
        track = day_after(track, Day(delivered=track.budget or 0))
    assert budgets == [50, 68, 92, 124, 167]
    assert (track.move, track.cause, track.sent_on) == ("advanced", "", FIRST + timedelta(days=4))


def test_a_bad_day_halves_and_a_middling_one_holds() -> None:
    track = Track(FIRST, 400, "advanced", began=FIRST)
    halved = day_after(track, Day(delivered=200, blocked=20))
    assert (halved.budget, halved.move, halved.cause) == (200, "halved", "blocked")
    held = day_after(halved, Day(delivered=195, deferred=12))
    assert (held.budget, held.move, held.cause) == (200, "held", "deferred")
    assert day_after(Track(FIRST, 50, "held", began=FIRST), Day(blocked=9)).budget == 50


def test_it_graduates_after_a_green_day_with_the_whole_volume() -> None:
    track = Track(FIRST, 1_000, "advanced", began=FIRST)
    done = day_after(track, Day(delivered=990))
    assert (done.budget, done.move) == (None, "graduated")
    assert day_after(done, Day(delivered=5_000)).move == "free"
    assert day_after(track, Day(delivered=500)).move == "held"


def test_thirty_idle_days_and_it_begins_again() -> None:
    busy = Track(FIRST, 400, "held", sent_on=FIRST, began=FIRST - timedelta(days=9))
    assert day_after(busy, Day(), days=29).move == "held"
    again = day_after(busy, Day(), days=30)
    assert (again.budget, again.move, again.began) == (50, "restarted", FIRST + timedelta(days=30))
    assert day_after(again, Day()).move == "held"  # it does not begin again every day
    graduate = Track(FIRST, None, "free", sent_on=FIRST, began=FIRST)
    assert day_after(graduate, Day(), days=31).budget == 50
    assert day_after(again, Day(delivered=50)).budget == 68


def test_a_day_is_decided_once_and_missed_days_are_no_steps() -> None:
    track = tracks.start(OURS, today=FIRST)
    assert tracks.decide(track, OURS, today=FIRST, yesterday=Day(blocked=99)) is track
    assert day_after(track, Day(delivered=50), days=4).budget == 68


def test_a_smaller_volume_counts_at_once() -> None:
    track = Track(FIRST, 5_000, "advanced", began=FIRST)
    assert day_after(track, Day()).budget == 1_000


days = st.builds(
    Day,
    delivered=st.integers(0, 5_000),
    deferred=st.integers(0, 300),
    bounced=st.integers(0, 100),
    blocked=st.integers(0, 20),
    complained=st.integers(0, 5),
    hours=st.integers(0, 24),
)


@pytest.mark.parametrize("schedule", [schedules.house(volume=20_000), schedules.table(volume=200_000)])
@given(story=st.lists(st.tuples(st.one_of(days, st.just(None)), st.integers(1, 40)), max_size=60))
def test_never_above_the_schedule_up_only_with_health_and_within_its_bounds(
    schedule: schedules.Schedule, story: list[tuple[Day | None, int]]
) -> None:
    track, today, began = tracks.start(schedule, today=FIRST), FIRST, FIRST
    for yesterday, pause in story:
        today += timedelta(days=pause)
        if yesterday is None:  # a day as good as it can be
            yesterday = Day(delivered=track.budget or 10)
        before = track
        track = tracks.decide(before, schedule, today=today, yesterday=yesterday)
        if track.move == "restarted":
            began = today
        if before.budget is not None and track.budget is not None:
            assert schedule.first <= track.budget <= schedule.on((today - began).days)
            assert track.budget <= max(schedule.after(before.budget), schedule.first)
        if track.budget is None or (before.budget is not None and track.budget > before.budget):
            if before.budget is not None:
                an_hour = schedule.an_hour(before.budget)
                assert health.of(yesterday, budget=before.budget, an_hour=an_hour).colour == "green"
            if before.budget is not None and track.budget is None:
                assert before.budget >= schedule.last
