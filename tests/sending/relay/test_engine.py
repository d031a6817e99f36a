"""The relay's engine in a world of lists, on real sockets: all ends where it should, nothing goes out that may not."""

import asyncio
import re
import time
from dataclasses import replace
from typing import Any

import pytest

from sending.relay.carrying import NO_ADDRESS
from sending.relay.ports import Fenced, Unreachable
from sending.relay.session import unauthenticated_tls
from sending.relay.sources import ANY
from tests.sending.relay.certificates import MailServer, issue
from tests.sending.relay.scripted import CUT, EHLO, ENVELOPE, GREETING, TAKEN, Receiver, Say
from tests.sending.relay.worlds import Names, world

BUSY = [GREETING, EHLO, *[ENVELOPE, TAKEN] * 500]


def subjects(receiver: Receiver) -> list[int]:
    return [int(re.search(rb"Subject: (\d+)", content).group(1)) for content in receiver.contents]  # type: ignore[union-attr]


async def test_everything_is_delivered_once() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        ids = w.town.add(300)
        await w.until(lambda: w.town.outcomes().get("delivered") == 300)
        assert sorted(subjects(receiver)) == ids
        assert receiver.connections <= 10  # the manners of an unknown site
        assert {s.provider for s in w.town.settled} == {"Other"}
        assert {s.host for s in w.town.settled} == {"mx.one.example"}
    assert w.town.left


async def test_no_dot_without_an_intent_before_it_and_results_come_before_the_next_intent() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        ids = w.town.add(60)
        await w.until(lambda: w.town.outcomes().get("delivered") == 60)
        asked = [number for _, batch in w.town.flushes for number in batch]
        assert sorted(asked) == ids
        for number in ids:
            intent = next(n for n, (_, batch) in enumerate(w.town.flushes) if number in batch)
            result = next(n for n, (done, _) in enumerate(w.town.flushes) if number in {s.id for s in done})
            assert intent < result


async def test_a_paused_mailing_stops_at_once_and_goes_on_when_released() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        w.town.slow_flush = 0.02
        ids = w.town.add(400)
        await w.until(lambda: len(receiver.contents) > 20)
        w.town.holds[1] = "paused"
        at = len(receiver.contents)
        await asyncio.sleep(0.3)
        stopped = len(receiver.contents)
        assert stopped - at <= 12  # what had its leave already: no more than there are connections
        await asyncio.sleep(0.3)
        assert len(receiver.contents) == stopped
        assert w.town.held == {}
        del w.town.holds[1]
        w.town._news.set()
        await w.until(lambda: w.town.outcomes().get("delivered") == 400, within=40)
        assert sorted(subjects(receiver)) == ids
        assert set(w.town.outcomes()) == {"delivered"}  # a pause is no try


async def test_a_cancelled_mailing_ends_as_cancelled_or_back_where_it_was() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        w.town.slow_flush = 0.02
        w.town.add(200)
        await w.until(lambda: len(receiver.contents) > 5)
        w.town.holds[1] = "cancelled"
        await asyncio.sleep(0.4)
        outcomes = w.town.outcomes()
        assert set(outcomes) == {"delivered", "cancelled"}
        assert sum(outcomes.values()) + len(w.town.waiting_rows) == 200


async def test_who_opted_out_in_the_last_moment_gets_nothing() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        ids = w.town.add(20)
        w.town.refusals = {ids[3]: "unsubscribed", -ids[7]: "complained"}  # at the dot; at the claim
        await w.until(lambda: len(w.town.settled) == 20)
        assert w.town.outcomes() == {"delivered": 18, "suppressed": 2}
        assert ids[3] not in subjects(receiver)
        assert ids[7] not in subjects(receiver)


