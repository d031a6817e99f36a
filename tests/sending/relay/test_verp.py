"""Return paths: what we signed is read whatever happened to its case, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.relay import verp

KEY, OLD = b"k" * 32, b"o" * 32
ids = st.integers(1, verp.MAX_ID)


@given(ids, st.randoms())
def test_a_token_is_read_in_any_case(number: int, chance) -> None:  # type: ignore[no-untyped-def]
    token = verp.mint(number, secret=KEY)
    assert len(token) <= 64  # RFC 5321 4.5.3.1.1
    mixed = "".join(chance.choice((c.lower(), c.upper())) for c in token)
    assert verp.read(mixed, secrets=[OLD, KEY]) == number


@given(st.text(max_size=100))
def test_no_text_of_a_stranger_is_read(text: str) -> None:
    assert verp.read(text, secrets=[KEY]) is None
    assert verp.read(verp.PREFIX + text, secrets=[KEY]) is None


@given(ids, st.data())
def test_a_changed_token_is_not_read(number: int, data) -> None:  # type: ignore[no-untyped-def]
    token = verp.mint(number, secret=KEY)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567-").filter(lambda c: c != token[at]))
    assert verp.read(token[:at] + other + token[at + 1 :], secrets=[KEY]) is None


def test_another_key_reads_nothing() -> None:
    assert verp.read(verp.mint(7, secret=OLD), secrets=[KEY]) is None
    assert verp.read(verp.mint(7, secret=KEY), secrets=[]) is None


@pytest.mark.parametrize("number", [0, -1, 2**63])
def test_what_is_no_id_is_refused(number: int) -> None:
    with pytest.raises(ValueError):
        verp.mint(number, secret=KEY)
