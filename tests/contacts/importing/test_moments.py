"""Moments as services write them, in UTC."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.importing import moments
from contacts.values import BadValue


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2020-02-10 23:07:16.199433 +0100 CET", "ymd", "2020-02-10T22:07:16Z"),
        ("2020-02-10 23:07:16 +0000 UTC m=+0.000000001", "ymd", "2020-02-10T23:07:16Z"),
        ("2020-02-10 23:07:16.199 -0330 -0330", "ymd", "2020-02-11T02:37:16Z"),
        ("2026-01-02 03:04:05", "ymd", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+02:00", "ymd", "2026-01-02T01:04:05Z"),
        ("1700000000", "ymd", "2023-11-14T22:13:20Z"),
        ("1700000000.5", "ymd", "2023-11-14T22:13:20Z"),
        ("1700000000123", "ymd", "2023-11-14T22:13:20Z"),
        ("31.01.2026", "dmy", "2026-01-31T00:00:00Z"),
        ("01/31/2026 5:30 PM", "mdy", "2026-01-31T17:30:00Z"),
        ("01/31/2026 12:05 am", "mdy", "2026-01-31T00:05:00Z"),
        ("Jan 31, 2026 at 05:30:10", "ymd", "2026-01-31T05:30:10Z"),
        ("31 janvier 2026", "ymd", "2026-01-31T00:00:00Z"),
        ("20260131", "ymd", "2026-01-31T00:00:00Z"),
    ],
)
def test_moments(text, order, moment):
    assert moments.read(text, order) == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "31.01.2026 25:00", "0001-01-01", "12", "1" * 70, "2020-13-01 00:00:00 +0000 UTC"]
)
def test_no_moments(text):
    with pytest.raises(BadValue):
        moments.read(text, "dmy")


@given(st.text(max_size=70))
def test_any_text_is_a_moment_or_bad(text):
    assert moments.reads(text) in (True, False)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))
def test_gos_clock_is_read_to_the_second(when):
    assert moments.read(when.strftime("%Y-%m-%d %H:%M:%S.%f +0000 UTC")) == when.replace(tzinfo=UTC).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
