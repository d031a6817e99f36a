"""A site's holds: its own back-off, and a rule's own hold once the provider has said so often enough; and its connections."""

import pytest

from sending.judging import trouble
from sending.judging.replies import Reply
from sending.judging.trouble import Stage
from sending.relay.routes import Route
from sending.relay.site import Site
from sending.relay.sites import Learning, Manners, Provider
from tests.sending.relay.scripted import EHLO, ENVELOPE, GREETING, TAKEN, Receiver
from tests.sending.relay.worlds import Clock, world

FIRST_HOLD = Learning().first_hold
COMPLAINED = trouble.judge(
    Reply(421, "4.7.0", ("[TSS04] temporarily deferred due to user complaints",)), stage=Stage.MAIL, provider="Yahoo"
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(clock: Clock) -> Site:
    provider = Provider("Yahoo", (), Manners(10, 100, 5.0))
    return Site(Route(((10, "mx.example"),)), provider, carrier=None, doors=None, clock=clock, relays=1)  # type: ignore[arg-type]


def left(site: Site, clock: Clock) -> int:
    return round(site.held_until - clock.monotonic())


def test_the_second_time_within_the_hour_it_is_held_for_as_long_as_the_rule_says(site: Site, clock: Clock) -> None:
    site.react(COMPLAINED, "slow down")
    assert (site.is_held, left(site, clock), site.window) == (True, FIRST_HOLD, 1)
    clock.turned += 60
    assert not site.is_held
    site.react(COMPLAINED, "slow down")
    assert left(site, clock) == 7200


def test_those_who_were_in_conversation_at_that_moment_count_as_well(site: Site, clock: Clock) -> None:
    site.react(COMPLAINED, "slow down")
    site.react(COMPLAINED, "slow down")
    assert (left(site, clock), site.failures) == (7200, 1)


def test_what_was_said_long_ago_counts_no_more(site: Site, clock: Clock) -> None:
    site.react(COMPLAINED, "slow down")
    clock.turned += 3601
    site.react(COMPLAINED, "slow down")
    assert left(site, clock) == 2 * FIRST_HOLD


def test_it_is_out_of_order_until_something_went_well_also_while_one_goes_ahead(site: Site, clock: Clock) -> None:
    assert not site.is_out_of_order
    site.hold(30, "no host answers")
    assert site.is_out_of_order
    clock.turned += 31
    assert not site.is_held and site.is_out_of_order
    site.react(trouble.DELIVERED, "")
    assert not site.is_out_of_order


def test_a_shorter_hold_never_ends_a_longer_one(site: Site, clock: Clock) -> None:
    site.hold(900, "blocked")
    site.hold(0, "no host answers")
    site.hold(60, "slow down")
    assert left(site, clock) == 900


async def test_a_connection_is_used_for_so_long_and_then_another_is_made() -> None:
    busy = [GREETING, EHLO, *[ENVELOPE, TAKEN] * 5]
    async with Receiver([busy]) as receiver, world(receiver.port) as w:
        for mailing, connections in ((1, 1), (2, 1), (3, 2)):
            w.clock.turned += 299 if mailing == 3 else 1
            w.town.add(1, mailing=mailing)
            await w.until(lambda m=mailing: len(w.town.settled) == m)
            assert (len(receiver.contents), receiver.connections) == (mailing, connections)