async def test_stale_leave_is_asked_again() -> None:
    """What a SIGSTOP does: time passes between the answer and the dot."""
    async with Receiver([[GREETING, EHLO, ENVELOPE, TAKEN] * 3]) as receiver, world(receiver.port) as w:
        (number,) = w.town.add(1)
        original = w.town.flush

        async def asleep(settlements, asked, seq):  # type: ignore[no-untyped-def]
            leaves = await original(settlements, asked, seq)
            if asked and not w.clock.turned:
                w.clock.turned = 60.0
                w.town.fenced = True  # meanwhile another relay has ended us
            return leaves

        w.town.flush = asleep  # type: ignore[method-assign]
        await asyncio.sleep(0.5)
        assert [batch for _, batch in w.town.flushes if batch][:2] == [[number], [number]]
        assert receiver.contents == []


async def test_a_fenced_relay_drops_everything_and_says_so() -> None:
    async with Receiver([[GREETING, EHLO, ENVELOPE, Say(b"", content=True)]]) as receiver:
        w = world(receiver.port)
        task = asyncio.ensure_future(w.relay.run())
        w.town.add(3)
        await w.until(lambda: w.town.held)
        w.town.fenced = True
        with pytest.raises(Fenced):
            await asyncio.wait_for(task, 5)
        assert not w.town.left


