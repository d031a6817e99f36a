"""Opening sessions over real TLS: encrypted when it works, in clear and remembered when it does not, never injected."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from sending.judging.trouble import Effect, Outcome
from sending.relay.addresses import Reach
from sending.relay.chunking import Chunking
from sending.relay.doors import Doors, House, NoDoor
from sending.relay.ports import Letter
from sending.relay.routes import Route, Routes
from sending.relay.session import Refused, Session, Timeouts, connect, unauthenticated_tls
from sending.relay.sources import Source
from sending.relay.transactions import carry
from tests.sending.relay.certificates import MailServer, issue
from tests.sending.relay.scripted import EHLO, GREETING, Receiver
from tests.sending.relay.worlds import Clock, Names

PATIENT = Timeouts(connect=10, greeting=10, command=10, data=10, write=10, final=10, quit=1)
ROUTE = Route(((10, "mx.example"),))


@pytest.fixture(scope="module")
def server_tls() -> ssl.SSLContext:
    """A certificate for another name, signed by nobody: what many mail servers have."""
    return issue("other.example").server()


def run(work: Callable[[], Coroutine[Any, Any, None]], loop: str) -> None:
    """On the loop that the relay uses, and on asyncio's own."""
    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(asyncio.wait_for(work(), 30))


def doors(
    port: int, clock: Clock, *, reach: Reach = Reach.LOOPBACK, hosts: dict[str, list[str]] | None = None
) -> Doors:
    names = Names(hosts=hosts or {"mx.example": ["127.0.0.1"]})
    house = House(name="relay.example", port=port, reach=reach, tls=unauthenticated_tls(), timeouts=PATIENT)
    return Doors(Routes(names, clock, reach=reach), house, clock)


async def granted() -> None:
    return None


async def send(session: Session) -> None:
    verdict = await carry(
        session,
        Letter("b@example.com", b"Subject: x\r\n\r\ny\r\n"),
        "a@mx.example",
        provider="Other",
        ask=granted,
        chunking=Chunking(Clock()),
    )
    assert verdict.judgement.outcome is Outcome.DELIVERED
    await session.close()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_tls_is_used_when_it_is_offered_whoever_signed_the_certificate(server_tls: ssl.SSLContext, loop: str) -> None:
    async def work() -> None:
        async with MailServer(server_tls, "works") as server:
            session = await doors(server.port, Clock()).open(ROUTE, provider="Other")
            assert session.tls.startswith("TLSv1.")
            await send(session)
            assert server.taken == [True]

    run(work, loop)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_broken_handshake_is_followed_by_clear_text_and_remembered_for_a_day(
    server_tls: ssl.SSLContext, loop: str
) -> None:
    async def work() -> None:
        clock = Clock()
        async with MailServer(server_tls, "breaks") as server:
            way = doors(server.port, clock)
            await send(await way.open(ROUTE, provider="Other"))
            assert (server.connections, server.taken) == (2, [False])
            await send(await way.open(ROUTE, provider="Other"))
            assert server.connections == 3  # not tried again
            server.manner = "works"
            clock.turned = 25 * 3600
            await send(await way.open(ROUTE, provider="Other"))
            assert server.taken == [False, False, True]

    run(work, loop)


def test_starttls_that_is_refused_leaves_clear_text(server_tls: ssl.SSLContext) -> None:
    async def work() -> None:
        async with MailServer(server_tls, "refuses") as server:
            await send(await doors(server.port, Clock()).open(ROUTE, provider="Other"))
            assert (server.connections, server.taken) == (1, [False])

    run(work, "uvloop")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_octets_behind_the_answer_to_starttls_end_the_conversation(server_tls: ssl.SSLContext, loop: str) -> None:
    async def work() -> None:
        async with MailServer(server_tls, "injects") as server:
            await send(await doors(server.port, Clock()).open(ROUTE, provider="Other"))
            assert server.connections == 2
            assert server.handshakes == 0

    run(work, loop)


async def test_nothing_is_connected_to_beyond_our_reach() -> None:
    with pytest.raises(NoDoor) as closed:
        await doors(25, Clock(), hosts={"mx.example": ["10.1.2.3"]}, reach=Reach.INTERNET).open(ROUTE, provider="Other")
    assert closed.value.verdict.judgement.outcome is Outcome.BOUNCED
    assert closed.value.verdict.code == "554 5.4.4"
    with pytest.raises(NoDoor):
        await doors(25, Clock(), hosts={"mx.example": ["8.8.8.8"]}).open(ROUTE, provider="Other")


async def test_the_last_word_on_an_address_is_spoken_right_before_the_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    way = doors(25, clock)

    async def lie(route: Route) -> list[tuple[str, str]]:
        return [("mx.example", "8.8.8.8")]

    async def never(*_: object, **__: object) -> Session:
        raise AssertionError("connected")

    monkeypatch.setattr(way._routes, "plan", lie)
    monkeypatch.setattr(way, "_connect", never)
    with pytest.raises(NoDoor, match="may not be connected to"):
        await way.open(ROUTE, provider="Other")


async def test_a_server_that_refuses_at_the_door_defers_and_holds() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 5.7.1 you are not welcome\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NoDoor) as closed:
        await doors(port, Clock()).open(ROUTE, provider="Other")
    verdict = closed.value.verdict
    assert (verdict.judgement.outcome, verdict.judgement.effect) == (Outcome.DEFERRED, Effect.HOLD)
    assert verdict.code == "554 5.7.1"
    session = await connect("127.0.0.1", port, host="mx.example", timeouts=PATIENT)
    with pytest.raises(Refused):
        await session.open(name="relay.example", tls=None)
    session.abort()
    server.close()


async def test_no_address_and_no_dns() -> None:
    with pytest.raises(NoDoor) as closed:
        await doors(25, Clock(), hosts={"other.example": ["127.0.0.1"]}).open(ROUTE, provider="Other")
    assert closed.value.verdict.code == "451 4.4.4"
    way = doors(25, Clock())
    way._routes._dns.broken.add("mx.example")  # type: ignore[attr-defined]
    with pytest.raises(NoDoor) as closed:
        await way.open(ROUTE, provider="Other")
    assert closed.value.verdict.code == "451 4.4.3"
    assert closed.value.verdict.judgement.outcome is Outcome.DEFERRED


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_session_begins_at_our_address_with_its_name_and_at_hosts_that_it_can_reach(loop: str) -> None:
    async def work() -> None:
        async with Receiver([[GREETING, EHLO]]) as receiver:
            open_ = doors(receiver.port, Clock(), hosts={"mx.example": ["::1", "127.0.0.1"]}).open
            session = await open_(ROUTE, provider="Other", source=Source(1, "127.0.0.5", "mail5.example.com"))
            assert session.wire.transport is not None
            assert session.wire.transport.get_extra_info("sockname")[0] == session.source == "127.0.0.5"
            assert session.address == "127.0.0.1" and receiver.heard == [b"EHLO mail5.example.com"]
            session.abort()
            open_ = doors(receiver.port, Clock()).open
            with pytest.raises(NoDoor) as closed:
                await open_(ROUTE, provider="Other", source=Source(2, "::1", "six.example.com"))
            assert "IPv4 and IPv6 do not meet" in closed.value.verdict.text
            with pytest.raises(NoDoor, match="no connection"):
                await open_(ROUTE, provider="Other", source=Source(3, "192.0.2.1"))  # not of this computer

    run(work, loop)
