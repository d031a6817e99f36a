"""The whole sandbox, spoken to over SMTP and HTTP as the relay and the hits process would."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posthouse.sandbox import characters
from posthouse.sandbox.characters import Cast, Greylist, Throttle
from posthouse.sandbox.errands import Doors
from posthouse.sandbox.store import Store
from posthouse.sandbox.world import Plan, World
from posthouse.sandbox.zone import Record
from tests.posthouse.sandbox.test_letters import RAW
from tests.sending.mailroom.test_verification import RECORDS, SIGNED

CAST = characters.load().hurried()
HEAD = b"From: till@acme.example\r\nSubject: receipt\r\nMessage-ID: <r1@acme.example>\r\n\r\nThanks\r\n"


def changed(name: str, **facts: Any) -> Cast:
    return replace(CAST, providers=tuple(replace(p, **facts) if p.name == name else p for p in CAST.providers))


@pytest.fixture
async def open_world(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    opened: list[World] = []

    async def opening(cast: Cast = CAST, doors: Doors | None = None) -> World:
        plan = Plan(
            cast=cast, seed="test", house_domain="posthouse.example", path=tmp_path / "world.sqlite3", smtp_port=0, dns_port=0,
            doors=doors or Doors(hits=("127.0.0.1", 9), mailroom=("127.0.0.1", 9)),
        )  # fmt: skip
        world = World(plan)
        await world.open()
        opened.append(world)
        return world

    yield opening
    for world in opened:
        await world.close()


async def send(
    world: World, host: str, to: str, message: bytes = HEAD, *, sender: str = "b1-x@bounces.acme.example"
) -> tuple[int, bytes]:
    """The reply that decided over one message."""

    def talk() -> tuple[int, bytes]:
        with smtplib.SMTP(host, world.smtp_port, timeout=10) as client:
            client.ehlo("relay.posthouse.example")
            for step in (lambda: client.mail(sender), lambda: client.rcpt(to), lambda: client.data(message)):
                code, text = step()
                if code >= 400:
                    return code, text
            return code, text

    return await asyncio.to_thread(talk)


async def test_what_is_accepted_is_in_the_log_and_in_the_inbox(open_world: Any) -> None:
    world = await open_world()
    assert (await send(world, "127.0.1.61", "you@inbox.example"))[0] == 250
    assert (await send(world, "127.0.1.99", "somebody@gmail.com"))[0] == 250
    with Store(world.plan.path) as store:
        assert [(a.rcpt, a.message_id, a.provider) for a in store.accepted()] == [
            ("you@inbox.example", "r1@acme.example", "Sandbox inbox"),
            ("somebody@gmail.com", "r1@acme.example", "Elsewhere"),
        ]
        assert [m.subject for m in store.messages()] == ["receipt", "receipt"]


async def test_mailboxes_that_are_not_there_or_full(open_world: Any) -> None:
    world = await open_world()
    assert (await send(world, "127.0.1.31", "unknown.ann@fullbrook.example"))[1].startswith(b"5.1.1")
    assert await send(world, "127.0.1.31", "ann+full@fullbrook.example") == (
        452, b"4.2.2 <ann+full@fullbrook.example>: the mailbox is full; please try again later"
    )  # fmt: skip
    replies = [await send(world, "127.0.1.31", f"p{n}@fullbrook.example") for n in range(150)]
    codes = {code for code, _ in replies}
    assert {250, 550, 452} <= codes
    again = [await send(world, "127.0.1.31", f"p{n}@fullbrook.example") for n in range(150)]
    assert [c for c, _ in again] == [c for c, _ in replies], "the same people every time"


async def test_a_provider_takes_mail_for_its_own_domains_only(open_world: Any) -> None:
    world = await open_world()
    code, text = await send(world, "127.0.1.51", "a@granite.example")
    assert (code, text[:5]) == (550, b"5.7.1")


async def test_the_strict_one_wants_everything_and_says_what_is_missing(open_world: Any) -> None:
    world = await open_world()
    code, text = await send(world, "127.0.1.11", "a@granite.example", SIGNED)
    assert (code, text[:6]) == (550, b"5.7.27"), text
    with Store(world.plan.path) as store:
        store.publish([Record("bounces.acme.example", "TXT", "v=spf1 include:spf.posthouse.example -all")])
        assert (await send(world, "127.0.1.11", "a@granite.example", SIGNED))[1].startswith(b"5.7.30")
        store.publish([Record(name, "TXT", value) for name, (value,) in RECORDS.items()])
        code, text = await send(world, "127.0.1.11", "a@granite.example", SIGNED)
        assert (code, text) == (550, b"5.7.26 Unauthenticated mail: acme.example publishes no DMARC policy")
        store.publish([Record("_dmarc.acme.example", "TXT", "v=DMARC1; p=none")])
    assert (await send(world, "127.0.1.11", "a@granite.example", SIGNED))[0] == 250


async def test_greylisting_ends_after_its_time_for_the_same_sender(open_world: Any) -> None:
    world = await open_world(changed("Greylake", greylist=Greylist(share=1.0, seconds=0.4)))
    assert (await send(world, "127.0.1.21", "a@greylake.example"))[1].startswith(b"4.7.1")
    assert (await send(world, "127.0.1.21", "a@greylake.example"))[0] == 451
    await asyncio.sleep(0.45)
    assert (await send(world, "127.0.1.21", "a@greylake.example", sender="b1-other@bounces.acme.example"))[0] == 250
    assert (await send(world, "127.0.1.21", "a@greylake.example", sender="x@stranger.example"))[0] == 451


async def test_who_hurries_is_asked_to_slow_down_and_may_come_back(open_world: Any) -> None:
    cast = changed("Greylake", greylist=Greylist(), throttle=Throttle(pace=5.0, burst=3.0, seconds=0.5))
    world = await open_world(cast)
    replies = [await send(world, "127.0.1.21", f"a{n}@greylake.example") for n in range(3)]
    assert [code for code, _ in replies] == [250, 250, 250]
    assert (await send(world, "127.0.1.21", "b@greylake.example"))[0] == 421
    with pytest.raises(smtplib.SMTPConnectError, match="too fast"):
        await send(world, "127.0.1.21", "c@greylake.example")
    await asyncio.sleep(0.8)
    assert (await send(world, "127.0.1.21", "d@greylake.example"))[0] == 250


async def test_a_paced_provider_reads_no_faster_than_its_pace(open_world: Any) -> None:
    world = await open_world(changed("Plainfield", pace=20.0))
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(send(world, "127.0.1.51", f"a{n}@plainfield.example") for n in range(11)))
    assert asyncio.get_running_loop().time() - began >= 0.5


async def test_of_a_large_send_a_sample_is_kept_and_all_is_logged(
    open_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posthouse.sandbox.desk.KEPT_OF_A_SEND", 3)
    world = await open_world()
    for n in range(8):
        assert (await send(world, "127.0.1.51", f"a{n}@plainfield.example", RAW))[0] == 250
    with Store(world.plan.path) as store:
        assert len(store.messages()) == 3
        assert store.counts() == {"Plainfield": 8}


async def test_a_full_disk_is_no_lie(open_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await open_world()

    async def full(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(world.ledger, "write", full)
    assert (await send(world, "127.0.1.51", "a@plainfield.example"))[1].startswith(b"4.3.1")


async def test_people_open_click_and_leave_at_our_own_door_only(open_world: Any) -> None:
    requests: list[bytes] = []

    async def hits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        if requests[-1].startswith(b"POST"):
            requests[-1] += await reader.readexactly(26)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hits, "127.0.0.1", 0)
    cast = changed("Plainfield", habits={"open": 1.0, "click": 1.0, "unsubscribe": 1.0})
    cast = replace(cast, delays=dict.fromkeys(cast.delays, (0.0, 0.01)))
    world = await open_world(cast, Doors(hits=server.sockets[0].getsockname(), mailroom=("127.0.0.1", 9)))
    await send(world, "127.0.1.51", "a@plainfield.example", RAW)
    for _ in range(100):
        await asyncio.sleep(0.02)
        if world.errands.pending == 0 and len(requests) >= 3:
            break
    server.close()
    lines = sorted({request.split(b"\r\n")[0] for request in requests})
    assert b"GET /i/pix.gif HTTP/1.1" in lines
    assert b"POST /u/abc HTTP/1.1" in lines
    assert any(line.startswith(b"GET /c/") for line in lines)
    post = next(r for r in requests if r.startswith(b"POST"))
    assert post.endswith(b"List-Unsubscribe=One-Click")
    assert not any(b"www.example.com" in request for request in requests)


def test_nothing_can_be_sent_off_this_computer() -> None:
    with pytest.raises(ValueError, match="nothing may leave"):
        Doors(hits=("192.0.2.1", 80), mailroom=("127.0.0.1", 25))
