"""Policies of other domains: fetched when announced, kept for their time, asked for again in time."""

import asyncio
from dataclasses import dataclass, field

import pytest

from sending.relay import policies
from sending.relay.dns import Unknown
from sending.relay.policies import Kept, NotFetched, Policies
from sending.relay.ports import Unreachable
from sending.relay.tls_counts import Result, TlsCounts
from tests.sending.relay.worlds import Clock, Names

TEXT = b"version: STSv1\r\nmode: enforce\r\nmx: mx.example\r\nmax_age: 604800\r\n"


@dataclass
class Shelf:
    """Where policies outlive a relay, in a dictionary."""

    policies: dict[str, tuple[str, bytes, float]] = field(default_factory=dict)
    away: bool = False

    async def policy(self, domain: str) -> tuple[str, bytes, float] | None:
        if self.away:
            raise Unreachable("away")
        return self.policies.get(domain)

    async def keep_policy(self, domain: str, kept: Kept) -> None:
        if self.away:
            raise Unreachable("away")
        self.policies[domain] = (kept.id, kept.text, kept.fetched)


class World:
    def __init__(self) -> None:
        self.names, self.clock, self.shelf = Names(), Clock(), Shelf()
        self.counts = TlsCounts(self.clock)
        self.fetched = 0
        self.text: bytes | None = TEXT
        self.announce("1")
        self.policies = self.relay()

    def relay(self) -> Policies:
        return Policies(self.names, self.clock, fetch=self._fetch, shelf=self.shelf, counts=self.counts)

    def announce(self, name: str) -> None:
        self.names.txts["_mta-sts.example"] = [f"v=STSv1; id={name}".encode()]

    async def _fetch(self, domain: str) -> bytes:
        self.fetched += 1
        if self.text is None:
            raise NotFetched(Result.STS_FETCH, "away")
        return self.text


async def test_a_policy_is_fetched_once_and_again_when_its_id_changes_or_a_day_is_over() -> None:
    world = World()
    for _ in range(3):
        policy = await world.policies.of("example")
        assert policy is not None and policy.allows("mx.example")
    assert world.fetched == 1
    world.announce("2")
    await world.policies.of("example")
    assert world.fetched == 2
    world.clock.turned = 25 * 3600
    await world.policies.of("example")
    assert world.fetched == 3


async def test_another_relay_finds_it_on_the_shelf_even_when_nobody_announces_it_any_more() -> None:
    world = World()
    await world.policies.of("example")
    world.names.txts.clear()
    assert await world.relay().of("example") is not None
    assert world.fetched == 1
    world.clock.turned = 8 * 86_400
    assert await world.relay().of("example") is None


async def test_a_fetch_that_fails_is_not_repeated_at_once_and_leaves_what_is_kept() -> None:
    world = World()
    world.text = None
    assert await world.policies.of("example") is None
    assert await world.policies.of("example") is None
    assert world.fetched == 1 and world.policies.is_pending("example")
    world.clock.turned = 301
    world.text = TEXT
    assert await world.policies.of("example") is not None
    assert not world.policies.is_pending("example")
    for nonsense in (None, b"", b"version: STSv2", b"\xff", b"<html>"):
        world.text = nonsense
        world.clock.turned += 301
        world.announce(f"n{world.clock.turned:.0f}")
        assert await world.policies.of("example") is not None
    assert {session.result for session in world.counts.take()} == {Result.STS_FETCH, Result.STS_INVALID}


async def test_mode_none_takes_a_policy_back() -> None:
    world = World()
    await world.policies.of("example")
    world.text = b"version: STSv1\nmode: none\nmax_age: 86400\n"
    world.announce("2")
    assert await world.policies.of("example") is None
    assert await world.relay().of("example") is None


async def test_what_is_kept_and_cannot_be_read_stops_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "PAUSES", (0.0, 0.05))
    world = World()
    world.shelf.away = True
    with pytest.raises(Unknown):
        await world.policies.of("example")
    asyncio.get_running_loop().call_later(0.02, setattr, world.shelf, "away", False)  # back in time
    assert await world.policies.of("example") is not None


async def test_a_policy_that_cannot_be_kept_holds_all_the_same() -> None:
    world = World()
    world.names.txts.clear()
    assert await world.policies.of("example") is None
    world.shelf.away = True
    world.announce("1")
    assert await world.policies.of("example") is not None
