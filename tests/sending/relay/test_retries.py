"""When to try again: quickly at first, then patiently, never at the same second, and not for ever."""

import random

from hypothesis import given
from hypothesis import strategies as st

from sending.relay import retries

HOUR = 3600.0


@given(st.integers(1, 100), st.integers(0, 1000))
def test_the_steps(attempts: int, seed: int) -> None:
    due = retries.next_try(attempts=attempts, now=1000.0, expires=1e9, chance=random.Random(seed))
    assert due is not None
    step = retries.STEPS[min(attempts, len(retries.STEPS)) - 1]
    assert 0.8 * step <= due - 1000.0 <= 1.2 * step


def test_the_last_try_is_made_when_it_expires_and_then_we_give_up() -> None:
    chance = random.Random(1)
    assert retries.next_try(attempts=7, now=47 * HOUR, expires=48 * HOUR, chance=chance) == 48 * HOUR
    assert retries.next_try(attempts=8, now=48 * HOUR, expires=48 * HOUR, chance=chance) is None


def test_a_month_of_trouble_costs_few_tries() -> None:
    chance, now, tries = random.Random(2), 0.0, 0
    while True:
        tries += 1
        due = retries.next_try(attempts=tries, now=now, expires=48 * HOUR, chance=chance)
        if due is None:
            break
        now = due
    assert now == 48 * HOUR
    assert 14 <= tries <= 25


def test_a_least_pause_is_kept() -> None:
    due = retries.next_try(attempts=1, now=0.0, expires=1e9, chance=random.Random(1), least=HOUR)
    assert due == HOUR
