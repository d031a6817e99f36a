"""By which of our addresses mail goes when there are budgets: what is above them may go by another pool, for no other reason."""

from dataclasses import replace

from sending.relay.budgets import Budget, Budgets
from sending.relay.open_sites import OpenSites
from sending.relay.ports import Lane, Parcel
from sending.relay.routes import Route
from sending.relay.site import Site
from sending.relay.sites import Manners, Provider
from sending.relay.sources import Source, Sources
from tests.sending.relay.worlds import Clock

ROUTE = Route(((10, "mx.example"),))
OWN, SHARED = Source(1, "192.0.2.1", pools=frozenset({7})), Source(2, "192.0.2.2", pools=frozenset({9}))
WAITS = Lane(1, 1, 1, "example", 0, 0.0, 3600.0, pool_id=7)
OVERFLOWS = replace(WAITS, overflow_id=9)
PARCEL = Parcel(1, OVERFLOWS, "a@example", 0, 0.0, 0.0, "", None)


class House:
    """One address with a budget, and a shared one."""

    def __init__(self, messages: int) -> None:
        self.clock = Clock()
        self.budgets = Budgets(self.clock)
        day = int(self.clock.wall() // 86_400)
        self.budgets.learn([Budget(1, "Granite", messages, 0, day, 0)])
        self.sites = OpenSites(self.clock, Sources([OWN, SHARED]), begin=self._begin)

    def _begin(self, route: Route, source: Source) -> Site:
        provider = Provider("Granite", (), Manners(10, 100, 5.0))
        site = Site(route, provider, source=source, carrier=None, doors=None, clock=self.clock, relays=1)  # type: ignore[arg-type]
        site.footing.budget = self.budgets.of(source.id, "Granite")
        return site

    def best(self, **facts: object) -> Source | None:
        found = self.sites.best(replace(PARCEL, **facts), ROUTE)  # type: ignore[arg-type]
        return found.source if found is not None else None

    def use_up(self) -> None:
        limits = self.budgets.of(1, "Granite")
        while limits.left:
            limits.take(self.clock.monotonic())


def test_within_its_budget_mail_goes_by_its_own_address() -> None:
    assert House(10).best() == OWN


def test_what_is_above_goes_by_the_shared_one_or_waits() -> None:
    house = House(10)
    house.use_up()
    assert house.best() == SHARED
    assert house.best(lane=WAITS) == OWN
    own = house.sites.at(ROUTE, OWN)
    assert (own.room, own.footing.room, own.is_held) == (0, 0, False)  # nothing is claimed for it


def test_between_two_of_a_spread_budget_the_rest_does_not_wait() -> None:
    house = House(10)
    house.budgets.of(1, "Granite").take(house.clock.monotonic())
    assert house.best() == SHARED


def test_a_block_is_no_reason_to_go_by_another_address() -> None:
    house = House(10)
    house.use_up()
    house.sites.at(ROUTE, OWN).hold(600, "we do not like this address", "ip_reputation")
    assert house.best() == OWN


def test_what_was_tried_goes_on_from_where_it_was_tried() -> None:
    house = House(10)
    assert house.best(source_id=2) == SHARED
    house.use_up()
    assert house.best(source_id=1) == OWN
    assert 1 in house.sites.not_now(OVERFLOWS, ROUTE, is_held=lambda site: site.is_held)


def test_sites_that_share_a_budget_are_not_given_more_than_it_has_together() -> None:
    house = House(10)
    first, second = (house.sites.at(Route(((10, f"mx.{name}.example"),)), OWN) for name in ("one", "two"))
    now = house.clock.monotonic()
    assert first.footing is not second.footing
    assert (first.footing.room, second.footing.room) == (1, 1)
    assert [key for key, _ in first.footing.rooms_of_budget(now)] == [
        key for key, _ in second.footing.rooms_of_budget(now)
    ]
    first.footing.ready += 1
    assert (first.footing.room, second.footing.room) == (0, 0)
    assert second.footing.is_above_budget
    first.footing.ready -= 1
    assert second.footing.room == 1
