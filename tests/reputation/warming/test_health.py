"""What lets a budget grow, what keeps it, what halves it."""

import pytest

from reputation.warming import health
from reputation.warming.health import Day


@pytest.mark.parametrize(
    ("day", "colour", "cause"),
    [
        (Day(delivered=100), "green", ""),
        (Day(delivered=60), "green", ""),
        (Day(delivered=59), "yellow", "unused"),
        (Day(), "yellow", "unused"),
        (Day(delivered=96, deferred=4), "green", ""),
        (Day(delivered=95, deferred=5), "yellow", "deferred"),
        (Day(delivered=80, deferred=20), "red", "deferred"),
        (Day(delivered=99, bounced=1), "green", ""),
        (Day(delivered=98, bounced=2), "yellow", "bounced"),
        (Day(delivered=92, bounced=8), "red", "bounced"),
        (Day(delivered=99, blocked=1), "yellow", "blocked"),
        (Day(delivered=98, blocked=2), "red", "blocked"),
        (Day(delivered=5000, blocked=9), "yellow", "blocked"),
        (Day(delivered=5000, blocked=10), "red", "blocked"),
        (Day(delivered=100, complained=1), "yellow", "complained"),
        (Day(delivered=2000, complained=1), "green", ""),
        (Day(delivered=600, complained=2), "red", "complained"),
        (Day(blocked=3), "red", "blocked"),  # hardly anything left, because we were blocked
        (Day(complained=1), "yellow", "complained"),  # of mail of the day before
    ],
)
def test_colours(day: Day, colour: str, cause: str) -> None:
    found = health.of(day, budget=100)
    assert (found.colour, found.cause) == (colour, cause)


def test_a_day_by_the_hour_is_measured_by_the_hours_in_which_there_was_mail() -> None:
    assert health.of(Day(delivered=40, hours=3), budget=480, an_hour=20).colour == "green"
    assert health.of(Day(delivered=30, hours=3), budget=480, an_hour=20).cause == "unused"
    assert health.of(Day(delivered=40, hours=3), budget=480).cause == "unused"
