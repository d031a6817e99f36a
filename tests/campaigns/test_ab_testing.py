"""A test decides by its numbers and by what was chosen beforehand, and by nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import ab_testing
from campaigns.ab_testing import Seen, Settings, judge

SETTINGS = Settings("subject", 30, "clicks", 240, by_itself=True, unsure="leader", guard=True)


def seen(number: int, clicks: int, *, of: int = 1_000, lost: int = 0, opens: int = 0) -> Seen:
    return Seen(number, people=of, answered=of, delivered=of, clicks=clicks, opens=opens, lost=lost)


CLEAR = [seen(1, 98), seen(2, 160)]
CLOSE = [seen(1, 98), seen(2, 121)]
SAME = [seen(1, 10_000, of=100_000), seen(2, 10_010, of=100_000)]


@pytest.mark.parametrize(
    ("found", "changed", "word", "number", "why"),
    [
        (CLEAR, {}, "win", 2, "B is better: 16% clicked, against 9.8% of A."),
        (CLOSE, {}, "win", 2, "Too few to tell: of B 12.1% clicked, against 9.8% of A."),
        (CLOSE, {"unsure": "ask"}, "ask", 0, "anything from −0.4 to 5.0 points"),
        (SAME, {"unsure": "ask"}, "ask", 0, "No difference larger than 0.3 points"),
        (CLEAR, {"by_itself": False}, "ask", 0, "B is better"),
        ([seen(1, 98), seen(2, 160, lost=30)], {}, "ask", 0, "clearly more people leave because of B (3%)"),
        ([seen(1, 98), seen(2, 160, lost=30)], {"guard": False}, "win", 2, "B is better"),
        ([seen(1, 160, lost=3), seen(2, 98)], {}, "win", 1, "A is better"),  # not clearly more
        ([seen(1, 0), seen(2, 0)], {}, "win", 1, "nobody has clicked"),
        ([seen(1, 98), seen(2, 121), seen(3, 40)], {"unsure": "ask"}, "ask", 0, "Only C is clearly worse."),
        ([seen(1, 0, opens=300), seen(2, 0, opens=200)], {"metric": "opens"}, "win", 1, "30% opened"),
        (
            [seen(1, 0, of=0), seen(2, 0, of=0)],
            {},
            "win",
            1,
            "nobody",
        ),  # all of them were skipped: nobody waits for ever
    ],
)
def test_verdicts(found: list[Seen], changed: dict[str, object], word: str, number: int, why: str) -> None:
    verdict = judge(replace(SETTINGS, **changed), found, is_over=True)  # type: ignore[arg-type]
    assert (verdict.word, verdict.number) == (word, number) and why in verdict.why


def test_nothing_is_decided_before_the_time_or_without_answers() -> None:
    assert judge(SETTINGS, CLEAR, is_over=False).word == "wait"
    silent = [CLEAR[0], replace(CLEAR[1], answered=499)]
    verdict = judge(SETTINGS, silent, is_over=True)
    assert verdict.word == "wait" and "Only 499 of the 1,000 who get B" in verdict.why
    assert judge(SETTINGS, [CLEAR[0], replace(CLEAR[1], answered=500)], is_over=True).word == "win"


@given(
    clicks=st.lists(st.integers(0, 500), min_size=2, max_size=5),
    lost=st.lists(st.integers(0, 500), min_size=5, max_size=5),
)
def test_it_always_comes_to_an_end_and_never_with_one_that_drives_people_away(
    clicks: list[int], lost: list[int]
) -> None:
    found = [
        seen(number, n, of=500, lost=gone) for number, (n, gone) in enumerate(zip(clicks, lost, strict=False), start=1)
    ]
    verdict = judge(SETTINGS, found, is_over=True)
    assert verdict.word in ("win", "ask") and verdict.why
    if verdict.word == "win":
        assert found[verdict.number - 1].clicks == max(clicks)
        assert not ab_testing.costs_more(found, verdict.number)


@given(people=st.integers(0, 10**7), versions=st.integers(2, 5), share=st.integers(5, 100))
def test_everybody_is_in_one_group(people: int, versions: int, share: int) -> None:
    groups, rest = ab_testing.sizes(replace(SETTINGS, share=share), versions, people)
    assert sum(groups) + rest == people and len(groups) == versions
    assert max(groups) - min(groups) <= 1 and rest >= 0
    parts = ab_testing.split(replace(SETTINGS, share=share), versions, 99)
    assert sum(part for _, part in parts) == pytest.approx(100)
    assert (parts[-1][0] == 99) == (share < 100)


def test_the_time_of_each_version_and_a_pause() -> None:
    last = {1: datetime(2026, 3, 1, 9, tzinfo=UTC), 2: datetime(2026, 3, 1, 15, tzinfo=UTC)}
    facts = ab_testing.begun({"share": 30}, last)
    assert ab_testing.ends(facts, SETTINGS) == {number: at + timedelta(hours=4) for number, at in last.items()}
    later = ab_testing.put_off(facts, timedelta(hours=1))
    assert ab_testing.ends(later, SETTINGS) == {number: at + timedelta(hours=5) for number, at in last.items()}
    assert ab_testing.ends({"share": 30}, SETTINGS) == {}


def test_what_was_chosen_is_kept_apart_from_what_came_of_it() -> None:
    facts = {"share": 30, "metric": "opens", "winner": 2, "outcome": {"word": "won"}, "last": {"1": "…"}}
    assert ab_testing.choices(facts) == {"share": 30, "metric": "opens"}
    assert Settings.of({}) is None and Settings.of({"share": 100}) is not None


def test_the_plan_in_words() -> None:
    said = " ".join(ab_testing.plan(SETTINGS, [timedelta(0)] * 3))
    assert "A/B test of the subject: versions A, B and C, 10% each." in said
    assert "4 hours" in said and "The others, 70%, wait" in said and "the one that leads goes to them" in said
    time = " ".join(ab_testing.plan(replace(SETTINGS, what="time", share=100), [timedelta(0), timedelta(hours=26)]))
    assert "B leaves 26 hours later." in time and "Nobody waits." in time


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (500, "With 500 people each, only a difference such as 10% against 15.9% would be seen."),
        (50_000, "With 50,000 people each, even a difference such as 10% against 10.5% would be seen."),
        (1, "With 1 person each, no difference could be seen at all."),
        (0, "With 0 people each, no difference could be seen at all."),
    ],
)
def test_what_could_be_seen(people: int, said: str) -> None:
    assert ab_testing.could_see(SETTINGS, 2, people, 0.10) == said
    assert ab_testing.is_hopeless(2, people, 0.10) == (people < 200)


@pytest.mark.parametrize(
    ("value", "said"), [(0.0042, "0.4"), (-0.0123, "−1.2"), (0.0, "0.0"), (0.0003, "0.03"), (-0.00001, "0.00")]
)
def test_points(value: float, said: str) -> None:
    assert ab_testing.points(value) == said
