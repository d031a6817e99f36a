"""How well the relay finds out what a provider will not say: deferrals and goodput against a provider with secret limits.

Three ways of sending the same backlog through the real engine, in virtual time: (a) no shaping, (b) constant shaping: limits
of a table, holds of a fixed time after which full speed returns at once, connections by Postfix's feedback; (c) ours. The
provider counts what it put off, at the door or in a conversation, and what it took. For comparison also (b) for somebody who
knows the secret.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import ModuleType
from unittest import mock

from bench import adaptive_time
from bench import report as default_report
from bench.adaptive_house import Backlog, Names
from bench.adaptive_provider import Provider, Secret
from sending.relay import sites
from sending.relay.addresses import Reach
from sending.relay.doors import Doors, House
from sending.relay.engine import Relay
from sending.relay.place import Place
from sending.relay.routes import Routes
from sending.relay.session import Timeouts
from sending.relay.sites import Directory, Learning, Manners

HOURS = 3.0
HOURS_DEAF = 0.5  # of whoever hears nothing: it is the same all the time, and hard work
EQUAL = 0.99  # as much got through
SHARE = 0.5  # ours has at most that much of the deferrals of constant shaping


@dataclass(frozen=True)
class Way:
    """One way of sending. `deaf`: nothing that a server says changes anything; only new connections have a pace, or that
    would be an attack and not sending.
    """

    name: str
    manners: Manners
    learning: Learning
    deaf: bool = False


TABLE = sites.directory().default
NONE = Way("no shaping", replace(TABLE, connections=20, messages=10_000), Learning(constant=True), True)
CONSTANT = Way("constant shaping", TABLE, Learning(constant=True))
OURS = Way("ours", TABLE, sites.directory().learning)


def knowing(secret: Secret, *, times: float = 0.97, name: str = "constant, knowing the secret") -> Way:
    """Constant shaping by somebody who has been told, or whose table has so many times the true pace."""
    manners = replace(
        TABLE, connections=secret.connections, messages=secret.messages, per_minute=times * secret.per_minute
    )
    return Way(name, manners, Learning(constant=True))


@dataclass(frozen=True)
class Scene:
    name: str
    about: str
    secrets: Sequence[Secret]

    def capacity(self, seconds: float) -> float:
        """What could be sent at the very most."""
        ends = [one.since for one in self.secrets[1:]] + [seconds]
        spans = zip(self.secrets, ends, strict=True)
        return sum(one.per_minute / 60 * max(0.0, min(end, seconds) - one.since) for one, end in spans)


SCENES = (
    Scene("connections", "3 connections, 20 messages in each, 2 s for a message", [Secret(3, 90, 20, thinks=1.918)]),
    Scene("pace", "60 messages a minute over at most 5 connections", [Secret(5, 60)]),
    Scene(
        "changes",
        "120 a minute and 4 connections, a third of it from 1 h on, twice as much from 2 h on",
        [Secret(4, 120), Secret(2, 40, since=3600.0), Secret(4, 240, since=7200.0)],
    ),
    Scene("grudge", "60 a minute, 4 connections; 70 refused tries cost all trust for a while", [Secret(4, 60, grudge=0.01)]),
    Scene("slow", "10 messages a minute", [Secret(5, 10)]),
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    accepted: int
    deferrals: int
    share: float
    turned_away: int
    claimed: int
    minutes: dict[int, list[int]]


def send(way: Way, secrets: Sequence[Secret], *, hours: float = HOURS, backlog: int = 0) -> Result:
    """Send for so many hours of virtual time."""
    return adaptive_time.run(_send(way, secrets, hours * 3600, backlog))


async def _send(way: Way, secrets: Sequence[Secret], seconds: float, backlog: int) -> Result:
    loop = asyncio.get_running_loop()
    clock = adaptive_time.VirtualClock(loop)
    capacity = Scene("", "", secrets).capacity(seconds)
    house = Backlog(loop, backlog or int(1.3 * capacity) + 1000)
    provider = Provider(secrets, loop)
    routes = Routes(Names(), clock, reach=Reach.LOOPBACK, chance=random.Random(1))
    door = House(name="relay.example", port=25, reach=Reach.LOOPBACK, tls=None, timeouts=Timeouts())
    relay = Relay(
        spool=house,
        journal=house,
        composer=house,
        routes=routes,
        doors=Doors(routes, door, clock, connect=provider.connect),
        directory=Directory((), way.manners, way.learning),
        clock=clock,
        chance=random.Random(1),
        drain_seconds=1.0,
    )
    with ExitStack() as stack:
        if way.deaf:
            for name in ("react", "hold", "too_many", "perhaps_too_many", "too_many_messages"):
                stack.enter_context(mock.patch.object(Place, name))
        running = asyncio.ensure_future(relay.run())
        await asyncio.sleep(seconds)
        result = Result(
            provider.accepted, provider.deferrals, provider.share, provider.turned_away, house.claimed, provider.minutes
        )
        relay.stop()
        await asyncio.wait([running], timeout=60)
        if running.done():
            running.result()
    return result


def run(report: ModuleType = default_report) -> None:
    """Measures, and reports the numbers."""
    logging.disable(logging.WARNING)
    try:
        for scene in SCENES:
            _compare(scene, report)
    finally:
        logging.disable(logging.NOTSET)


def _compare(scene: Scene, report: ModuleType) -> None:
    report.say(f"{scene.name}: {scene.about}; {HOURS:g} hours")
    ways = [NONE, CONSTANT, OURS]
    if len(scene.secrets) == 1:
        ways += [knowing(scene.secrets[0]), knowing(scene.secrets[0], times=1.25, name="constant, a quarter too much")]
    results = {}
    for way in ways:
        hours = HOURS_DEAF if way.deaf else HOURS
        found = results[way.name] = send(way, scene.secrets, hours=hours)
        most = scene.capacity(hours * 3600)
        report.say(
            f"  {way.name}: {found.accepted} taken ({found.accepted / most:.0%} of what was possible), "
            f"{found.deferrals} put off ({found.share:.2%}), {found.turned_away} of them at the door"
        )
    none, constant, ours = (results[way.name] for way in (NONE, CONSTANT, OURS))
    against = f"constant {constant.share:.2%}, no shaping {none.share:.2%}; ours {ours.share:.2%}"
    report.emit(
        f"adaptive.{scene.name}_deferrals_ratio",
        ours.share / max(1e-9, constant.share),
        "times",
        f"share of what was asked that was put off: {against}",
        SHARE,
        "lower",
    )
    pace = none.accepted / HOURS_DEAF
    against = f"taken in {HOURS:g} h: constant {constant.accepted}, ours {ours.accepted}; no shaping {pace:.0f} an hour"
    report.emit(
        f"adaptive.{scene.name}_goodput_ratio", ours.accepted / max(1, constant.accepted), "times", against, EQUAL
    )


if __name__ == "__main__":
    run()
