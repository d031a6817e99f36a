"""Rulings: who is meant by which."""

from hypothesis import given
from hypothesis import strategies as st

from sending.relay.rulings import HOLD, Ruling, Rulings

A_FEW = st.integers(0, 2)
WORDS = st.sampled_from(["", "Gmail", "Other"])
SCOPES = st.tuples(A_FEW, WORDS, WORDS, A_FEW, A_FEW)


def fits(scope: tuple, asked: tuple) -> bool:
    return all(not mine or mine == theirs for mine, theirs in zip(scope, asked, strict=True))


@given(st.lists(SCOPES, max_size=20), SCOPES)
def test_each_that_fits_is_found_and_no_other(scopes: list[tuple], asked: tuple) -> None:
    rulings = Rulings()
    rulings.take(Ruling(number, HOLD, *scope) for number, scope in enumerate(scopes))
    expected = {number for number, scope in enumerate(scopes) if fits(scope, asked)}
    assert {ruling.id for ruling in rulings.matching(*asked)} == expected


def test_none_is_no_work() -> None:
    assert list(Rulings().matching(1, "Gmail", "mx", 1, 1)) == []
