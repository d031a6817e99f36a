"""Rulings at work in the engine, on real sockets: what is held waits, nothing else does, and it is told."""

import asyncio
from typing import Any

import pytest

from sending.relay.obeying import Obeying
from sending.relay.ports import Unreachable
from sending.relay.rulings import HOLD, LIMIT, RELEASE, Ruling
from tests.sending.relay.scripted import EHLO, ENVELOPE, GREETING, TAKEN, Receiver, Say
from tests.sending.relay.worlds import Names, World, world

BUSY = [GREETING, EHLO, *[ENVELOPE, TAKEN] * 500]
SLOW = [GREETING, EHLO, *[ENVELOPE, Say(b"250 2.0.0 queued\r\n", content=True, pause=0.05)] * 500]
TWO = Names(
    mxs={"one.example": [(10, "mx.one.example")], "gmail.com": [(5, "gmail-smtp-in.l.google.com")]},
    hosts={"mx.one.example": ["127.0.0.1"], "gmail-smtp-in.l.google.com": ["127.0.0.1"]},
)


def hold(w: World, number: int = 1, *, seconds: float = 3600.0, **scope: Any) -> Ruling:
    now = w.clock.wall()
    return Ruling(number, HOLD, until=now + seconds, why="of the test", since=now, **scope)


def delivered(w: World) -> int:
    return w.town.outcomes().get("delivered", 0)


async def stands_still(w: World, receiver: Receiver, *, seconds: float = 0.6) -> None:
    await asyncio.sleep(0.3)
    before = len(receiver.contents)
    await asyncio.sleep(seconds)
    assert len(receiver.contents) == before


@pytest.mark.parametrize(
    "scope",
    [
        {"provider": "Other"},
        {"site": "mx.one.example"},
        {"organization_id": 1},
        {"mailing_id": 1, "provider": "Other"},
        {},
    ],
    ids=str,
)
async def test_what_is_held_stops_goes_back_and_goes_on(scope: dict[str, Any]) -> None:
    async with Receiver([SLOW]) as receiver, world(receiver.port) as w:
        w.town.add(300)
        await w.until(lambda: len(receiver.contents) > 10)
        w.town.ruled = [hold(w, **scope)]
        await stands_still(w, receiver)
        assert w.town.held == {}, "what was in hand went back"
        assert 0 < delivered(w) < 300
        w.town.ruled = []
        await w.until(lambda: delivered(w) == 300, within=40)
        assert set(w.town.outcomes()) == {"delivered"}, "a hold is no try"


async def test_a_hold_is_known_before_the_first_claim_and_ends_by_itself() -> None:
    async with Receiver([BUSY]) as receiver:
        w = world(receiver.port)
        w.town.ruled = [hold(w, organization_id=1, seconds=2.0)]
        w.town.add(10)
        async with w:
            await asyncio.sleep(1.0)
            assert receiver.contents == []
            await w.until(lambda: delivered(w) == 10)


