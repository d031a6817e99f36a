"""Ways: every domain is asked for once, few at a time while nobody waits, and what stands in the way is said in SMTP's words."""

import asyncio
import time

from sending.judging import trouble
from sending.relay.addresses import Reach
from sending.relay.routes import Routes
from sending.relay.ways import AHEAD, Ways
from tests.sending.relay.worlds import Clock, Names

TOWN = [f"home{n}.example" for n in range(3 * AHEAD)]


def ways(names: Names, clock: Clock, woken: list[float]) -> Ways:
    return Ways(Routes(names, clock, reach=Reach.LOOPBACK), clock, found=lambda: woken.append(time.monotonic()))


async def settled(ways: Ways) -> None:
    for _ in range(500):
        if not ways.lookups:
            return
        await asyncio.sleep(0.01)


async def test_what_leaves_soon_is_asked_for_in_its_order_and_few_at_a_time() -> None:
    names, woken, most = Names(mxs={home: [(10, "mx.example")] for home in TOWN}), [], 0
    here = ways(names, Clock(), woken)
    here.look_up_ahead(TOWN)
    while here.lookups:
        most = max(most, len(here.lookups))
        await asyncio.sleep(0)
    assert most == AHEAD
    assert names.asked == [f"mx {home}" for home in TOWN]
    assert all(here.route(home) for home in TOWN) and len(woken) == len(TOWN)
    here.look_up_ahead(TOWN)
    assert not here.lookups  # known


async def test_obstacles_hold_for_a_minute() -> None:
    names, clock = Names(mxs={"null.example": [(0, "")]}, broken={"dark.example"}), Clock()
    here = ways(names, clock, [])
    for domain in ("null.example", "gone.example", "dark.example"):
        here.look_up(domain)
        here.look_up(domain)
    assert len(here.lookups) == 3
    await settled(here)
    found = {d: here.obstacle(d) for d in ("null.example", "gone.example", "dark.example")}
    first = {d: (o.verdict(attempts=0).judgement, o.verdict(attempts=0).code) for d, o in found.items() if o}
    assert first == {
        "null.example": (trouble.NULL_MX, "556 5.1.10"),
        "gone.example": (trouble.NO_DOMAIN_YET, "550 5.1.2"),
        "dark.example": (trouble.DNS, "451 4.4.3"),
    }
    gone = found["gone.example"]
    assert gone is not None and gone.verdict(attempts=1).judgement is trouble.NO_DOMAIN
    assert [d for d in found if here.is_untold(d)] == ["dark.example"]
    here.told("dark.example")
    assert not here.is_untold("dark.example")
    clock.turned += 61
    assert not any(here.obstacle(domain) for domain in found)


async def test_only_so_many_at_once() -> None:
    here = ways(Names(mxs={home: [(10, "mx.example")] for home in TOWN}), Clock(), [])
    for home in TOWN:
        here.look_up(home, at_once=5)
    assert len(here.lookups) == 5
    await settled(here)
