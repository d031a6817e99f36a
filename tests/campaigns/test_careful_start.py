"""A careful start decides by what became of the first group, and by nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.careful_start import DEFAULTS, Seen, Settings, judge

SETTINGS = Settings(percent=5, minutes=30, bounces=3.0, complaints=0.3, go_on=True)
WELL = Seen(people=1_000, answered=990, bounced=10, complained=0, minutes=31)


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (WELL, "go"),
        (replace(WELL, minutes=29.9), "wait"),
        (replace(WELL, bounced=30), "go"),
        (replace(WELL, bounced=31), "stop"),
        (replace(WELL, bounced=31, minutes=0.1), "stop"),  # not only when the time is over
        (replace(WELL, complained=3), "go"),
        (replace(WELL, complained=4), "stop"),
        (replace(WELL, answered=499), "wait"),
        (replace(WELL, answered=500), "go"),
        (Seen(people=10, answered=10, bounced=1, complained=0, minutes=31), "go"),  # one person stops nothing
        (Seen(people=10, answered=10, bounced=2, complained=0, minutes=1), "stop"),
        (Seen(people=0, answered=0, bounced=0, complained=0, minutes=0), "go"),  # all of them were skipped
    ],
)
def test_verdicts(seen: Seen, word: str) -> None:
    assert judge(SETTINGS, seen).word == word


def test_who_wants_to_be_asked_is_asked() -> None:
    verdict = judge(replace(SETTINGS, go_on=False), WELL)
    assert verdict.word == "ask" and "Of the first 1,000, 10 bounced" in verdict.why


def test_it_says_why() -> None:
    assert judge(SETTINGS, replace(WELL, bounced=80)).why == (
        "80 of the first 1,000 bounced: 8.0%, and the limit is 3%."
    )
    assert "Only 12 of the first 1,000 have an answer" in judge(SETTINGS, replace(WELL, answered=12, bounced=0)).why


def test_settings_of_a_campaign() -> None:
    assert Settings.of({}) is None
    assert Settings.of({"percent": 10}) == Settings(**{**DEFAULTS, "percent": 10})
    assert Settings.of({**DEFAULTS, "outcome": {"word": "go"}}) == Settings(**DEFAULTS)


_COUNTS = st.integers(0, 5_000)


@given(st.integers(1, 5_000), _COUNTS, _COUNTS, _COUNTS, st.floats(0, 100))
def test_more_bounces_never_turn_a_stop_into_a_go(
    people: int, answered: int, bounced: int, more: int, minutes: float
) -> None:
    seen = Seen(people=people, answered=answered, bounced=bounced, complained=0, minutes=minutes)
    if judge(SETTINGS, seen).word == "stop":
        assert judge(SETTINGS, replace(seen, bounced=bounced + more)).word == "stop"
