"""The lawful moves, and that no other one is."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import lifecycle
from campaigns.enums import CampaignState

LAWFUL = {
    ("draft", "to_approve"),
    ("draft", "scheduled"),
    ("draft", "launching"),
    ("to_approve", "draft"),
    ("to_approve", "scheduled"),
    ("to_approve", "launching"),
    ("scheduled", "draft"),
    ("scheduled", "launching"),
    ("launching", "draft"),
    ("launching", "holding"),
    ("launching", "sending"),
    ("holding", "draft"),
    ("holding", "sending"),
    ("holding", "paused"),
    ("holding", "cancelled"),
    ("sending", "paused"),
    ("sending", "finished"),
    ("sending", "cancelled"),
    ("paused", "sending"),
    ("paused", "finished"),
    ("paused", "cancelled"),
    ("finished", "sending"),
}


def test_the_states_are_those_of_the_table() -> None:
    assert set(lifecycle.STATES) == set(CampaignState.values) == set(lifecycle.LAWFUL)


@pytest.mark.parametrize(("state", "to"), list(product(lifecycle.STATES, repeat=2)))
def test_moves(state: str, to: str) -> None:
    assert lifecycle.may(state, to) is ((state, to) in LAWFUL)
    assert lifecycle.why_not(state, to).startswith("This campaign ")


@given(st.lists(st.sampled_from(lifecycle.STATES), max_size=30))
def test_whatever_is_tried_a_cancelled_campaign_stays_cancelled(tries: list[str]) -> None:
    state, was = "draft", ["draft"]
    for to in tries:
        if lifecycle.may(state, to):
            state = to
            was.append(to)
    if "cancelled" in was:
        assert was[-1] == "cancelled" and was.count("cancelled") == 1
