"""Pace and time left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import pace


@pytest.mark.parametrize(
    ("samples", "now", "left", "expected"),
    [
        ([], 100, 50, pace.Pace()),
        ([(99, 60)], 100, 50, pace.Pace()),  # too short a look
        ([(90, 60)], 100, 50, pace.Pace(60, 50)),
        ([(20, 500), (90, 60)], 100, 50, pace.Pace(60, 50)),  # what is older than a minute does not count
        ([(90, 50)], 100, 50, pace.Pace(0, None)),
        ([(90, 40)], 100, 50, pace.Pace(0, None)),  # some came back
        ([(90, 40)], 100, 0, pace.Pace(None, 0)),
    ],
)
def test_of(samples: list[tuple[float, int]], now: float, left: int, expected: pace.Pace) -> None:
    assert pace.of(samples, now=now, left=left) == expected


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 10**7)), max_size=300), st.integers(0, 10**7))
def test_any_samples_give_a_pace_and_few_are_kept(samples: list[tuple[float, int]], left: int) -> None:
    samples.sort()
    now = samples[-1][0] + 1 if samples else 0.0
    found = pace.of(samples, now=now, left=left)
    assert found.seconds_left is None or found.seconds_left >= 0
    assert len(pace.keep(samples, now=now, left=left)) <= 120


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (3, "less than a minute"),
        (60, "about 1 minute"),
        (600, "about 10 minutes"),
        (7200, "about 2 hours"),
        (400_000, "about 5 days"),
    ],
)
def test_in_words(seconds: int | None, words: str) -> None:
    assert pace.in_words(seconds) == words
