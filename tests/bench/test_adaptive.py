"""The provider with secret limits, and that the relay finds them out: the benchmark's own claims, on a smaller scale."""

import logging
from collections.abc import Iterator

import pytest

from bench import adaptive
from bench.adaptive import CONSTANT, OURS, send
from bench.adaptive_provider import Secret


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def test_it_comes_out_the_same_each_time() -> None:
    secrets = [Secret(3, 60)]
    one, two = (send(OURS, secrets, hours=0.1) for _ in range(2))
    assert one == two and one.accepted > 50


@pytest.mark.parametrize(
    "secret",
    [Secret(3, 90, 20, thinks=1.918), Secret(5, 60), Secret(4, 60, grudge=0.01)],
    ids=["connections", "pace", "grudge"],
)
def test_ours_is_put_off_at_most_half_as_often_as_constant_shaping_and_gets_no_less_through(secret: Secret) -> None:
    constant, ours = (send(way, [secret], hours=0.75) for way in (CONSTANT, OURS))
    assert ours.share <= adaptive.SHARE * constant.share
    assert ours.accepted >= 0.99 * constant.accepted


def test_limits_that_become_tighter_and_wider_are_followed() -> None:
    secrets = [Secret(5, 60), Secret(5, 20, since=1800.0), Secret(5, 120, since=3600.0)]
    found = send(OURS, secrets, hours=2.5)
    taken = {half: sum(n for minute, (n, _) in found.minutes.items() if minute // 30 == half) for half in range(5)}
    assert 0.6 * 1800 < taken[0] <= 1.1 * 1800
    assert 0.6 * 600 < taken[1] <= 1.1 * 600
    assert taken[4] > 1.3 * taken[1]  # it dares again
    assert found.share < 0.02


def test_what_waits_is_not_claimed_before_it_can_leave() -> None:
    found = send(OURS, [Secret(5, 10)], hours=0.5, backlog=3000)
    assert found.claimed < found.accepted + found.deferrals + 60
