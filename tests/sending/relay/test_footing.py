"""Footings and their sites, in thought and in real conversations: limits that nobody stated are found out, connections are
shared in turns, and a slow provider costs nobody else anything.
"""

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from sending.judging import trouble
from sending.judging.replies import Reply
from sending.judging.trouble import Judgement, Stage
from sending.relay import sites
from sending.relay.footing import Footing, Slots
from sending.relay.routes import Route
from sending.relay.site import Site
from sending.relay.sites import Manners, Provider
from tests.sending.relay.worlds import Clock, Names, World, world


class Guest:
    """Wants a number of connections, one after the other."""

    def __init__(self, slots: Slots, wants: int) -> None:
        self.slots, self.wants, self.has, self.had = slots, wants, 0, 0

    def offered(self) -> None:
        if self.wants and self.slots.has_room(self):
            self.slots.take(self)
            self.wants, self.has, self.had = self.wants - 1, self.has + 1, self.had + 1

    def spare(self) -> bool:
        return False

    def give(self) -> None:
        self.has -= 1
        self.slots.give_back()


@given(st.integers(1, 5), st.lists(st.integers(0, 8), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_never_more_connections_than_there_may_be_and_everybody_has_a_turn(most: int, wants: list[int], chance) -> None:  # type: ignore[no-untyped-def]
    slots = Slots(lambda: most)
    guests = [Guest(slots, count) for count in wants]
    for guest in guests:
        guest.offered()
    for _ in range(500):
        assert slots.used == sum(guest.has for guest in guests) <= most
        if busy := [guest for guest in guests if guest.has]:
            guest = chance.choice(busy)
            guest.give()
            guest.offered()  # at once for the next one, behind those in line
    assert [guest.had for guest in guests] == wants


def of_gmail(reply: Reply) -> Judgement:
    return trouble.judge(reply, stage=Stage.MAIL, provider="Gmail")


def two_sites(clock: Clock) -> list[Site]:
    provider = Provider("Gmail", (), Manners(5, 50, 15.0, together=5))
    footing = Footing(provider, clock)
    return [
        Site(
            Route(((10, f"mx{n}.google.com"),)),
            provider,
            carrier=None,  # type: ignore[arg-type]
            doors=None,  # type: ignore[arg-type]
            clock=clock,
            relays=1,
            footing=footing,
        )
        for n in range(2)
    ]


def test_what_is_said_of_our_address_holds_all_sites_of_the_provider_and_may_be_tried_from_another() -> None:
    one, two = two_sites(Clock())
    one.react(of_gmail(Reply(550, "5.7.25", ("no PTR record for your IP",))), "no PTR")
    assert one.is_held and two.is_held and two.held_because == "ip_reputation"
    assert one.may_move and two.may_move
    assert (one.room, two.room, one.footing.room) == (0, 0, 0)


def test_what_is_said_of_our_pace_is_not_taken_elsewhere() -> None:
    one, two = two_sites(Clock())
    one.react(of_gmail(Reply(451, "4.7.1", ("rate limit exceeded, slow down",))), "slow down")
    assert one.is_held and not one.may_move
    assert not two.is_held  # it was said of these servers


def test_what_is_said_of_a_domain_or_a_content_holds_no_place() -> None:
    one, _ = two_sites(Clock())
    for reply in (
        Reply(550, "5.7.26", ("This mail is unauthenticated",)),
        Reply(550, "5.7.1", ("message is likely unsolicited",)),
    ):
        for _ in range(30):
            one.react(of_gmail(reply), "no")
    assert not one.is_held and one.per_minute == 0


def test_a_rule_slows_the_provider_for_its_time() -> None:
    clock = Clock()
    one, two = two_sites(clock)
    unusual = of_gmail(Reply(421, "4.7.28", ("unusual rate of mail originating from your IP",)))
    for _ in range(2):
        one.react(unusual, "unusual")
    clock.turned += 601
    assert not two.is_held and 0 < two.per_minute <= 10
    clock.turned += 1300
    two.footing.wait(clock.monotonic())
    assert two.per_minute != 10  # the rule is over; the way back is not


def test_our_own_replies_and_waits_change_nothing() -> None:
    one, _ = two_sites(Clock())
    for judgement in (trouble.NOT_IN_CLEAR, trouble.NO_DOMAIN_YET, trouble.TOO_LARGE):
        for _ in range(50):
            one.react(judgement, "ours")
    assert not one.is_held and one.failures == 0


@dataclass
class Strict:
    """A receiver with limits: connections at once, messages in one; `pause` seconds before it takes a message."""

    connections: int = 100
    messages: int = 1000
    pause: float = 0.0
    subjects: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    open: int = 0
    most_open: int = 0
    begun: int = 0
    port: int = 0

    async def __aenter__(self) -> "Strict":
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.begun += 1
        if self.open >= self.connections:
            self.said["too many connections"] += 1
            writer.write(b"421 4.7.0 too many concurrent connections from you\r\n")
            writer.close()
            return
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self._converse(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.strict.example\r\n")
        taken = 0
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-mx.strict.example\r\n250 PIPELINING\r\n")
            elif verb == b"MAIL" and taken >= self.messages:
                self.said["too many messages"] += 1
                writer.write(b"421 4.7.0 too many messages in this connection\r\n")
                return
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self.pause)
                self.subjects.append(int(re.search(rb"Subject: (\d+)", content).group(1)))  # type: ignore[union-attr]
                self.at.append(time.monotonic())
                taken += 1
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 ok\r\n")


def town_of(port: int, own: str, *, connections: int = 0, **hosts: list[str]) -> World:
    """A world with these domains (`one` is one.example) on these hosts, all on loopback addresses."""
    names = Names(
        mxs={f"{domain}.example": [(10, host) for host in mxs] for domain, mxs in hosts.items()},
        hosts={host: ["127.0.0.1"] for mxs in hosts.values() for host in mxs},
    )
    return world(port, names=names, directory=sites.directory(own=own), connections=connections)


async def all_there(w: World, count: int, *, within: float = 30.0) -> None:
    await w.until(lambda: w.town.outcomes().get("delivered", 0) == count, within=within)
    assert w.town.outcomes() == {"delivered": count}


async def test_a_limit_of_connections_is_learned_at_no_messages_cost() -> None:
    async with Strict(connections=3, pause=0.01) as receiver, world(receiver.port) as w:
        w.town.add(300)
        await all_there(w, 300)  # none was put off
        (site,) = w.relay.sites
        assert site.connections.value == 3 and site.window <= 3
        assert receiver.said["too many connections"] <= 7
        refused = receiver.said["too many connections"]
        w.town.add(100, mailing=2)
        await all_there(w, 400)
        assert receiver.said["too many connections"] == refused  # not tried again
        assert sorted(receiver.subjects) == sorted(set(receiver.subjects))
        w.clock.turned += site.provider.learning.count_quiet + 1
        w.town.add(200, mailing=3)
        await all_there(w, 600)
        assert (
            refused < receiver.said["too many connections"] <= refused + 2
        )  # tried again after quiet times, one more at a time
        assert site.connections.value == 3


async def test_a_limit_of_messages_in_a_connection_is_learned_at_no_messages_cost() -> None:
    async with Strict(messages=7) as receiver, world(receiver.port) as w:
        w.town.add(200)
        await all_there(w, 200)
        (site,) = w.relay.sites
        assert site.footing.most_messages == 7
        told = receiver.said["too many messages"]
        assert told <= 10  # once for each connection that was open then
        w.town.add(50, mailing=2)
        await all_there(w, 250)
        assert receiver.said["too many messages"] <= told + 10


async def test_a_stated_pace_is_kept_with_few_connections_and_costs_no_tries() -> None:
    own = '[[provider]]\nname = "Slow"\nmx = ["mx.one.example"]\nmessages_a_minute = 300\n'
    async with Strict() as receiver, town_of(receiver.port, own, one=["mx.one.example"]) as w:
        began = time.monotonic()
        w.town.add(600)
        await w.until(lambda: len(receiver.subjects) >= 30, within=20)
        took = receiver.at[29] - began
        assert took > (30 - 10) / 5.0 - 0.2  # ten at once are made up for, five a second after that
        assert w.relay.sites.ready + len(w.town.held) <= 40  # what can leave in a few seconds, not 600
        assert set(w.town.outcomes()) == {"delivered"}
        assert all(row["attempts"] == 0 for row in w.town.waiting_rows.values())
        for first in range(len(receiver.at)):
            assert sum(receiver.at[first] <= at <= receiver.at[first] + 1 for at in receiver.at) <= 17


async def test_a_pace_with_long_pauses_keeps_no_connection_open() -> None:
    own = '[[provider]]\nname = "Slow"\nmx = ["mx.one.example"]\nmessages_a_minute = 2\nidle = 0.5\n'
    async with Strict() as receiver, town_of(receiver.port, own, one=["mx.one.example"]) as w:
        w.town.add(50)
        await w.until(lambda: len(receiver.subjects) == 1)
        await w.until(lambda: receiver.open == 0 and not w.town.held)
        (site,) = w.relay.sites
        assert not site.is_held and not site.workers and site.room == 0
        claims = w.town.flushes
        before = len(claims)
        await asyncio.sleep(0.5)
        assert len(claims) - before <= 1  # nothing is claimed and given back in the meantime


async def test_thousands_for_a_slow_provider_let_the_others_pass() -> None:
    own = '[[provider]]\nname = "Slow"\nmx = ["mx.one.example"]\nmessages_a_minute = 10\n'
    async with Strict() as receiver, town_of(receiver.port, own, one=["mx.one.example"], two=["mx.two.example"]) as w:
        w.town.add(3000)
        await w.until(lambda: len(receiver.subjects) == 1)
        began = time.monotonic()
        w.town.add(300, mailing=2, domain="two.example")
        await w.until(lambda: len(receiver.subjects) >= 301, within=20)
        assert time.monotonic() - began < 10
        assert w.relay.sites.ready <= 3


async def test_sites_of_a_provider_share_its_connections_in_turns() -> None:
    own = '[[provider]]\nname = "Many"\nmx = [".many.example"]\nconnections_together = 2\nmessages = 5\n'
    hosts = {f"d{n}": [f"mx{n}.many.example"] for n in range(6)}
    async with Strict(pause=0.005) as receiver, town_of(receiver.port, own, **hosts) as w:
        for n in range(6):
            w.town.add(20, mailing=n + 1, domain=f"d{n}.example")
        await all_there(w, 120)
        assert receiver.most_open <= 2
        first_half = Counter(number // 10_000 for number in receiver.subjects[:60])
        assert len(first_half) >= 4  # as many as were claimed had their turn, not one after the other
        footing = next(iter(w.relay.footings))
        await w.until(lambda: footing.slots.used == 0 or receiver.open <= 2)
        assert footing.ready == 0 and footing.connected == receiver.open


async def test_a_relay_opens_no_more_connections_than_it_may_and_who_rests_gives_way() -> None:
    hosts = {f"d{n}": [f"mx{n}.example"] for n in range(8)}
    async with Strict(pause=0.005) as receiver, town_of(receiver.port, "", connections=3, **hosts) as w:
        for n in range(8):
            w.town.add(25, mailing=n + 1, domain=f"d{n}.example")
        began = time.monotonic()
        await all_there(w, 200)
        assert receiver.most_open <= 3
        assert time.monotonic() - began < 12  # nobody waits for those who rest (15 s)


async def test_a_relay_that_begins_anew_knows_what_the_last_one_learned() -> None:
    async with Strict(connections=3, pause=0.01) as receiver:
        async with world(receiver.port) as w:
            w.town.add(100)
            await all_there(w, 100)
            await w.until(lambda: bool(w.town.facts.get("learned")))
        refused, facts = receiver.said["too many connections"], w.town.facts
        async with world(receiver.port) as w:
            w.town.facts = facts
            await asyncio.sleep(0)
            w.town.add(100, mailing=2)
            await all_there(w, 100)
        assert receiver.said["too many connections"] == refused
