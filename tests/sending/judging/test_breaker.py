"""The circuit breaker: a provider's mistake is noticed, dead addresses among living ones are not mistaken for one."""

from hypothesis import given
from hypothesis import strategies as st

from sending.judging.breaker import MOST_PLACES, Breaker, Limits


def run(refusals: list[bool], *, every: float = 0.1, limits: Limits | None = None) -> int:
    """At which refusal the breaker says that it is a wave; 0: never."""
    breaker, now, n = Breaker(limits), 0.0, 0
    for refused in refusals:
        now += every
        breaker.tried("here", now=now)
        if refused:
            n += 1
            if breaker.refused("here", "no such person", now=now):
                return n
    return 0


def test_when_everybody_is_unknown_it_is_a_wave() -> None:
    assert run([True] * 100) == 25


def test_a_list_with_a_third_of_dead_addresses_is_none() -> None:
    assert run([n % 3 == 0 for n in range(5_000)]) == 0


def test_a_provider_that_breaks_in_the_middle_is_noticed_soon() -> None:
    assert 25 <= run([False] * 100 + [True] * 400) <= 101


def test_what_is_slow_is_no_wave() -> None:
    assert run([True] * 200, every=60.0) == 0


def test_different_words_are_different_waves() -> None:
    breaker = Breaker()
    for n in range(24):
        breaker.tried("here", now=n)
        assert not breaker.refused("here", "unknown", now=n)
    breaker.tried("here", now=25)
    assert not breaker.refused("here", "disabled", now=25)
    breaker.tried("there", now=26)
    assert not breaker.refused("there", "unknown", now=26)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.floats(0, 300)), max_size=300))
def test_small_numbers_are_never_a_wave(steps: list[tuple[int, bool, float]]) -> None:
    breaker, now, refusals = Breaker(Limits(least=25)), 0.0, 0
    for place, refused, pause in steps:
        now += pause
        breaker.tried(str(place), now=now)
        if refused:
            refusals += 1
            if breaker.refused(str(place), "x", now=now):
                assert refusals >= 25


def test_memory_is_bounded() -> None:
    breaker = Breaker()
    for n in range(MOST_PLACES + 50):
        breaker.tried(f"p{n}", now=float(n))
    assert len(breaker._places) <= MOST_PLACES
