"""What a relay has learned outlives it: told, read, and only ever a ceiling."""

import json

import pytest

from sending.relay import memory
from sending.relay.memory import Memory
from sending.relay.routes import Route
from sending.relay.site import Site
from sending.relay.sites import Manners, Provider
from tests.sending.relay.worlds import Clock

TOGETHER = Manners(10, 100, 5.0, together=10)


def site(clock: Clock, *, name: str = "Gmail", manners: Manners = TOGETHER) -> Site:
    provider = Provider(name, (), manners)
    return Site(Route(((10, "mx.example"),)), provider, carrier=None, doors=None, clock=clock, relays=1)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_was_learned_is_known_to_the_next_relay(clock: Clock) -> None:
    first = site(clock)
    now = clock.monotonic()
    first.connections.learn(3, trouble=4, now=now)
    first.footing.messages.learn(20, trouble=21, now=now)
    first.standing.learned.learn(0.5, trouble=0.7, now=now)
    told = json.loads(json.dumps(memory.learned([first], clock)))
    clock.turned += 60
    second = site(clock)
    Memory(clock, told).remind(second)
    assert (second.window, second.footing.most_messages, second.per_minute) == (3, 20, 30.0)
    clock.turned += 1750  # it rises as if it had been learned here
    assert second.window == 4


def test_what_is_old_strange_or_of_elsewhere_is_nothing(clock: Clock) -> None:
    one = {"source": 0, "provider": "Gmail", "site": "mx.example", "what": "pace", "value": 1, "trouble": 2}
    told = [
        {**one, "since": clock.wall() - memory.FORGET - 1},
        {**one, "since": clock.wall(), "value": "much"},
        {**one, "since": clock.wall() - 5, "provider": "Yahoo"},
        {**one, "since": clock.wall() - 5, "what": "weather"},
        {"source": 0},
        "nothing",
    ]
    place = site(clock)
    Memory(clock, told).remind(place)
    assert place.per_minute == 0


def test_it_is_small_and_a_footing_is_told_once(clock: Clock) -> None:
    places = [site(clock, name="Other", manners=Manners(10, 100, 5.0)) for _ in range(300)]
    for place in places:
        place.connections.learn(3, trouble=4, now=clock.monotonic())
    assert len(memory.learned(places, clock)) == memory.MOST
    assert len(memory.learned([places[0], places[0]], clock)) == 1
