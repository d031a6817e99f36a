"""One HTTPS request against real TLS servers: what is taken, what is refused, and that it always ends."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from sending.relay import https
from sending.relay.addresses import Reach
from sending.relay.https import Failed, Limits
from sending.relay.policies import NotFetched, by_https
from sending.relay.tls_counts import Result
from tests.sending.relay.certificates import Identity, issue, trusting
from tests.sending.relay.worlds import Names

ROOT = issue("An authority", authority=True)
HOST = "mta-sts.example"
GOOD = issue(HOST, by=ROOT)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
POLICY = b"version: STSv1\nmode: none\nmax_age: 1\n"


@asynccontextmanager
async def web(
    answer: bytes, *, identity: Identity = GOOD, drip: float = 0.0, hang: bool = False
) -> AsyncIterator[Limits]:
    """A web server that gives this answer to everything; the limits that lead to it. `asked` is on the limits' names."""
    asked.clear()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            asked.append(head + await reader.readexactly(length))
            for octet in answer if drip else ():
                writer.write(bytes([octet]))
                await writer.drain()
                await asyncio.sleep(drip)
            if not drip:
                writer.write(answer)
                await writer.drain()
            if hang:
                await asyncio.sleep(30)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=identity.server())
    port = server.sockets[0].getsockname()[1]
    try:
        yield Limits(reach=Reach.LOOPBACK, port=port, seconds=5.0, tls=trusting(ROOT))
    finally:
        server.close()


asked: list[bytes] = []
NAMES = Names(hosts={HOST: ["127.0.0.1"]})


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: %d\r\n\r\n" % len(POLICY) + POLICY,
        HEAD + b"\r\n" + POLICY,
        HEAD
        + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n"
        + POLICY[:5]
        + b"\r\n%x\r\n" % len(POLICY[5:])
        + POLICY[5:]
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD + b"\r\n" + POLICY,
    ],
)
async def test_a_policy_is_fetched(answer: bytes) -> None:
    async with web(answer) as limits:
        assert await by_https(NAMES, limits)("example") == POLICY
        assert asked[0].startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example\r\n")


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (b"HTTP/1.1 301 Moved\r\nLocation: https://mta-sts.example/there\r\n\r\n", Result.STS_FETCH),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", Result.STS_FETCH),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + POLICY, Result.STS_INVALID),
        (HEAD + b"\r\n" + b"x" * 70_000, Result.STS_FETCH),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n", Result.STS_FETCH),
        (HEAD + b"Content-Length: -5\r\n\r\n", Result.STS_FETCH),
        (HEAD + b"Content-Length: 500\r\n\r\nshort", Result.STS_FETCH),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", Result.STS_FETCH),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", Result.STS_FETCH),
        (HEAD + b"X: " + b"y" * 40_000 + b"\r\n\r\n", Result.STS_FETCH),
        (b"SMTP ready\r\n\r\n", Result.STS_FETCH),
        (b"", Result.STS_FETCH),
    ],
)
async def test_what_is_no_policy_is_refused(answer: bytes, result: Result) -> None:
    async with web(answer) as limits:
        with pytest.raises(NotFetched) as failed:
            await by_https(NAMES, limits)("example")
        assert failed.value.result is result
        assert len(asked) == 1  # no redirect is followed


@pytest.mark.parametrize(
    "identity",
    [issue(HOST), issue(HOST, by=ROOT, expired=True), issue("other.example", by=ROOT)],
    ids=["self", "old", "name"],
)
async def test_a_certificate_that_is_not_good_for_the_name_is_refused(identity: Identity) -> None:
    async with web(HEAD + b"\r\n" + POLICY, identity=identity) as limits:
        with pytest.raises(NotFetched) as failed:
            await by_https(NAMES, limits)("example")
        assert failed.value.result is Result.STS_WEBPKI
        assert asked == []


async def test_a_server_that_drips_or_says_nothing_is_left_in_time() -> None:
    for manner in ({"drip": 0.2}, {"hang": True}):
        async with web(HEAD, **manner) as limits:  # type: ignore[arg-type]
            began = time.monotonic()
            with pytest.raises(Failed, match=r"within 0\.5 seconds"):
                await https.ask(HOST, "/", dns=NAMES, limits=replace(limits, seconds=0.5))
            assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "hosts", [["10.0.0.1"], ["127.0.0.1"], ["::ffff:127.0.0.1"], ["8.8.8.8", "192.168.0.1"], ["169.254.169.254"]]
)
async def test_nothing_is_asked_inside_of_our_own_house(hosts: list[str]) -> None:
    with pytest.raises(Failed, match="may not be connected to"):
        await https.ask(HOST, "/", dns=Names(hosts={HOST: hosts}), limits=Limits())


@pytest.mark.parametrize("host", ["", "a b", "a\r\nX: y", "a..b", "UPPER", "x" * 300, "a/b", "user@host"])
async def test_what_is_no_host_is_not_asked(host: str) -> None:
    with pytest.raises(Failed):
        await https.ask(host, "/", dns=Names(hosts={host: ["127.0.0.1"]}), limits=Limits(reach=Reach.LOOPBACK))


async def test_a_name_without_address_and_a_dns_without_answer() -> None:
    with pytest.raises(Failed, match="no host"):
        await https.ask(HOST, "/", dns=Names(), limits=Limits())
    with pytest.raises(Failed, match="no address"):
        await https.ask(HOST, "/", dns=Names(hosts={HOST: ["8.8.8.8"]}, broken={HOST}), limits=Limits())


async def test_a_report_is_handed_in() -> None:
    async with web(b"HTTP/1.1 204 No Content\r\n\r\n") as limits:
        answer = await https.ask(
            HOST, "/tls?x=1", dns=NAMES, limits=limits, body=b"\x1f\x8b..", content_type="application/tlsrpt+gzip"
        )
        assert answer.status == 204
        assert asked[0].startswith(b"POST /tls?x=1 HTTP/1.1\r\n")
        assert b"\r\nContent-Type: application/tlsrpt+gzip\r\n" in asked[0]
        assert asked[0].endswith(b"\r\n\r\n\x1f\x8b..")
