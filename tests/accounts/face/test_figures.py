"""Numbers and times do not flatter."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.face import figures


@pytest.mark.parametrize(
    ("n", "of", "said"),
    [(1, 3, "33.3%"), (0, 9, "0%"), (9, 9, "100.0%"), (1, 100_000, "<0.1%"), (99_999, 100_000, ">99.9%"), (1, 0, "–")],
)
def test_a_percentage_never_rounds_something_to_nothing(n: int, of: int, said: str) -> None:
    assert figures.percentage(n, of) == said


@given(st.integers(min_value=1, max_value=10**9), st.integers(min_value=1, max_value=10**9))
def test_only_all_is_a_hundred_and_only_nothing_is_zero(n: int, of: int) -> None:
    said = figures.percentage(n, of)
    assert said not in {"0.0%", "0%"}
    assert (said == "100.0%") == (n == of)


def test_a_moment_has_its_year_when_it_is_another() -> None:
    now = datetime(2026, 11, 22, 9, 46, tzinfo=UTC)
    assert figures.moment(now, now) == "22 Nov, 09:46"
    assert figures.moment(now.replace(year=2025), now) == "22 Nov 2025, 09:46"
    assert figures.moment(now, now, "date") == "22 Nov"
    assert figures.moment(now, now, "time") == "09:46"


def test_the_exact_time_says_its_zone() -> None:
    at = datetime(2026, 7, 1, 12, 0, 5, tzinfo=ZoneInfo("Europe/Berlin"))
    assert figures.exact(at) == "Wednesday 1 July 2026, 12:00:05 (Europe/Berlin, UTC+02:00)"


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=-2), "in 2 hours"),
        (timedelta(days=4000), "4,000 days ago"),
        (timedelta(seconds=-5), "in a moment"),
    ],
)
def test_distances(gap: timedelta, said: str) -> None:
    assert figures.distance(gap) == said
