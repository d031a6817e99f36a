"""How a place stands: held, back by a tenth and slowly, longer after a renewed refusal, and what it taught is remembered."""

from itertools import pairwise

import pytest

from sending.judging import trouble
from sending.judging.book import Action, Effect
from sending.relay.recovery import Standing
from sending.relay.sites import Learning

LEARNING = Learning()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standing(clock: Clock) -> Standing:
    return Standing(clock, LEARNING)


def send(standing: Standing, clock: Clock, seconds: float, *, per_second: float = 20.0) -> int:
    """As fast as it lets, and as the server takes it: how many went."""
    went = 0
    for _ in range(round(seconds * per_second)):
        if standing.wait(clock.now) == 0 and not standing.is_held(clock.now):
            standing.take(clock.now)
            standing.went_well()
            went += 1
        clock.now += 1 / per_second
    return went


def test_nothing_is_limited_before_anything_was_said(standing: Standing, clock: Clock) -> None:
    assert send(standing, clock, 10) == 200
    assert not standing.is_paced and standing.allows(clock.now, 5) >= 1_000_000


def test_after_a_hold_the_pace_comes_back_from_a_tenth_and_not_at_once(standing: Standing, clock: Clock) -> None:
    send(standing, clock, 60)
    standing.hold(0, "slow down", "rate_limit")
    assert standing.is_held(clock.now) and round(standing.held_until - clock.now) == LEARNING.first_hold
    assert standing.is_probing
    clock.now = standing.held_until
    minutes = [send(standing, clock, 60) for _ in range(8)]
    assert 0.08 * 1200 < minutes[0] < 0.2 * 1200
    assert all(before < after for before, after in pairwise(minutes[:4]))
    assert minutes[1] < 0.5 * 1200 and minutes[-1] >= 1199
    assert not standing.is_recovering and standing.failures == 0


def test_without_success_it_stays_at_a_tenth(standing: Standing, clock: Clock) -> None:
    send(standing, clock, 60)
    standing.hold(0, "slow down", "rate_limit")
    clock.now = standing.held_until + 3600
    assert standing.is_probing and standing.ceiling == pytest.approx(2.0, rel=0.1)


def test_a_renewed_refusal_on_the_way_back_makes_the_next_hold_longer(standing: Standing, clock: Clock) -> None:
    send(standing, clock, 60)
    lengths = []
    for _ in range(7):
        standing.hold(0, "slow down", "rate_limit")
        lengths.append(standing.length)
        clock.now = standing.held_until
        send(standing, clock, 5)
    assert lengths == [30, 60, 120, 240, 480, 900, 900]
    clock.now += 1
    standing.hold(7200, "blocked", "ip_reputation")
    clock.now = standing.held_until + 1
    standing.hold(7200, "blocked", "ip_reputation")
    assert standing.length == 14400


def test_what_is_said_while_it_is_held_makes_it_longer_at_the_most(standing: Standing, clock: Clock) -> None:
    assert standing.hold(900, "blocked", "ip_reputation", moves=True)
    assert not standing.hold(30, "slow down", "rate_limit")
    assert (standing.length, standing.failures, standing.moves) == (900, 1, True)
    assert standing.held_until == clock.now + 900


def test_trouble_without_a_word_against_us_has_no_ramp(standing: Standing, clock: Clock) -> None:
    send(standing, clock, 60)
    standing.hold(0, "no connection", "network", ramp=trouble.AWAY.ramp)
    clock.now = standing.held_until
    assert send(standing, clock, 10) == 200
    assert standing.failures == 0


def test_a_pace_that_was_too_much_is_learned_and_not_gone_back_to(standing: Standing, clock: Clock) -> None:
    send(standing, clock, 60, per_second=10)
    standing.too_fast()
    standing.hold(0, "slow down", "rate_limit")
    assert standing.learned.value == pytest.approx(8.0, rel=0.05)
    clock.now = standing.held_until
    minutes = [send(standing, clock, 60) for _ in range(8)]
    assert max(minutes) <= 8.2 * 60 + 17 and minutes[-1] > 7.5 * 60
    assert standing.learned.trouble == pytest.approx(10, rel=0.05)


def test_nothing_is_learned_from_hardly_anything(standing: Standing, clock: Clock) -> None:
    standing.went_well()
    standing.too_fast()
    assert standing.learned.value == 0
    standing.hold(0, "slow down", "rate_limit")
    clock.now = standing.held_until + 1
    standing.too_fast()  # again, at the pace of the way back: that says something
    assert standing.learned.value > 0


def test_slow_is_for_a_while(standing: Standing, clock: Clock) -> None:
    standing.slow(10, 1800)
    assert send(standing, clock, 600) <= 102
    clock.now += 1201
    assert send(standing, clock, 10) >= 190


def test_what_was_decreed_holds_until_it_is_decreed_otherwise(standing: Standing, clock: Clock) -> None:
    standing.limit(60)
    assert send(standing, clock, 60) <= 62
    standing.limit(0)
    assert send(standing, clock, 10) == 200


def test_a_share_of_tries_that_are_put_off_is_a_refusal_whatever_the_words(standing: Standing, clock: Clock) -> None:
    assert not any(standing.was_put_off() for _ in range(19))  # fewer than twenty say nothing
    assert standing.was_put_off()
    healthy = Standing(clock, LEARNING)
    found = []
    for number in range(300):
        clock.now += 0.2
        if number % 4:
            healthy.went_well()
        else:
            found.append(healthy.was_put_off())
    assert not any(found)


def test_rules_that_want_it_often_count_within_their_time(standing: Standing, clock: Clock) -> None:
    rule = Action(Effect.SLOW, seconds=60, per_minute=5, times=3, within=100)
    said = []
    for pause in (0, 50, 60, 20, 10):
        clock.now += pause
        said.append(standing.has_said_often(rule))
    assert said == [False, False, False, True, True]


def test_a_release_ends_the_hold_and_not_the_caution(standing: Standing, clock: Clock) -> None:
    send(standing, clock, 60)
    standing.too_fast()
    standing.slow(1, 3600)
    standing.hold(7200, "blocked", "ip_reputation")
    clock.now += 10
    standing.release()
    assert not standing.is_held(clock.now) and standing.is_recovering
    assert standing.learned.value == 0 and standing.ceiling == pytest.approx(1.6, rel=0.1)
    assert standing.waits.between(clock.now - 20, clock.now).held == pytest.approx(10)


def test_constant_shaping_learns_nothing(clock: Clock) -> None:
    constant = Standing(clock, Learning(constant=True))
    send(constant, clock, 60)
    constant.too_fast()
    constant.hold(0, "slow down", "rate_limit")
    assert not any(constant.was_put_off() for _ in range(50))
    clock.now = constant.held_until
    assert send(constant, clock, 10) == 200
