"""Routes: RFC 5321's and RFC 7505's rules, and a memory that asks once."""

import asyncio
import random

import pytest

from sending.relay.addresses import Reach
from sending.relay.dns import Unknown
from sending.relay.routes import LeadsNowhere, NoSuchMailDomain, Route, Routes, TakesNoMail
from tests.sending.relay.worlds import Clock, Names


def routes(names: Names, *, reach: Reach = Reach.LOOPBACK, clock: Clock | None = None) -> Routes:
    return Routes(names, clock or Clock(), reach=reach, chance=random.Random(3))


async def test_hosts_by_preference() -> None:
    names = Names(
        mxs={"d.example": [(20, "b"), (10, "a"), (20, "c")]},
        hosts={n: [f"127.0.0.{i}"] for i, n in enumerate("abc", 1)},
    )
    found = routes(names)
    route = await found.of("d.example")
    assert route == Route(((10, "a"), (20, "b"), (20, "c")))
    plans = [[host for host, _ in await found.plan(route)] for _ in range(30)]
    assert all(plan[0] == "a" for plan in plans)
    assert {tuple(plan[1:]) for plan in plans} == {("b", "c"), ("c", "b")}  # shuffled among equals


async def test_without_mx_the_domain_itself() -> None:
    found = routes(Names(hosts={"d.example": ["127.0.0.1"]}, sixes={"six.example": ["::1"]}))
    assert (await found.of("d.example")).hosts == ("d.example",)
    assert await found.plan(await found.of("six.example")) == [("six.example", "::1")]


async def test_null_mx_no_domain_and_no_address() -> None:
    found = routes(Names(mxs={"null.example": [(0, "")], "bare.example": []}))
    with pytest.raises(TakesNoMail):
        await found.of("null.example")
    for domain in ("gone.example", "bare.example"):
        with pytest.raises(NoSuchMailDomain):
            await found.of(domain)


async def test_ipv4_comes_before_ipv6_and_one_host_without_address_is_passed_over() -> None:
    names = Names(mxs={"d.example": [(5, "gone"), (10, "a")]}, hosts={"a": ["127.0.0.1"]}, sixes={"a": ["::1"]})
    found = routes(names)
    assert await found.plan(await found.of("d.example")) == [("a", "127.0.0.1"), ("a", "::1")]


async def test_no_plan_leads_into_our_own_house() -> None:
    names = Names(
        mxs={"d.example": [(5, "in"), (10, "out")], "e.example": [(1, "in")]},
        hosts={"in": ["192.168.0.1"], "out": ["8.8.8.8"]},
    )
    found = routes(names, reach=Reach.INTERNET)
    assert await found.plan(await found.of("d.example")) == [("out", "8.8.8.8")]
    with pytest.raises(LeadsNowhere, match=r"192\.168\.0\.1"):
        await found.plan(await found.of("e.example"))


async def test_many_ask_once_and_the_answer_is_kept_for_its_time() -> None:
    clock = Clock()
    names = Names(mxs={"d.example": [(10, "a")]}, ttl=100)
    found = routes(names, clock=clock)
    await asyncio.gather(*(found.of("d.example") for _ in range(50)))
    assert names.asked == ["mx d.example"]
    assert found.known("d.example") is not None
    clock.turned = 99
    await found.of("d.example")
    assert len(names.asked) == 1
    clock.turned = 101
    assert found.known("d.example") is None
    await found.of("d.example")
    assert len(names.asked) == 2


async def test_when_the_dns_fails_the_last_answer_serves_for_an_hour() -> None:
    clock = Clock()
    names = Names(mxs={"d.example": [(10, "a")]}, ttl=60)
    found = routes(names, clock=clock)
    route = await found.of("d.example")
    names.broken.add("d.example")
    clock.turned = 1800
    assert await found.of("d.example") == route
    clock.turned = 60 + 3601
    with pytest.raises(Unknown):
        await found.of("d.example")


async def test_a_failure_is_not_remembered_and_a_fact_is() -> None:
    names = Names(mxs={"d.example": [(10, "a")]}, broken={"d.example"})
    found = routes(names)
    for _ in range(2):
        with pytest.raises(Unknown):
            await found.of("d.example")
    names.broken.clear()
    await found.of("d.example")
    for _ in range(3):
        with pytest.raises(NoSuchMailDomain):
            await found.of("gone.example")
    assert names.asked.count("mx gone.example") == 1


async def test_hostile_answers_are_cut_short() -> None:
    names = Names(
        mxs={"d.example": [(n, f"h{n}") for n in range(1000)]},
        hosts={f"h{n}": ["127.0.0.1"] * 500 for n in range(1000)},
    )
    found = routes(names)
    route = await found.of("d.example")
    assert len(route.exchangers) == 20
    assert len(await found.plan(route)) == 20 * 8
