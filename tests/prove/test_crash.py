"""Kills come at random moments, and leave the supervisor its patience."""

import itertools
import random

from posthouse.up.children import STEADY_AFTER
from prove import crash
from prove.crash import Victim


def test_of_three_lives_one_is_steady() -> None:
    """Else the supervisor would wait for half a minute before each start, and nothing would be killed under load."""
    first, *found = itertools.islice(crash.lives(random.Random(7)), 301)
    rounds = [found[n : n + 3] for n in range(0, 300, 3)]
    assert first <= crash.SOON[1], "a few kills are done in a short send"
    assert all(sum(life > STEADY_AFTER for life in lives) == 1 for lives in rounds)
    assert len(set(found)) == 300


def test_the_same_seed_kills_in_the_same_order() -> None:
    one, two = (list(itertools.islice(crash.lives(random.Random(3)), 20)) for _ in range(2))
    assert one == two


def test_a_life_begins_when_a_new_process_is_seen() -> None:
    victim = Victim(iter([5.0, 1.0]))
    assert not victim.is_due(None, 0.0)
    assert not victim.is_due(11, 100.0)
    assert not victim.is_due(11, 104.9)
    assert victim.is_due(11, 105.0)
    assert not victim.is_due(None, 106.0)
    assert not victim.is_due(12, 200.0)
    assert victim.is_due(12, 201.0)
