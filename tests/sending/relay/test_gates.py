"""Limits of senders at the claim: never more in hand than allowed, never faster; nobody else is meant."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from sending.relay.gates import NO_LIMIT, Gates, is_gate
from sending.relay.ports import Lane
from sending.relay.rulings import LIMIT, Ruling

LANE = Lane(1, 5, 9, "one.example", 0, 0.0, 3600.0)
SITE: Any = SimpleNamespace(
    source=SimpleNamespace(id=0), provider=SimpleNamespace(name="Gmail"), name="gmail-smtp-in.l.google.com"
)
YAHOO: Any = SimpleNamespace(source=SITE.source, provider=SimpleNamespace(name="Yahoo"), name="mta.yahoodns.net")


def limit(number: int = 1, **what: Any) -> Ruling:
    return Ruling(number, LIMIT, until=9e9, **what)


def gates(*limits: Ruling, relays: int = 1) -> Gates:
    made = Gates()
    made.take(limits, relays=relays)
    return made


def room(of: Gates, lane: Lane = LANE, *, site: Any = SITE, now: float = 0.0) -> int:
    return min((most for _, most in of.room(site, lane, now)), default=NO_LIMIT)


def test_no_more_in_hand_than_allowed() -> None:
    some = gates(limit(organization_id=5, connections=2))
    assert room(some) == 2
    some.passed(1, SITE, LANE, 0.0)
    some.passed(2, SITE, LANE, 0.0)
    assert room(some) == 0 and room(some, replace(LANE, organization_id=6)) == NO_LIMIT
    assert some.ended(1, tried=True) and room(some) == 1
    assert not some.ended(1, tried=True) and room(some) == 1, "it ends once"
    assert not some.ended(77, tried=True), "nothing that is counted"


def test_the_lowest_of_several_counts() -> None:
    some = gates(
        limit(1, organization_id=5, connections=4),
        limit(2, mailing_id=9, provider="Gmail", connections=1),
        limit(3, connections=3),
    )
    assert (
        room(some) == 1
        and room(some, site=YAHOO) == 3
        and room(some, replace(LANE, organization_id=6, mailing_id=7)) == 3
    )


def test_no_more_a_minute_than_allowed() -> None:
    some = gates(limit(organization_id=5, per_minute=60))
    went = 0
    for step in range(600):  # a tenth of a second each
        now = step / 10
        for _ in range(room(some, now=now)):
            some.passed(went, SITE, LANE, now)
            went += 1
    assert 60 <= went <= 63


def test_when_the_next_one_may_pass_is_known() -> None:
    some = gates(limit(organization_id=5, per_minute=30), limit(2, organization_id=6, connections=1))
    assert some.soonest(0.0) == math.inf
    for number in range(room(some)):
        some.passed(number, SITE, LANE, 0.0)
    assert 0 < some.soonest(0.0) <= 2.0


def test_what_was_not_tried_does_not_count() -> None:
    some = gates(limit(organization_id=5, per_minute=6))
    some.passed(1, SITE, LANE, 0.0)
    assert room(some) == 0
    some.ended(1, tried=False)
    assert room(some) == 1


def test_relays_share_and_none_is_left_without() -> None:
    assert room(gates(limit(organization_id=5, connections=5), relays=2)) == 2
    assert room(gates(limit(organization_id=5, connections=1), relays=4)) == 1


def test_what_is_in_hand_is_counted_on_when_rulings_change() -> None:
    some = gates(limit(organization_id=5, connections=2))
    some.passed(1, SITE, LANE, 0.0)
    some.take([limit(organization_id=5, connections=3), limit(2, provider="Gmail", connections=1)], relays=1)
    assert room(some) == 2
    some.take([], relays=1)
    assert room(some) == NO_LIMIT and len(some) == 0
    assert some.ended(1, tried=True)


def test_which_limits_no_place_can_keep() -> None:
    assert is_gate(limit()) and is_gate(limit(source_id=3)) and is_gate(limit(organization_id=5, site="mx"))
    assert not is_gate(limit(provider="Gmail")) and not is_gate(limit(site="mx", source_id=3))