async def test_a_fenced_relay_ends_although_a_task_misses_its_first_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As asyncio.wait_for does on Python 3.11 when what it waits for ends in the same moment: all at once after a SIGCONT."""
    w = world(1)
    missed = []

    async def deaf() -> bool:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if missed:
                raise
            missed.append(True)
        return False

    monkeypatch.setattr(w.town, "wait_for_mail", deaf)
    task = asyncio.ensure_future(w.relay.run())
    await asyncio.sleep(0.1)
    w.town.fenced = True
    with pytest.raises(Fenced):
        await asyncio.wait_for(task, 5)
    assert missed


async def test_results_survive_a_database_that_goes_away() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        ids = w.town.add(300)
        w.town.slow_flush = 0.01
        await w.until(lambda: len(receiver.contents) > 30)
        w.town.away = True
        await asyncio.sleep(0.3)
        w.town.away = False
        w.town._news.set()
        await w.until(lambda: w.town.outcomes().get("delivered") == 300, within=40)
        assert sorted(subjects(receiver)) == ids  # not one was sent twice
        assert set(w.town.outcomes()) == {"delivered"}


async def test_nothing_is_claimed_until_a_lost_commit_is_repeated() -> None:
    """A release that was committed and is repeated would take a delivery away that was claimed again in between."""
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        flush, claim = w.town.flush, w.town.claim
        story: list[str] = []

        async def losing(settlements: Any, asked: Any, seq: int) -> Any:
            leaves = await flush(settlements, asked, seq)
            if settlements and story.count("lost") < 3:
                story.append("lost")
                raise Unreachable("the answer was lost")
            if settlements:
                story.append("known")
            return leaves

        async def claiming(wishes: Any, but: Any) -> Any:
            parcels = await claim(wishes, but)
            story.append("claim")
            return parcels

        w.town.flush, w.town.claim = losing, claiming  # type: ignore[method-assign]
        ids = w.town.add(200)
        await w.until(lambda: len(receiver.contents) == 200, within=40)
        assert sorted(subjects(receiver)) == ids
        first, known = story.index("lost"), story.index("known")
        assert set(story[first:known]) == {"lost"}


async def test_a_dead_site_is_held_and_costs_nobody_a_try_but_the_first() -> None:
    names = Names(mxs={"one.example": [(10, "mx.one.example")]}, hosts={"mx.one.example": ["127.0.0.1"]})
    w = world(1, names=names)  # nobody listens on port 1
    async with w:
        w.town.add(500)
        await w.until(lambda: w.town.outcomes().get("deferred", 0) >= 1)
        await asyncio.sleep(0.3)
        tried = w.town.outcomes()["deferred"]
        assert tried <= 10
        assert len(w.town.waiting_rows) == 500
        assert sum(row["attempts"] for row in w.town.waiting_rows.values()) == tried
        (site,) = w.relay.sites
        assert site.is_held
        assert list(w.relay.sites.slowed()) == [site.provider.name]
        assert w.town.settled[0].reason == "network"
        assert "no connection" in w.town.settled[0].text


async def test_what_waited_too_long_for_a_dead_site_expires() -> None:
    w = world(1)
    async with w:
        w.town.add(5)
        await w.until(lambda: w.town.outcomes().get("deferred", 0) >= 1)
        for row in w.town.waiting_rows.values():
            row["due"] = row["born"] = time.time() - 49 * 3600
        w.town._news.set()
        await w.until(lambda: w.town.outcomes().get("expired", 0) == 5)


async def test_what_waited_too_long_for_an_address_that_nobody_has_expires() -> None:
    w = world(1)
    w.relay.sites._sources.take([ANY], carried=frozenset())  # no living relay can use one of its pool
    old, young = w.town.add(3, mailing=1), w.town.add(2, mailing=2)
    for key, lane in w.town.lanes.items():
        w.town.lanes[key] = replace(lane, pool_id=7)
    for number in old:
        row = w.town.waiting_rows[number]
        row["due"] = row["born"] = time.time() - 49 * 3600
    async with w:
        await w.until(lambda: w.town.outcomes() == {"expired": 3})
        assert {settled.text for settled in w.town.settled} == {NO_ADDRESS}
        assert set(w.town.waiting_rows) | set(w.town.held) == set(young)


async def test_domains_that_take_no_mail() -> None:
    names = Names(
        mxs={"null.example": [(0, "")], "inside.example": [(0, "mx.inside.example")]},
        hosts={"mx.inside.example": ["10.0.0.1"]},
        broken={"dark.example"},
    )
    async with world(1, names=names) as w:
        null = w.town.add(2, domain="null.example", mailing=1)
        gone = w.town.add(2, domain="gone.example", mailing=2)
        inside = w.town.add(1, domain="inside.example", mailing=3)
        dark = w.town.add(2, domain="dark.example", mailing=4)
        await w.until(lambda: sum(s.reason != "dns" for s in w.town.settled) >= 5)
        found = {s.id: s for s in w.town.settled if s.reason != "dns"}
        assert [(found[n].state, found[n].code, found[n].suppress) for n in null] == [
            ("bounced", "556 5.1.10", "invalid")
        ] * 2
        assert [(found[n].state, found[n].reason, found[n].suppress) for n in gone] == [
            ("deferred", "no_such_domain", "")
        ] * 2
        assert all(found[n].due > time.time() + 1800 for n in gone)
        assert [(found[n].state, found[n].code) for n in inside] == [("bounced", "554 5.4.4")]
        await w.until(lambda: any(s.reason == "dns" for s in w.town.settled))
        assert sorted(w.town.waiting_rows[n]["attempts"] for n in dark) == [0, 1]  # one is told, the other waits
        for n in gone:  # an hour later it still does not exist
            w.town.waiting_rows[n]["due"] = 0
        w.town._news.set()
        await w.until(lambda: w.town.outcomes().get("bounced") == 5)


async def test_a_used_connection_that_the_server_closed_costs_no_try() -> None:
    one_each = [GREETING, EHLO, ENVELOPE, TAKEN, Say(b"421 4.4.2 one message a connection\r\n", lines=3)]
    async with Receiver([one_each]) as receiver, world(receiver.port) as w:
        ids = w.town.add(8)
        await w.until(lambda: w.town.outcomes().get("delivered") == 8)
        assert sorted(subjects(receiver)) == ids
        assert set(w.town.outcomes()) == {"delivered"}


async def test_the_next_host_is_tried_when_the_first_is_dead() -> None:
    names = Names(
        mxs={"one.example": [(10, "dead.example"), (20, "mx.one.example")]},
        hosts={"dead.example": ["127.0.0.77"], "mx.one.example": ["127.0.0.1"]},
    )
    async with Receiver([BUSY]) as receiver, world(receiver.port, names=names) as w:
        w.town.add(5)
        await w.until(lambda: w.town.outcomes().get("delivered") == 5)
        assert {s.host for s in w.town.settled} == {"mx.one.example"}


async def test_a_rate_limit_holds_the_site_and_suppresses_nobody() -> None:
    slow = [GREETING, EHLO, Say(b"421 4.7.0 rate limit exceeded, slow down\r\n", lines=3)]
    async with Receiver([slow]) as receiver, world(receiver.port) as w:
        w.town.add(100)
        await w.until(lambda: w.town.outcomes().get("deferred", 0) >= 1)
        await asyncio.sleep(0.3)
        assert w.town.outcomes()["deferred"] <= 10
        (site,) = w.relay.sites
        assert site.is_held
        assert site.window == 1
        assert not any(s.suppress for s in w.town.settled)


async def test_content_that_cannot_be_made_is_our_fault_and_stops_nobody_else() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        ids = w.town.add(5)
        w.town.unmakeable.add(ids[2])
        await w.until(lambda: len(w.town.settled) == 5)
        assert w.town.outcomes() == {"delivered": 4, "failed": 1}


async def test_cut_after_the_dot_is_in_doubt_and_never_sent_again() -> None:
    async with Receiver([[GREETING, EHLO, ENVELOPE, Say(CUT, content=True)]]) as receiver, world(receiver.port) as w:
        w.town.add(3)
        await w.until(lambda: w.town.outcomes().get("in_doubt") == 3)
        await asyncio.sleep(0.2)
        assert len(receiver.contents) == 3


async def test_draining_lets_conversations_end_and_gives_back_the_rest() -> None:
    slow = [GREETING, EHLO, *[ENVELOPE, Say(b"250 ok\r\n" + b" " * 0, content=True)] * 500]
    async with Receiver([slow]) as receiver:
        w = world(receiver.port)
        async with w:
            w.town.slow_flush = 0.02
            w.town.add(400)
            await w.until(lambda: len(receiver.contents) > 10)
        assert w.town.left
        assert w.town.held == {}
        outcomes = w.town.outcomes()
        assert set(outcomes) == {"delivered"}
        assert outcomes["delivered"] == len(receiver.contents)
        assert outcomes["delivered"] + len(w.town.waiting_rows) == 400
        assert outcomes["delivered"] < 400


async def test_a_small_mail_of_another_tenant_does_not_wait_behind_a_million() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        w.town.slow_flush = 0.02
        w.town.add(8000, organization=1, mailing=1)
        await w.until(lambda: len(receiver.contents) > 50)
        (small,) = w.town.add(1, organization=2, mailing=2)
        (urgent,) = w.town.add(1, organization=1, mailing=3, priority=10)
        before = len(receiver.contents)
        await w.until(lambda: {small, urgent} <= set(subjects(receiver)), within=40)
        assert len(receiver.contents) - before < 5000  # a look at the lanes and what was claimed by then, not all of it


async def test_a_site_that_knows_nobody_any_more_is_a_wave() -> None:
    nobody = Say(b"250 2.1.0 ok\r\n550 5.1.1 there is no such person here\r\n503 5.5.1 no\r\n", lines=3)
    forgotten = [GREETING, EHLO, *[nobody, Say(b"250 2.0.0 ok\r\n")] * 200]
    async with Receiver([forgotten]) as receiver, world(receiver.port) as w:
        w.town.add(60)
        await w.until(lambda: w.town.outcomes().get("bounced") == 60)
        (wave,) = w.town.waves
        assert (wave.place, wave.code) == ("one.example", "550 5.1.1")
        assert {s.likeness for s in w.town.settled} == {wave.likeness}
        assert {s.suppress for s in w.town.settled} == {"invalid"}


async def test_mail_that_may_not_leave_in_clear_text_waits_and_expires_and_others_go_on() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        secret = w.town.add(40, organization=2, mailing=2, tls_only=True)
        others = w.town.add(60)
        await w.until(lambda: w.town.outcomes() == {"delivered": 60, "deferred": 40}, within=40)
        assert sorted(subjects(receiver)) == others
        told = {(s.code, s.reason) for s in w.town.settled if s.state == "deferred"}
        assert told == {("451 4.7.5", "tls")}
        assert all("may not leave in clear text" in s.text for s in w.town.settled if s.state == "deferred")
        assert receiver.connections <= 20  # the site is not asked again for each of them
        w.clock.turned = 49 * 3600
        w.town._news.set()
        await w.until(lambda: w.town.outcomes().get("expired") == 40, within=40)
        assert {s.id for s in w.town.settled if s.state == "expired"} == set(secret)
        more = w.town.add(5, mailing=3)
        await w.until(lambda: w.town.outcomes().get("delivered") == 65)
        assert sorted(subjects(receiver)) == sorted(others + more)


async def test_mail_that_may_not_leave_in_clear_text_gets_a_connection_of_its_own() -> None:
    """A host whose TLS breaks now and then: an open connection in clear text is not for everybody."""
    async with (
        MailServer(issue("mx.one.example").server(), "breaks") as server,
        world(server.port, tls=unauthenticated_tls()) as w,
    ):
        w.town.add(1)
        await w.until(lambda: w.town.outcomes() == {"delivered": 1})
        server.manner = "works"
        w.town.add(1, organization=2, mailing=2, tls_only=True)
        await w.until(lambda: w.town.outcomes() == {"delivered": 2})
        assert server.taken == [False, True]
        assert [s.tls.split()[-1] for s in w.town.settled] == ["none", "opportunistic"]
        await w.until(lambda: sum(w.town.tls.values()) == 2)  # told with the heartbeat


async def test_the_wish_for_tls_is_obeyed_at_the_final_dot() -> None:
    async with Receiver([BUSY]) as receiver, world(receiver.port) as w:
        w.town.slow_flush = 0.02
        w.town.add(300)
        await w.until(lambda: len(receiver.contents) > 20)
        w.town.tls_only.add(1)
        at = len(receiver.contents)
        await w.until(lambda: w.town.outcomes().get("deferred", 0) > 0)
        assert len(receiver.contents) - at <= 12  # what had its leave already
        await w.until(lambda: sum(w.town.outcomes().values()) == 300, within=30)
        assert w.town.outcomes()["delivered"] == len(receiver.contents)
        assert receiver.connections < 60, "who waits is told without a conversation each"


async def test_a_try_tells_where_it_was_how_long_it_took_and_what_it_had_waited_for() -> None:
    names = Names(mxs={"one.example": [(10, "mx.one.example")]}, hosts={"mx.one.example": ["127.0.0.1"]})
    w = world(1, names=names)  # nobody listens on port 1
    async with w:
        w.town.add(3)
        await w.until(lambda: w.town.outcomes().get("deferred", 0) >= 1)
        first = w.town.settled[0].trace
        assert first["address"] == "127.0.0.1" and 0 <= float(first["took"]) < 5
        assert "waited" not in first
        (site,) = w.relay.sites
        before = len(w.town.settled)
        w.town.add(2, mailing=2)
        await asyncio.sleep(0.2)
        w.clock.turned += site.held_until - w.clock.monotonic() + 1
        w.town._news.set()  # it wakes
        await w.until(lambda: any(s.trace.get("waited") for s in w.town.settled[before:]))
        told = next(s.trace for s in w.town.settled[before:] if s.trace.get("waited"))
        assert told["held_for"] == "network" and 25 <= float(told["held"]) <= float(told["waited"]) + 1
