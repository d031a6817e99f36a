"""Which of a relay's addresses carry what, and that a message goes on from where it was tried."""

from collections import Counter
from dataclasses import replace

import pytest

from sending.judging import trouble
from sending.judging.replies import Reply
from sending.judging.trouble import Stage
from sending.relay.open_sites import OpenSites
from sending.relay.ports import Lane, Parcel
from sending.relay.routes import Route
from sending.relay.site import Site
from sending.relay.sites import Manners, Provider
from sending.relay.sources import ANY, Source, Sources
from tests.sending.relay.worlds import Clock

ROUTE = Route(((10, "mx.example"),))
LANE = Lane(1, 1, 1, "example", 0, 0.0, 3600.0, pool_id=7)
PARCEL = Parcel(1, LANE, "a@example", 0, 0.0, 0.0, "", None)
ONE, TWO = Source(1, "192.0.2.1", pools=frozenset({7})), Source(2, "192.0.2.2", pools=frozenset({7, 8}))


def open_sites(clock: Clock, sources: Sources) -> OpenSites:
    def begin(route: Route, source: Source) -> Site:
        provider = Provider("Granite", (), Manners(10, 100, 5.0))
        return Site(route, provider, source=source, carrier=None, doors=None, clock=clock, relays=2)  # type: ignore[arg-type]

    return OpenSites(clock, sources, begin=begin)


def test_a_house_without_addresses_sends_the_mail_of_no_pool_from_anywhere() -> None:
    assert Sources().of(0) == (ANY,) and Sources().of(7) == ()


def test_a_pool_is_carried_by_its_own_addresses() -> None:
    sources = Sources([ONE, TWO])
    assert (sources.of(7), sources.of(8), sources.of(0)) == ((ONE, TWO), (TWO,), ())
    sources.take([ONE])
    assert (sources.of(7), sources.of(8)) == ((ONE,), ())


def test_an_address_of_its_own_is_not_shared_with_other_relays() -> None:
    clock = Clock()
    sites = open_sites(clock, Sources([ANY, ONE]))
    assert sites.at(ROUTE, ANY).manners.connections == 5
    assert sites.at(ROUTE, ONE).manners.connections == 10


def test_a_message_goes_on_from_the_address_that_it_was_tried_from() -> None:
    sites = open_sites(Clock(), Sources([ONE, TWO]))
    for source in (ONE, TWO):
        best = sites.best(replace(PARCEL, source_id=source.id), ROUTE)
        assert best is not None and best.source == source


def test_a_new_message_leaves_where_nothing_is_held() -> None:
    sites = open_sites(Clock(), Sources([ONE, TWO]))
    sites.at(ROUTE, ONE).hold(60, "slow down", "rate_limit")
    best = sites.best(PARCEL, ROUTE)
    assert best is not None and best.source == TWO


def test_nothing_leaves_without_an_address_of_its_pool() -> None:
    assert open_sites(Clock(), Sources()).best(PARCEL, ROUTE) is None


BLOCKED = Reply(
    550,
    "5.7.1",
    ("Unfortunately, messages from [192.0.2.1] weren't sent. Part of their network is on our block list (S3140).",),
)
TOO_FAST = Reply(
    421, "4.7.0", ("Our system has detected an unusual rate of unsolicited mail, temporarily rate limited",)
)


@pytest.mark.parametrize(
    ("reply", "goes_on_from"), [(BLOCKED, 2), (TOO_FAST, 1)], ids=["about the address", "about how we send"]
)
def test_only_a_block_of_the_address_itself_moves_a_message_to_another(reply: Reply, goes_on_from: int) -> None:
    """Whoever moves mail that is refused for its speed or content to fresh addresses is taken for a spammer."""
    sites = open_sites(Clock(), Sources([ONE, TWO]))
    first = sites.at(ROUTE, ONE)
    first.react(trouble.judge(reply, stage=Stage.MAIL, provider="Outlook.com"), reply.text)
    assert first.is_held
    best = sites.best(replace(PARCEL, source_id=1), ROUTE)
    assert best is not None and best.source.id == goes_on_from
    waits = sites.not_now(LANE, ROUTE, is_held=lambda site: site.is_held)
    assert set(waits) == (set() if goes_on_from == 2 else {1})  # what waits for its address is not claimed in vain


