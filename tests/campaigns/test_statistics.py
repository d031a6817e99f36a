"""The intervals are those of the papers; the words and the decision are one; chance alone rarely wins."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.statistics import (
    LEVEL,
    Share,
    compare,
    difference,
    level_of_each,
    visible,
    wilson,
    worse,
)

SHARES = st.integers(0, 5_000).flatmap(lambda of: st.builds(Share, st.integers(0, of), st.just(of)))


@pytest.mark.parametrize(
    ("n", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_in_newcombe_1998_table_i(n: int, of: int, low: float, high: float) -> None:
    assert wilson(n, of) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_differences_as_in_newcombe_1998_table_ii(
    a: tuple[int, int], b: tuple[int, int], low: float, high: float
) -> None:
    assert difference(Share(*a), Share(*b)) == pytest.approx((low, high), abs=5e-5)


@given(share=SHARES, level=st.sampled_from([0.8, 0.95, 0.995]))
def test_an_interval_holds_its_rate(share: Share, level: float) -> None:
    low, high = share.interval(level)
    assert 0 <= low <= share.rate <= high <= 1 or not share.of


@given(a=SHARES, b=SHARES)
def test_a_difference_turned_round_is_the_same_interval(a: Share, b: Share) -> None:
    low, high = difference(a, b)
    turned_low, turned_high = difference(b, a)
    assert (low, high) == pytest.approx((-turned_high, -turned_low), abs=1e-12)
    assert -1 <= low <= a.rate - b.rate + 1e-12 and a.rate - b.rate - 1e-12 <= high <= 1


@given(shares=st.lists(SHARES, min_size=2, max_size=5))
def test_the_leader_leads_and_the_words_fit_the_intervals(shares: list[Share]) -> None:
    named = dict(enumerate(shares, start=1))
    reading = compare(named)
    assert named[reading.leader].rate == max(share.rate for share in shares)
    assert {each.other for each in reading.differences} == set(named) - {reading.leader}
    assert (reading.word == "clear") == all(each.low > 0 for each in reading.differences)
    assert not worse(named, min(named, key=lambda number: (named[number].rate, number)))


@given(shares=st.lists(SHARES, min_size=2, max_size=5), chance=st.randoms())
def test_the_order_of_the_versions_changes_no_word(shares: list[Share], chance: random.Random) -> None:
    mixed = list(enumerate(shares, start=1))
    chance.shuffle(mixed)
    assert compare(dict(mixed)).word == compare(dict(enumerate(shares, start=1))).word


def test_more_versions_want_more() -> None:
    assert level_of_each(2) == LEVEL and level_of_each(5) == pytest.approx(1 - 0.05 / 10)
    close = {1: Share(98, 1_000), 2: Share(130, 1_000)}
    assert compare(close).word == "clear"
    assert compare(close | {3: Share(98, 1_000), 4: Share(98, 1_000), 5: Share(98, 1_000)}).word == "too_few"


def test_what_is_the_same_and_what_cannot_be_told() -> None:
    assert compare({1: Share(10_000, 100_000), 2: Share(10_010, 100_000)}).word == "same"
    assert compare({1: Share(10, 100), 2: Share(11, 100)}).word == "too_few"
    assert compare({1: Share(0, 0), 2: Share(0, 0)}).word == "too_few"
    assert compare({1: Share(0, 50_000), 2: Share(0, 50_000)}).word == "too_few"


@pytest.mark.parametrize("versions", [2, 5])
def test_chance_alone_rarely_wins(versions: int) -> None:
    """Of versions that are all the same, one is called better in at most one test of twenty."""
    chance = random.Random(20)
    runs, people, rate = 400, 400, 0.12
    wins = 0
    for _ in range(runs):
        shares = {
            number: Share(sum(chance.random() < rate for _ in range(people)), people)
            for number in range(1, versions + 1)
        }
        wins += compare(shares).word == "clear"
    assert wins <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5


def test_what_can_be_seen_as_in_the_tables() -> None:
    """10 % against 15 % wants 686 in each group (two-sided 5 %, power 80 %, without the correction)."""
    assert visible(0.10, 686) == pytest.approx(0.15, abs=2e-4)
    assert visible(0.10, 1) is None and visible(0.10, 2) is None


@given(rate=st.floats(0.001, 0.5), people=st.integers(10, 10**6))
def test_more_people_show_smaller_differences(rate: float, people: int) -> None:
    few, many = visible(rate, people), visible(rate, people * 4)
    assert many is not None or few is None
    assert few is None or (many is not None and rate < many <= few <= 1)


def test_a_version_that_nobody_got_does_not_lead() -> None:
    assert compare({1: Share(0, 0), 2: Share(0, 50)}).leader == 2
    assert compare({1: Share(0, 50), 2: Share(0, 50)}).leader == 1
