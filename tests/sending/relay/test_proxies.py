"""Real conversations through a real SOCKS5 server and a real receiver of PROXY, and what goes wrong on the way, told in words."""

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.relay import proxies
from sending.relay.addresses import Reach
from sending.relay.proxies import BadProxy, Kind, Proxy, header, read
from sending.relay.session import Cut, Session, connect
from sending.relay.sources import Source, can_use
from tests.sending.relay.gateways import Haproxy, Socks
from tests.sending.relay.scripted import EHLO, ENVELOPE, GREETING, TAKEN, Receiver
from tests.sending.relay.worlds import QUICK

SOURCE, THERE = "192.0.2.1", "198.51.100.7"
SECRET = "open sesame"


async def talk(proxy: Proxy, *, source: str = SOURCE, address: str = THERE, port: int = 25) -> Session:
    session = await connect(address, port, host="mx.example", timeouts=QUICK, source=source, proxy=proxy)
    await session.open(name="mail1.example.com", tls=None)
    return session


async def deliver(session: Session) -> None:
    session.wire.write(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
    await session.wire.replies(3, 5)
    session.wire.write(b"Subject: x\r\n\r\nHello\r\n.\r\n")
    (reply,) = await session.wire.replies(1, 5)
    assert reply.code == 250


@pytest.mark.parametrize("login", [None, ("sam", SECRET)])
@pytest.mark.parametrize("bound", [1, 3, 4])
async def test_a_message_goes_through_socks(login: tuple[str, str] | None, bound: int) -> None:
    user, password = login or ("", "")
    async with (
        Receiver([[GREETING, EHLO, ENVELOPE, TAKEN]]) as receiver,
        Socks(receiver.port, login=login, bound=bound) as gateway,
    ):
        session = await talk(Proxy(Kind.SOCKS5, "127.0.0.1", gateway.port, user, password))
        assert session.source == SOURCE  # as the server sees it, not as this computer does
        await deliver(session)
        await session.close()
        logins = gateway.logins
    assert gateway.asked == [("", THERE, 25)] and len(receiver.contents) == 1
    assert logins == ([login] if login else [])


@pytest.mark.parametrize(("source", "there"), [(SOURCE, THERE), ("2001:db8::1", "2001:db8:f::7")])
async def test_a_message_goes_through_haproxy_which_is_told_the_address(source: str, there: str) -> None:
    async with (
        Receiver([[GREETING, EHLO, ENVELOPE, TAKEN]]) as receiver,
        Haproxy(receiver.port) as gateway,
    ):
        session = await talk(Proxy(Kind.HAPROXY, "127.0.0.1", gateway.port), source=source, address=there, port=2525)
        await deliver(session)
        await session.close()
    assert gateway.asked == [(source, there, 2525)] and len(receiver.contents) == 1


@pytest.mark.parametrize(
    ("manner", "login", "words"),
    [
        ({"reply": 5}, None, "connection refused"),
        ({"reply": 4}, None, "host unreachable"),
        ({"reply": 2}, None, "not allowed by its rules"),
        ({"reply": 77}, None, "reply 77"),
        ({"login": ("sam", SECRET)}, None, "wants a login"),
        ({"login": ("sam", SECRET)}, ("sam", "wrong"), "does not accept the login"),
        ({"version": 4}, None, "does not speak SOCKS5"),
        ({"bound": 9}, None, "does not speak SOCKS5"),
    ],
)
async def test_what_a_proxy_refuses_is_told_without_the_password(
    manner: dict[str, object], login: tuple[str, str] | None, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    user, password = login or ("", "")
    async with Receiver([[GREETING]]) as receiver, Socks(receiver.port, **manner) as gateway:  # type: ignore[arg-type]
        proxy = Proxy(Kind.SOCKS5, "127.0.0.1", gateway.port, user, password)
        with pytest.raises(Cut, match=words) as cut:
            await talk(proxy)
    for said in (cut.value.why, caplog.text, str(proxy), repr(proxy), repr(Source(1, SOURCE, proxy=proxy))):
        assert "wrong" not in said and SECRET not in said
    assert "127.0.0.1" in cut.value.why  # whoever reads it knows which proxy


async def test_a_proxy_that_is_away_or_silent_costs_a_moment() -> None:
    async with Receiver([[GREETING]]) as receiver, Socks(receiver.port, silent=True) as gateway:
        silent = Proxy(Kind.SOCKS5, "127.0.0.1", gateway.port)
        with pytest.raises(Cut, match="no connection within"):
            await connect(
                THERE,
                25,
                host="mx.example",
                timeouts=type(QUICK)(connect=0.3),
                source=SOURCE,
                proxy=silent,
            )
        port = gateway.port
    with pytest.raises(Cut, match="cannot be reached"):
        await talk(Proxy(Kind.SOCKS5, "127.0.0.1", port))


async def test_a_proxy_that_hangs_up_is_told() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x05")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        with pytest.raises(Cut, match="hung up"):
            await talk(Proxy(Kind.SOCKS5, "127.0.0.1", server.sockets[0].getsockname()[1]))


@given(st.binary(max_size=40))
async def test_whatever_a_proxy_answers_it_is_words_in_the_end(octets: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        proxy = Proxy(Kind.SOCKS5, "127.0.0.1", server.sockets[0].getsockname()[1], "u", "p")
        try:
            line = await asyncio.wait_for(proxies.connect(proxy, source=SOURCE, address=THERE, port=25), 5)
        except proxies.Refused:
            return
        line.close()
        assert octets[0] == 5


@pytest.mark.parametrize(
    ("text", "shown", "password"),
    [
        ("socks5://192.0.2.9:1080", "socks5://192.0.2.9:1080", ""),
        ("socks5://192.0.2.9", "socks5://192.0.2.9:1080", ""),
        ("socks5://sam:a%40b@[2001:db8::9]:99", "socks5://sam@[2001:db8::9]:99", "a@b"),
        ("haproxy://192.0.2.9:2525", "haproxy://192.0.2.9:2525", ""),
    ],
)
def test_how_it_is_written(text: str, shown: str, password: str) -> None:
    proxy = read(text)
    assert (str(proxy), proxy.password) == (shown, password)
    assert read(shown, password=password) == proxy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.9:1080",
        "http://192.0.2.9:1080",
        "socks5://proxy.example:1080",
        "socks5://192.0.2.9:99999",
        "socks5://192.0.2.9:1080/path",
        "socks5://:password@192.0.2.9",
        f"socks5://{'u' * 256}:p@192.0.2.9",
        "haproxy://192.0.2.9",
        "haproxy://u@192.0.2.9:1",
        "socks5://[::1",
    ],
)
def test_how_it_is_not_written(text: str) -> None:
    with pytest.raises(BadProxy):
        read(text)


@given(st.text(max_size=60))
def test_any_text_is_a_proxy_or_told(text: str) -> None:
    for scheme in ("", "socks5://", "haproxy://"):
        try:
            read(scheme + text)
        except BadProxy:
            continue


def test_families_do_not_mix() -> None:
    with pytest.raises(ValueError, match="does not lead"):
        header(source=SOURCE, address="2001:db8::1", port=25)


def test_what_can_be_used_here() -> None:
    assert can_use(Source(1, "127.0.0.9"), Reach.LOOPBACK) and not can_use(Source(1, "192.0.2.1"), Reach.INTERNET)
    far, near = read("socks5://192.0.2.9:1"), read("socks5://127.0.0.1:1")
    assert can_use(Source(1, "192.0.2.1", proxy=far), Reach.INTERNET)
    assert not can_use(Source(1, "192.0.2.1", proxy=far), Reach.LOOPBACK)  # the sandbox stays on this computer
    assert can_use(Source(1, "192.0.2.1", proxy=near), Reach.LOOPBACK)