def test_new_mail_is_shared_out_by_weight_among_those_that_may_send() -> None:
    three = (
        Source(1, "192.0.2.1", pools=frozenset({7}), weights=((7, 10), (8, 1000))),
        Source(2, "192.0.2.2", pools=frozenset({7}), weights=((7, 30),)),
        Source(3, "192.0.2.3", pools=frozenset({7}), weights=((7, 60),)),
    )
    sites = open_sites(Clock(), Sources(three))
    went = Counter(site.source.id for _ in range(4000) if (site := sites.best(PARCEL, ROUTE)))
    assert [went[n] / 4000 for n in (1, 2, 3)] == [pytest.approx(part, abs=0.04) for part in (0.1, 0.3, 0.6)]
    sites.at(ROUTE, three[2]).hold(60, "slow down", "rate_limit")
    went = Counter(site.source.id for _ in range(4000) if (site := sites.best(PARCEL, ROUTE)))
    assert [went[n] / 4000 for n in (1, 2, 3)] == [pytest.approx(part, abs=0.04) for part in (0.25, 0.75, 0)]


def test_when_an_address_is_gone_its_mail_goes_on_from_another() -> None:
    sources = Sources([ONE, TWO])
    sites = open_sites(Clock(), sources)
    for source in (ONE, TWO):
        sites.at(ROUTE, source)
    sources.take([TWO], others=())
    sites.follow()
    best = sites.best(replace(PARCEL, source_id=1), ROUTE)
    assert best is not None and best.source == TWO
    assert [site.draining for site in sites] == [True, False]
    sources.take([ONE, TWO])
    sites.follow(stopping=True)
    assert [site.draining for site in sites] == [True, False]
    sites.follow()
    assert not any(site.draining for site in sites)


def test_what_others_have_is_theirs_to_go_on_with() -> None:
    sources = Sources()
    nine = Source(9, "192.0.2.9", pools=frozenset({7, 8}))
    sources.take([ONE], others=[TWO, nine])
    sites = open_sites(Clock(), sources)
    assert set(sites.not_now(LANE, ROUTE, is_held=lambda site: site.is_held)) == {2, 9}
    assert set(sites.not_now(LANE, None, is_held=lambda site: site.is_held)) == {2, 9}


def test_a_message_does_not_wait_for_an_address_that_carries_its_pool_no_more() -> None:
    """Its stream goes by another pool by now, or the address was moved: nobody else would ever take it."""
    sources = Sources()
    sources.take(
        [ONE], others=[Source(2, "192.0.2.2", pools=frozenset({8})), Source(9, "192.0.2.9", pools=frozenset())]
    )
    sites = open_sites(Clock(), sources)
    assert not sites.not_now(LANE, ROUTE, is_held=lambda site: site.is_held)
    assert not sites.not_now(LANE, None, is_held=lambda site: site.is_held)
    overflows = replace(LANE, overflow_id=8)
    assert set(sites.not_now(overflows, ROUTE, is_held=lambda site: site.is_held)) == {2}


def test_a_pool_is_hopeless_only_when_it_is_known_that_nobody_can_carry_it() -> None:
    sources = Sources()
    assert not sources.is_hopeless(7)  # nobody has looked yet
    sources.take([ANY], carried=frozenset({8}))
    assert sources.is_hopeless(7) and not sources.is_hopeless(8)
    sources.take([ANY], others=[TWO])
    assert sources.is_hopeless(7)


def test_families_do_not_meet() -> None:
    six = Source(3, "2001:db8::1")
    assert ANY.reaches("192.0.2.9") and ANY.reaches("2001:db8::9")
    assert ONE.reaches("192.0.2.9") and not ONE.reaches("2001:db8::9")
    assert six.reaches("2001:db8::9") and not six.reaches("192.0.2.9")
