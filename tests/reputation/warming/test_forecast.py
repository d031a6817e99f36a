"""When a send will be done."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reputation.warming import forecast
from reputation.warming.forecast import Forecast, Part

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)  # a Sunday


def told(*parts: Part, zone: str = "Europe/Berlin", begins: datetime = NOW) -> str:
    found = forecast.of(parts, begins=begins, now=NOW)
    assert found is not None
    return forecast.in_words(found, zone=zone, now=NOW)


def test_nothing_to_send() -> None:
    assert forecast.of([Part("Gmail", 0, 10)], begins=NOW) is None


def test_a_measured_pace_is_told_to_the_quarter_of_an_hour() -> None:
    assert told(Part("Gmail", 36_000, 10, is_measured=True)) == "today about 12:00"


def test_a_guessed_pace_is_told_as_a_range() -> None:
    assert told(Part("Gmail", 36_000, 10)) == "today between 11:15 and 14:00"


def test_a_budget_takes_days_and_grows_or_does_not() -> None:
    part = Part("Gmail", 1_000, 10, today=100, growing=[200, 300, 400, 500], steady=[100])
    found = forecast.of([part, Part("Yahoo", 50, 10)], begins=NOW)
    assert found is not None and found.slowest == "Gmail" and found.is_warming
    assert found.soonest is not None and found.soonest.date().isoformat() == "2026-11-25"
    assert found.latest is not None and found.latest.date().isoformat() == "2026-12-01"
    assert told(part) == "between Wednesday and Tuesday 1 December"
    assert told(Part("Gmail", 150, 10, today=100, growing=[200], steady=[200])) == "tomorrow about 05:15"


def test_what_fits_into_today_is_done_today() -> None:
    assert told(Part("Gmail", 100, 10, today=100, growing=[100], steady=[100])) == "today about 19:15"
    assert told(Part("Gmail", 50, 10, today=0, growing=[100], steady=[100])).startswith("tomorrow")


def test_what_begins_on_another_day_has_that_days_budget() -> None:
    friday = NOW + timedelta(days=5)
    words = told(Part("Gmail", 100, 10, today=0, growing=[200], steady=[100]), begins=friday)
    assert words == "on Friday about 19:15"


def test_a_very_long_time_is_said_as_that() -> None:
    never = Part("Gmail", 1_000_000, 10, today=50, growing=[50], steady=[50])
    assert told(never) == "in more than 60 days"
    assert told(Part("Gmail", 5_000, 10, today=50, growing=[1000], steady=[50])) == "on Friday at the soonest"


def test_the_clocks_are_the_organizations() -> None:
    part = Part("Gmail", 36_000, 10, is_measured=True)
    assert told(part, zone="Pacific/Auckland") == "tomorrow about 00:00"
    assert told(part, zone="America/New_York") == "today about 06:00"


@given(
    people=st.integers(1, 200_000),
    today=st.integers(0, 5_000),
    budgets=st.lists(st.integers(1, 10_000), min_size=1, max_size=20),
    minute=st.integers(0, 1439),
    a_second=st.floats(0.01, 500),
)
def test_growing_is_never_later_than_staying_and_more_people_never_sooner(
    people: int, today: int, budgets: list[int], minute: int, a_second: float
) -> None:
    begins = NOW.replace(hour=0) + timedelta(minutes=minute)
    steady, growing = [budgets[0]], [budgets[0] * (n + 1) for n in range(len(budgets))]

    def done(people: int) -> Forecast:
        part = Part("Gmail", people, a_second, today=today, growing=growing, steady=steady)
        found = forecast.of([part], begins=begins)
        assert found is not None
        return found

    one, more = done(people), done(people + 100)
    for found in (one, more):
        if found.latest is not None:
            assert found.soonest is not None and begins <= found.soonest <= found.latest
        assert forecast.in_words(found, zone="Asia/Kathmandu", now=begins)
    if more.latest is not None:
        assert one.latest is not None and one.latest <= more.latest
