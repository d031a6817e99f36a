"""Times of day where people live: what daylight saving does to them, and that nobody is forgotten."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending import timing


@pytest.mark.parametrize(
    ("wall", "zone", "utc"),
    [
        ("2026-11-24 09:00", "Europe/Berlin", "2026-11-24 08:00"),
        ("2026-07-24 09:00", "Europe/Berlin", "2026-07-24 07:00"),
        # 02:30 does not exist there on that night: it falls right after the gap, at 03:30 summer time.
        ("2027-03-28 02:30", "Europe/Berlin", "2027-03-28 01:30"),
        # 02:30 comes twice: the first time, still in summer time.
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25 00:30"),
        ("2026-11-24 09:00", "Asia/Kathmandu", "2026-11-24 03:15"),
        ("2026-11-24 09:00", "Pacific/Kiritimati", "2026-11-23 19:00"),
        # A day that Samoa never had.
        ("2011-12-30 09:00", "Pacific/Apia", "2011-12-30 19:00"),
    ],
)
def test_the_moment_at_which_the_clocks_show_it(wall: str, zone: str, utc: str) -> None:
    assert timing.in_zone(datetime.fromisoformat(wall), zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_everywhere_is_the_same_time_of_day() -> None:
    start = datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    moments = timing.everywhere(start, "Europe/Berlin")
    assert moments["europe/berlin"] == start
    assert moments["america/new_york"] - start == timedelta(hours=6)
    assert timing.first(start, "Europe/Berlin") == moments["pacific/kiritimati"]
    assert timing.last(start, "Europe/Berlin") - timing.first(start, "Europe/Berlin") == timedelta(hours=26)
    assert len(moments) == len(timing.zones()) > 400


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
)
def test_no_clock_is_ever_more_than_a_gap_away(wall: datetime, zone: str) -> None:
    """Clocks that skip the time show one later by the length of the gap, never an earlier one, and never another day's."""
    shown = timing.in_zone(wall, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert timedelta(0) <= shown - wall <= timedelta(hours=1)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)), st.sampled_from(timing.zones()))
def test_all_the_world_has_its_turn_within_26_hours_around_ours(wall: datetime, zone: str) -> None:
    start = timing.in_zone(wall, zone)
    first, last = timing.first(start, zone), timing.last(start, zone)
    assert first <= start <= last and last - first <= timedelta(hours=27)


def test_nothing_leaves_before_it_may() -> None:
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    later = start + timedelta(minutes=5)
    assert timing.Timing(start, not_before=later).first == later
    assert timing.Timing(start).first == start
    assert timing.Timing(start, their_zones=True, zone="UTC").first == start - timedelta(hours=14)