async def test_others_go_on() -> None:
    async with Receiver([BUSY]) as receiver:
        w = world(receiver.port, names=TWO)
        w.town.ruled = [hold(w, organization_id=1, provider="Other"), hold(w, 2, mailing_id=3)]
        w.town.add(20, mailing=1)
        w.town.add(20, mailing=2, organization=2)
        w.town.add(20, mailing=3, organization=2)
        async with w:
            await w.until(lambda: delivered(w) == 20)
            await asyncio.sleep(0.5)
            assert {settled.id // 10_000 for settled in w.town.settled} == {2}


async def test_what_is_held_still_expires_in_its_time() -> None:
    async with Receiver([BUSY]) as receiver:
        w = world(receiver.port)
        w.town.ruled = [hold(w, organization_id=1, seconds=80 * 3600)]
        w.town.add(5)
        async with w:
            await asyncio.sleep(0.5)
            w.clock.turned = 49 * 3600
            await w.until(lambda: w.town.outcomes() == {"expired": 5})
            assert receiver.contents == []
            assert {settled.reason for settled in w.town.settled} == {"operator"}
            assert {settled.text for settled in w.town.settled} == {""}, "the reason is the operator's"


async def test_what_is_held_and_not_too_old_is_not_taken_again_and_again() -> None:
    """Those who waited for others are younger than the moment at which they were due."""
    async with Receiver([BUSY]) as receiver:
        w = world(receiver.port)
        w.town.ruled = [hold(w, organization_id=1, seconds=80 * 3600)]
        w.town.add(100, born=w.clock.wall() + 48 * 3600)
        async with w:
            await asyncio.sleep(0.5)
            w.clock.turned = 49 * 3600
            await asyncio.sleep(2.5)
            assert sum(len(settled) for settled, _ in w.town.flushes) < 100
            assert w.town.settled == [] and receiver.contents == []


async def test_a_message_tells_that_it_was_held() -> None:
    async with Receiver([BUSY]) as receiver:
        w = world(receiver.port)
        w.town.add(1)
        w.town.ruled = [hold(w, organization_id=1)]
        async with w:
            await asyncio.sleep(0.3)
            w.clock.turned = 600
            w.town.ruled = []
            await w.until(lambda: delivered(w) == 1)
        (settled,) = w.town.settled
        assert settled.trace["held_for"] == "operator" and 590 < float(settled.trace["held"]) < 660


async def test_a_release_ends_what_the_relay_holds_itself_once() -> None:
    slow_down = [GREETING, EHLO, Say(b"421 4.7.0 slow down, too much mail\r\n", lines=1)]
    async with Receiver([slow_down, BUSY]) as receiver, world(receiver.port) as w:
        w.town.add(1)
        await w.until(lambda: any(site.is_held for site in w.relay.sites))
        w.town.add(4, mailing=2)
        await asyncio.sleep(0.3)
        assert delivered(w) == 0
        now = w.clock.wall()
        w.town.ruled = [Ruling(7, RELEASE, provider="Other", until=now + 300, since=now)]
        await w.until(lambda: delivered(w) >= 1)  # it comes back slowly, as after any hold
        (site,) = w.relay.sites
        site.hold(60, "again")
        await asyncio.sleep(0.3)
        assert site.is_held, "the same release frees nothing a second time"


async def test_a_release_frees_nothing_that_was_decreed() -> None:
    async with Receiver([BUSY]) as receiver:
        w = world(receiver.port)
        now = w.clock.wall()
        w.town.ruled = [hold(w, provider="Other"), Ruling(7, RELEASE, until=now + 300, since=now)]
        w.town.add(5)
        async with w:
            await asyncio.sleep(0.5)
            assert receiver.contents == []


async def test_while_the_database_is_away_the_rulings_stay_and_end_by_the_clock() -> None:
    async with Receiver([BUSY]) as receiver:
        w = world(receiver.port)
        w.town.ruled = [hold(w, organization_id=1, seconds=600)]
        w.town.add(5)
        async with w:
            await asyncio.sleep(0.3)
            w.town.away = True
            await asyncio.sleep(0.3)
            obeying: Obeying = w.relay._obeying
            with pytest.raises(Unreachable):
                await obeying.learn()
            assert len(obeying.rulings) == 1
            w.town.away = False
            await asyncio.sleep(0.8)
            assert receiver.contents == []
            w.clock.turned = 700
            await w.until(lambda: delivered(w) == 5)


def limit(w: World, number: int = 1, **what: Any) -> Ruling:
    now = w.clock.wall()
    return Ruling(number, LIMIT, until=now + 3600, why="of the test", since=now, **what)


class Crowd:
    """How many conversations there were at once; only whole ones count, from MAIL FROM to the answer."""

    def __init__(self, w: World) -> None:
        self.most = 0
        self._w = w

    async def watch(self) -> None:
        while True:
            self.most = max(self.most, sum(self._w.relay._carrying.talks.values()))
            await asyncio.sleep(0.005)


async def test_no_more_connections_than_were_allowed() -> None:
    scopes = (
        {"organization_id": 1},
        {"mailing_id": 1, "provider": "Other"},
        {"provider": "Other"},
        {"site": "mx.one.example"},
        {},
    )
    await asyncio.gather(*(no_more_connections_than_were_allowed(scope) for scope in scopes))  # most of it is waiting


async def no_more_connections_than_were_allowed(scope: dict[str, Any]) -> None:
    async with Receiver([SLOW]) as receiver:
        w = world(receiver.port)
        w.town.ruled = [limit(w, connections=2, **scope)]
        w.town.add(60)
        async with w:
            crowd = Crowd(w)
            watching = asyncio.ensure_future(crowd.watch())
            await w.until(lambda: delivered(w) == 60, within=30)
            assert crowd.most == 2
            w.town.ruled = []
            await asyncio.sleep(0.3)
            w.town.add(300, mailing=2)
            await w.until(lambda: delivered(w) == 360, within=30)
            assert crowd.most > 2, "it is over"
            watching.cancel()


async def test_no_more_a_minute_than_were_allowed() -> None:
    scopes = ({"organization_id": 1}, {"provider": "Other"}, {"site": "mx.one.example"})
    await asyncio.gather(*(no_more_a_minute_than_were_allowed(scope) for scope in scopes))


async def no_more_a_minute_than_were_allowed(scope: dict[str, Any]) -> None:
    async with Receiver([BUSY]) as receiver:
        w = world(receiver.port)
        w.town.ruled = [limit(w, per_minute=300.0, **scope)]  # five a second
        w.town.add(300)
        async with w:
            await w.until(lambda: delivered(w) > 0)
            before, at = delivered(w), w.clock.monotonic()
            await asyncio.sleep(4)
            pace = (delivered(w) - before) / (w.clock.monotonic() - at)
            assert 2.5 < pace < 8.0


async def test_who_is_limited_holds_up_nobody() -> None:
    async with Receiver([SLOW]) as receiver:
        w = world(receiver.port)
        w.town.ruled = [limit(w, organization_id=1, connections=1)]
        w.town.add(200, mailing=1, organization=1)
        w.town.add(200, mailing=2, organization=2)
        async with w:
            await w.until(lambda: sum(s.id // 10_000 == 2 for s in w.town.settled) == 200, within=20)
            assert sum(s.id // 10_000 == 1 for s in w.town.settled) < 60


async def test_two_relays_share_a_limit() -> None:
    async with Receiver([SLOW]) as receiver:
        w = world(receiver.port)
        w.town.ruled = [limit(w, organization_id=1, connections=4)]
        async with w:
            w.relay._obeying.share(2)
            w.town.add(40)
            crowd = Crowd(w)
            watching = asyncio.ensure_future(crowd.watch())
            await asyncio.sleep(0.4)
            w.relay._obeying.share(2)
            watching.cancel()
            assert crowd.most == 2


async def test_messages_in_one_connection() -> None:
    async with Receiver([BUSY]) as receiver:
        w = world(receiver.port)
        w.town.ruled = [limit(w, provider="Other", connections=1, messages=5)]
        w.town.add(30)
        async with w:
            await w.until(lambda: delivered(w) == 30)
            assert receiver.connections == 6
