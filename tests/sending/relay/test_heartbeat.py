"""What a relay tells of itself: true, of everything that matters most, and small however many sites there are."""

import json

from sending.judging import trouble
from sending.relay import heartbeat
from sending.relay.open_sites import OpenSites
from sending.relay.routes import Route
from sending.relay.site import Site
from sending.relay.sites import Manners, Provider
from sending.relay.sources import ANY, Sources
from tests.sending.relay.worlds import Clock


def sites(clock: Clock, count: int) -> OpenSites:
    provider = Provider("Granite", (), Manners(10, 100, 5.0))
    found = OpenSites(
        clock,
        Sources(),
        begin=lambda route, source: Site(
            route, provider, source=source, carrier=None, doors=None, clock=clock, relays=1
        ),  # type: ignore[arg-type]
    )
    for number in range(count):
        found.at(Route(tuple((10, f"mx{host}.d{number}.example") for host in range(9))), ANY)
    return found


def test_a_held_site_is_told_with_its_cause_and_its_times() -> None:
    clock = Clock()
    found = sites(clock, 2)
    next(iter(found)).react(trouble.NETWORK, "no connection")
    facts = heartbeat.facts(found, clock=clock, rate=1.26, delivered=7, talks={(3, "Granite"): 2})
    (held,) = facts["held"]
    assert (held["cause"], held["why"], held["provider"]) == ("network", "no connection", "Granite")
    assert held["hosts"] == [f"mx{host}.d0.example" for host in range(heartbeat.MOST_HOSTS)]
    assert abs(held["since"] - clock.wall()) < 1 and 25 < held["until"] - held["since"] < 35
    assert (facts["open_sites"], facts["held_sites"], facts["per_second"], facts["delivered"]) == (2, 1, 1.3, 7)
    assert facts["talks"] == [[3, "Granite", 2]]


def test_a_pace_is_told_with_how_far_it_is_back_and_what_was_learned() -> None:
    clock = Clock()
    found = sites(clock, 1)
    (site,) = found
    for _ in range(600):
        clock.turned += 0.05
        site.react(trouble.DELIVERED, "")
    site.standing.too_fast()
    site.hold(1, "slow down", "rate_limit")
    clock.turned += 2
    site.workers.add(None)  # type: ignore[arg-type]
    facts = heartbeat.facts(found, clock=clock, rate=0, delivered=0, talks={})
    (busy,) = facts["busy"]
    assert (busy["back"], round(busy["pace"]), busy["failures"]) == (0.1, 96, 1)  # a tenth of 0.8 of twenty a second
    (learned,) = facts["learned"]
    assert (learned["what"], round(learned["value"]), learned["site"]) == ("pace", 16, site.name)


def test_it_is_small_whatever_goes_on() -> None:
    clock = Clock()
    found = sites(clock, 500)
    for site in found:
        site.react(trouble.NETWORK, "x" * 5000)
    facts = heartbeat.facts(
        found, clock=clock, rate=0, delivered=0, talks={(number, "Granite"): 1 for number in range(5000)}
    )
    assert facts["held_sites"] == 500 and len(facts["held"]) == heartbeat.MOST_HELD
    assert len(json.dumps(facts)) < 48_000
