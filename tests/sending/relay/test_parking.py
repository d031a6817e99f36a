"""Parking: a domain parks its organization at the provider, a content its campaign, and nobody else waits for them."""

import asyncio

from sending.judging import trouble
from sending.judging.replies import Reply
from sending.judging.trouble import Stage
from sending.relay.parking import Parking
from sending.relay.ports import Lane, Unreachable, Verdict
from sending.relay.routes import Route
from sending.relay.rulings import HOLD, Ruling
from sending.relay.site import Site
from sending.relay.sites import Manners, Provider
from tests.sending.relay.scripted import EHLO, ENVELOPE, GREETING, TAKEN, Receiver, Say
from tests.sending.relay.worlds import Clock, world

MANNERS = Manners(10, 100, 5.0)
UNSIGNED = Reply(550, "5.7.26", ("This mail is unauthenticated",))
SPAM = Reply(554, "5.7.1", ("Message rejected as spam",))


class Journal:
    def __init__(self) -> None:
        self.ruled: list[Ruling] = []
        self.away = False

    async def rule(self, ruling: Ruling) -> None:
        if self.away:
            raise Unreachable("away")
        self.ruled.append(ruling)


def lane(mailing: int = 1, organization: int = 1, priority: int = 0) -> Lane:
    return Lane(1, organization, mailing, "gmail.com", priority, 0.0, 3600.0)


def site(clock: Clock, name: str = "Gmail") -> Site:
    provider = Provider(name, (), MANNERS)
    return Site(Route(((10, "mx.example"),)), provider, carrier=None, doors=None, clock=clock, relays=1)  # type: ignore[arg-type]


def verdict(reply: Reply | None, provider: str = "Gmail") -> Verdict:
    if reply is None:
        return Verdict(trouble.DELIVERED, "250 2.0.0", "ok")
    return Verdict(trouble.judge(reply, stage=Stage.CONTENT, provider=provider), reply.codes, reply.text)


async def test_what_is_said_of_a_domain_often_enough_parks_its_organization_there() -> None:
    clock, journal = Clock(), Journal()
    parking, place = Parking(journal, clock), site(clock)  # type: ignore[arg-type]
    for number in range(7):
        parking.weigh(place, lane(mailing=number + 1), verdict(UNSIGNED))
        await asyncio.sleep(0)
        assert len(journal.ruled) == (number >= 4)  # told once
    (ruling,) = journal.ruled
    assert (ruling.kind, ruling.organization_id, ruling.mailing_id, ruling.provider) == (HOLD, 1, 0, "Gmail")
    assert (ruling.source_id, ruling.by, ruling.cause) == (0, "relay", "authentication")
    assert 3590 < ruling.until - clock.wall() < 3610
    assert "5.7.26" in ruling.why


async def test_what_was_said_long_ago_or_to_others_counts_not() -> None:
    clock, journal = Clock(), Journal()
    parking, place = Parking(journal, clock), site(clock)  # type: ignore[arg-type]
    for _ in range(4):
        parking.weigh(place, lane(), verdict(UNSIGNED))
    clock.turned += 601
    parking.weigh(place, lane(), verdict(UNSIGNED))
    for organization in range(2, 10):
        parking.weigh(place, lane(organization=organization), verdict(UNSIGNED))
    for _ in range(9):
        parking.weigh(place, lane(organization=0), verdict(UNSIGNED))  # the house's own mail is nobody's
    await asyncio.sleep(0)
    assert journal.ruled == []


async def test_a_campaign_is_parked_by_its_share_of_refusals_out_of_enough_tries() -> None:
    clock, journal = Clock(), Journal()
    parking, place = Parking(journal, clock), site(clock)  # type: ignore[arg-type]
    for number in range(40):  # every tenth: a filter of somebody's own
        parking.weigh(place, lane(1), verdict(SPAM if number % 10 == 0 else None))
    for _ in range(19):
        parking.weigh(place, lane(2), verdict(SPAM))
    await asyncio.sleep(0)
    assert journal.ruled == []
    parking.weigh(place, lane(2), verdict(SPAM))
    for _ in range(60):
        parking.weigh(place, lane(3, priority=10), verdict(SPAM))
    await asyncio.sleep(0)
    (ruling,) = journal.ruled
    assert (ruling.organization_id, ruling.mailing_id, ruling.provider, ruling.cause) == (1, 2, "Gmail", "content")


async def test_at_an_unknown_place_it_is_parked_for_that_place_only() -> None:
    clock, journal = Clock(), Journal()
    parking, place = Parking(journal, clock), site(clock, "Other")  # type: ignore[arg-type]
    for _ in range(20):
        parking.weigh(place, lane(), verdict(SPAM, ""))
    await asyncio.sleep(0)
    assert [(one.provider, one.site) for one in journal.ruled] == [("", "mx.example")]


async def test_it_is_told_again_when_nobody_heard_it() -> None:
    clock, journal = Clock(), Journal()
    parking, place = Parking(journal, clock), site(clock)  # type: ignore[arg-type]
    journal.away = True
    for _ in range(5):
        parking.weigh(place, lane(), verdict(UNSIGNED))
    await asyncio.sleep(0)
    journal.away = False
    parking.weigh(place, lane(), verdict(UNSIGNED))
    await asyncio.sleep(0)
    assert len(journal.ruled) == 1


async def test_a_parked_campaign_waits_and_the_others_go_on() -> None:
    """Against a server that takes one campaign's content for spam."""
    spam = Say(b"554 5.7.1 Message rejected as spam\r\n", content=True)
    refusing = [GREETING, EHLO, *[ENVELOPE, spam] * 500]
    taking = [GREETING, EHLO, *[ENVELOPE, TAKEN] * 500]
    scripts = [refusing]
    async with Receiver(scripts) as receiver, world(receiver.port) as w:
        w.town.add(300, mailing=1)
        await w.until(lambda: len(w.town.ruled) == 1)
        await asyncio.sleep(0.3)
        tried = len(w.town.settled)
        assert 20 <= tried < 120 and len(w.town.waiting_rows) == 300 - tried
        scripts[:] = [taking]
        for site in w.relay.sites:
            site.abort()
        others = w.town.add(30, mailing=2)
        await w.until(lambda: {s.id for s in w.town.settled if s.state == "delivered"} >= set(others))
        assert len(w.town.waiting_rows) == 300 - tried  # it rests
