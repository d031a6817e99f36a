"""Which of a relay's addresses carry what, and that a message goes on from where it was tried."""

from dataclasses import replace

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
