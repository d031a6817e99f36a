"""The order of rules in real STARTTLS conversations: DANE, MTA-STS, the provider's rule, the organization's wish, nothing.

Whatever somebody on the way strips, breaks or holds back: where a rule asks for TLS, nothing leaves in clear text.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from sending.judging.trouble import Effect, Outcome
from sending.relay.addresses import Reach
from sending.relay.chunking import Chunking
from sending.relay.dns import Tlsa
from sending.relay.doors import Doors, House, NoDoor
from sending.relay.policies import NotFetched, Policies
from sending.relay.ports import Letter
from sending.relay.routes import NoHostAllowed, Route, Routes
from sending.relay.session import Session, unauthenticated_tls
from sending.relay.tls_counts import PolicyType, Result, TlsCounts
from sending.relay.transactions import carry
from tests.sending.relay.certificates import Identity, MailServer, issue, trusting
from tests.sending.relay.test_policies import Shelf
from tests.sending.relay.worlds import QUICK, Clock, Names

ROOT = issue("An authority", authority=True)
OTHER_ROOT = issue("Another authority", authority=True)
BETWEEN = issue("Between", by=ROOT, authority=True)
GOOD = issue("mx.example", by=ROOT)
LOW = issue("mx.example", by=BETWEEN)
OLD = issue("mx.example", by=ROOT, expired=True)
ELSEWHERE = issue("other.example", by=ROOT)
SELF = issue("mx.example")
OWN = issue("own.example", expired=True)  # another name, out of date, signed by itself: DANE-EE does not mind

ENFORCE = b"version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 86400\n"
BAD = ["strips", "refuses", "breaks"]


@dataclass
class World:
    """One domain, one mail exchanger, whatever DNS and policy the test gives it."""

    server: MailServer
    names: Names = field(default_factory=Names)
    clock: Clock = field(default_factory=Clock)
    policy: bytes | NotFetched | None = None

    def __post_init__(self) -> None:
        self.names.mxs["example"] = [(10, "mx.example")]
        self.names.hosts["mx.example"] = ["127.0.0.1"]
        self.counts = TlsCounts(self.clock)
        self.shelf = Shelf()
        policies = Policies(self.names, self.clock, fetch=self._fetch, shelf=self.shelf, counts=self.counts)
        self.routes = Routes(self.names, self.clock, reach=Reach.LOOPBACK, policies=policies, port=self.server.port)
        house = House(
            name="relay.example",
            port=self.server.port,
            reach=Reach.LOOPBACK,
            tls=unauthenticated_tls(),
            timeouts=QUICK,
            verifying=trusting(ROOT),
        )
        self.doors = Doors(self.routes, house, self.clock, counts=self.counts)

    async def _fetch(self, domain: str) -> bytes:
        if isinstance(self.policy, bytes):
            return self.policy
        raise self.policy or NotFetched(Result.STS_FETCH, "there is none")

    def dane(self, *records: Tlsa) -> None:
        self.names.secure |= {"example", "mx.example", self.tlsa}
        self.names.tlsas[self.tlsa] = list(records)

    @property
    def tlsa(self) -> str:
        return f"_{self.server.port}._tcp.mx.example"

    def sts(self, policy: bytes | NotFetched, *, name: str = "1") -> None:
        self.names.txts["_mta-sts.example"] = [f"v=STSv1; id={name};".encode()]
        self.policy = policy

    async def open(self, *, domain: str = "example", **wishes: bool) -> Session:
        return await self.doors.open(await self.routes.of(domain), provider="Other", domain=domain, **wishes)

    async def send(self, **wishes: bool) -> str:
        """Send one message; how it was protected."""
        session = await self.open(**wishes)
        letter = Letter("b@example.com", b"Subject: x\r\n\r\ny\r\n")
        verdict = await carry(session, letter, "a@example", provider="Other", ask=_granted, chunking=Chunking(Clock()))
        assert verdict.judgement.outcome is Outcome.DELIVERED
        await session.close()
        return verdict.tls

    async def refused(self, **wishes: bool) -> str:
        """It may not be sent; the words why. Nothing was."""
        before = len(self.server.taken)
        with pytest.raises(NoDoor) as closed:
            await self.open(**wishes)
        assert closed.value.verdict.judgement.outcome is Outcome.DEFERRED
        assert len(self.server.taken) == before
        return closed.value.verdict.text

    def told(self) -> set[tuple[PolicyType, Result]]:
        """What would be reported."""
        return {(session.policy, session.result) for session in self.counts.take()}


async def _granted() -> None:
    return None


def run(work: Coroutine[Any, Any, None], *, loop: str = "uvloop") -> None:
    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(asyncio.wait_for(work, 30))


# --- 1. DANE ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize(
    ("identity", "record"),
    [
        (OWN, OWN.tlsa(3, 1, 1)),
        (OWN, OWN.tlsa(3, 0, 1)),
        (OWN, OWN.tlsa(3, 1, 2)),
        (OWN, OWN.tlsa(3, 0, 0)),
        (GOOD, ROOT.tlsa(2, 1, 1)),
        (GOOD, ROOT.tlsa(2, 0, 1)),
        (LOW, BETWEEN.tlsa(2, 1, 1)),
        (LOW, BETWEEN.tlsa(2, 0, 2)),
        (LOW, ROOT.tlsa(2, 0, 1)),
    ],
    ids=lambda value: str(value)[:5] if isinstance(value, Tlsa) else "",
)
def test_a_certificate_that_a_tlsa_record_names_is_enough(identity: Identity, record: Tlsa, loop: str) -> None:
    async def work() -> None:
        async with MailServer(identity.server()) as server:
            world = World(server)
            world.dane(record)
            assert (await world.send()).endswith(" dane")
            assert (await world.send()).endswith(" dane")
            assert server.taken == [True, True]
            assert server.handshakes == (3 if record.usage == 2 else 2)  # the anchor is known the second time
            assert world.told() == {(PolicyType.DANE, Result.SUCCESS)}

    run(work(), loop=loop)


@pytest.mark.parametrize(
    ("identity", "record", "result"),
    [
        (SELF, OWN.tlsa(3, 1, 1), Result.NOT_TRUSTED),  # another key than the record's
        (GOOD, OTHER_ROOT.tlsa(2, 1, 1), Result.NOT_TRUSTED),
        (OLD, ROOT.tlsa(2, 1, 1), Result.EXPIRED),
        (ELSEWHERE, ROOT.tlsa(2, 1, 1), Result.HOST_MISMATCH),
        (GOOD, GOOD.tlsa(2, 1, 1), Result.NOT_TRUSTED),  # the server's own certificate is nobody's anchor
    ],
)
def test_another_certificate_is_not_spoken_to(identity: Identity, record: Tlsa, result: Result) -> None:
    async def work() -> None:
        async with MailServer(identity.server()) as server:
            world = World(server)
            world.dane(record)
            for _ in range(2):
                assert "under DANE" in await world.refused()
            assert world.told() == {(PolicyType.DANE, result)}

    run(work())


def test_who_signed_below_an_anchor_without_its_key_is_not_believed() -> None:
    """A chain that only shows the anchor's certificate beside a certificate that it did not sign."""
    forged = issue("mx.example", by=OTHER_ROOT)
    chain = Identity(forged.certificate, forged.key, (ROOT.certificate,))

    async def work() -> None:
        async with MailServer(chain.server()) as server:
            world = World(server)
            world.dane(ROOT.tlsa(2, 1, 1))
            assert "under DANE" in await world.refused()

    run(work())


def test_a_server_may_change_from_one_named_certificate_to_another() -> None:
    async def work() -> None:
        async with MailServer(GOOD.server()) as server:
            world = World(server)
            world.dane(ROOT.tlsa(2, 1, 1), OTHER_ROOT.tlsa(2, 1, 1), OWN.tlsa(3, 1, 1))
            for identity in (GOOD, OWN, GOOD, issue("mx.example", by=OTHER_ROOT), OWN):
                server.tls = identity.server()
                assert (await world.send()).endswith(" dane")
            assert world.told() == {(PolicyType.DANE, Result.SUCCESS)}
            server.tls = SELF.server()
            await world.refused()

    run(work())


@pytest.mark.parametrize("manner", BAD)
def test_where_dane_holds_nothing_leaves_in_clear_text(manner: str) -> None:
    async def work() -> None:
        async with MailServer(OWN.server(), manner) as server:
            world = World(server)
            world.dane(OWN.tlsa(3, 1, 1))
            await world.refused()
            await world.refused()
            assert server.taken == []
            server.manner = "works"
            assert (await world.send()).endswith(" dane")

    run(work())


@pytest.mark.parametrize(
    "record", [Tlsa(1, 1, 1, bytes(32)), Tlsa(3, 1, 1, b"short"), Tlsa(3, 1, 9, b"x"), Tlsa(0, 0, 0, b"x")]
)
def test_records_of_which_none_can_be_used_ask_for_tls_with_anybody(record: Tlsa) -> None:
    async def work() -> None:
        async with MailServer(SELF.server()) as server:
            world = World(server)
            world.dane(record)
            assert (await world.send()).endswith(" opportunistic")
            server.manner = "strips"
            assert "under DANE" in await world.refused()
            server.manner = "breaks"
            await world.refused()
            assert server.taken == [True]

    run(work())


def test_records_that_cannot_be_asked_for_stop_the_mail_however_well_it_went_before() -> None:
    async def work() -> None:
        async with MailServer(OWN.server()) as server:
            world = World(server)
            world.names.secure |= {"example", "mx.example"}
            assert (await world.send()).endswith(" opportunistic")  # the DNS says that there is none
            world.clock.turned = 600
            world.names.broken.add(world.tlsa)
            assert "does not say whether" in await world.refused()
            assert (PolicyType.DANE, Result.DNSSEC_INVALID) in world.told()
            world.names.broken.clear()
            assert (await world.send()).endswith(" opportunistic")

    run(work())


@pytest.mark.parametrize("missing", ["example", "mx.example", "tlsa"])
def test_dane_does_not_hold_where_the_dns_does_not_vouch(missing: str) -> None:
    async def work() -> None:
        async with MailServer(SELF.server()) as server:
            world = World(server)
            world.dane(OWN.tlsa(3, 1, 1))
            world.names.secure.discard(world.tlsa if missing == "tlsa" else missing)
            world.names.broken |= {world.tlsa} if missing != "tlsa" else set()
            assert (await world.send()).endswith(" opportunistic")

    run(work())


def test_a_host_without_proof_is_passed_over_for_the_next() -> None:
    async def work() -> None:
        async with MailServer(OWN.server()) as server:
            world = World(server)
            world.dane(OWN.tlsa(3, 1, 1))
            world.names.mxs["example"] = [(5, "first.example"), (10, "mx.example")]
            world.names.hosts["first.example"] = ["127.0.0.1"]
            world.names.secure.add("first.example")
            world.names.broken.add(f"_{server.port}._tcp.first.example")
            assert (await world.send()).endswith(" dane")

    run(work())


def test_dane_comes_before_mta_sts() -> None:
    async def work() -> None:
        async with MailServer(OWN.server()) as server:
            world = World(server)
            world.dane(OWN.tlsa(3, 1, 1))
            world.sts(ENFORCE.replace(b"mx.example", b"elsewhere.example"))
            assert (await world.send()).endswith(" dane")

    run(work())


def test_a_policy_adds_its_proof_to_records_that_cannot_be_used() -> None:
    async def work() -> None:
        async with MailServer(SELF.server()) as server:
            world = World(server)
            world.dane(Tlsa(1, 1, 1, bytes(32)))
            world.sts(ENFORCE)
            await world.refused()
            server.tls = GOOD.server()
            assert (await world.send()).endswith(" sts")

    run(work())


# --- 2. MTA-STS -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_an_enforced_policy_wants_a_certificate_for_the_host(loop: str) -> None:
    async def work() -> None:
        async with MailServer(GOOD.server()) as server:
            world = World(server)
            world.sts(ENFORCE)
            assert (await world.send()).endswith(" sts")
            assert world.told() == {(PolicyType.STS, Result.SUCCESS)}
            for identity, result in (
                (OLD, Result.EXPIRED),
                (ELSEWHERE, Result.HOST_MISMATCH),
                (SELF, Result.NOT_TRUSTED),
            ):
                server.tls = identity.server()
                assert "MTA-STS" in await world.refused()
                assert world.told() == {(PolicyType.STS, result)}
            for manner in BAD:
                server.manner = manner
                await world.refused()
            assert server.taken == [True]

    run(work(), loop=loop)


def test_a_policy_outlives_its_record_and_its_web_server() -> None:
    async def work() -> None:
        async with MailServer(GOOD.server()) as server:
            world = World(server)
            world.sts(ENFORCE)
            assert (await world.send()).endswith(" sts")
            server.tls, world.policy = SELF.server(), None
            for turned in (3_600, 40_000, 80_000):
                world.clock.turned = turned
                await world.refused()
            world.names.broken.add("_mta-sts.example")
            await world.refused()
            world.names.broken.clear()
            del world.names.txts["_mta-sts.example"]
            await world.refused()
            world.clock.turned = 87_000  # its time is over, and nobody announces another
            assert (await world.send()).endswith(" opportunistic")

    run(work())


def test_hosts_that_the_policy_does_not_name_are_left_out_and_domains_with_other_policies_have_other_routes() -> None:
    async def work() -> None:
        async with MailServer(GOOD.server()) as server:
            world = World(server)
            world.names.mxs["example"] = [(5, "trap.example"), (10, "mx.example")]
            world.names.mxs["free.example"] = [(5, "trap.example"), (10, "mx.example")]
            world.sts(ENFORCE)
            assert await world.routes.of("example") == Route(((10, "mx.example"),), enforced=True)
            assert await world.routes.of("free.example") != await world.routes.of("example")
            assert (await world.send()).endswith(" sts")
            world.sts(ENFORCE.replace(b"mx: mx.example", b"mx: new.example"), name="2")
            world.clock.turned = 7 * 3600
            with pytest.raises(NoHostAllowed, match="names none of its mail exchangers"):
                await world.open()
            assert (PolicyType.STS, Result.FAILED) in world.told()
            world.sts(ENFORCE, name="3")  # put right: asked again a minute later
            world.clock.turned += 61
            assert (await world.send()).endswith(" sts")

    run(work())


@pytest.mark.parametrize(("identity", "manner"), [(SELF, "works"), (OLD, "works"), (GOOD, "strips"), (GOOD, "breaks")])
def test_a_policy_that_is_tested_is_only_reported_on(identity: Identity, manner: str) -> None:
    async def work() -> None:
        async with MailServer(identity.server(), manner) as server:
            world = World(server)
            world.sts(ENFORCE.replace(b"enforce", b"testing"))
            assert (await world.send()).endswith(" opportunistic" if manner == "works" else "none")
            ((policy, result),) = world.told()
            assert policy is PolicyType.STS and result is not Result.SUCCESS

    run(work())


def test_a_tested_policy_that_holds_and_one_that_does_not_name_the_host() -> None:
    async def work() -> None:
        async with MailServer(GOOD.server()) as server:
            world = World(server)
            world.sts(ENFORCE.replace(b"enforce", b"testing"))
            assert (await world.send()).endswith(" sts")
            assert world.told() == {(PolicyType.STS, Result.SUCCESS)}
            world.sts(b"version: STSv1\nmode: testing\nmx: new.example\nmax_age: 86400\n", name="2")
            world.clock.turned = 7 * 3600
            assert (await world.send()).endswith(" opportunistic")
            assert world.told() == {(PolicyType.STS, Result.FAILED)}

    run(work())


def test_a_policy_that_cannot_be_fetched_the_first_time_leaves_the_domain_as_it_was() -> None:
    async def work() -> None:
        async with MailServer(SELF.server()) as server:
            world = World(server)
            world.sts(NotFetched(Result.STS_WEBPKI, "expired"))
            assert (await world.send()).endswith(" opportunistic")
            assert (PolicyType.STS, Result.STS_WEBPKI) in world.told()

    run(work())


async def test_a_report_about_broken_tls_goes_where_others_mail_may_not() -> None:
    async with MailServer(SELF.server()) as server:
        world = World(server)
        world.dane(OWN.tlsa(3, 1, 1))
        world.sts(ENFORCE.replace(b"mx.example", b"elsewhere.example"))
        await world.refused()
        excused = await world.routes.of("!example")
        assert excused == Route(((10, "mx.example"),))
        assert excused != await world.routes.of("example")  # so no connection is shared
        session = await world.doors.open(excused, provider="Other", domain="")
        assert session.proof == "opportunistic"
        await session.close()


# --- 3. The provider's rule and the organization's wish ----------------------------------------------------------------


@pytest.mark.parametrize("manner", BAD)
@pytest.mark.parametrize("who", ["tls_required", "tls_only"])
def test_where_we_want_tls_ourselves_anybody_will_do_but_nothing_leaves_in_clear_text(who: str, manner: str) -> None:
    async def work() -> None:
        async with MailServer(SELF.server(), manner) as server:
            world = World(server)
            with pytest.raises(NoDoor) as closed:
                await world.open(**{who: True})
            assert closed.value.verdict.judgement.effect is (Effect.HOLD if who == "tls_required" else Effect.NONE)
            assert closed.value.verdict.code == "451 4.7.5"
            assert (world.doors.only_in_clear(await world.routes.of("example")) is not None) == (who == "tls_only")
            assert await world.send() == "none"  # others' mail, under no rule
            server.manner = "works"
            assert (await world.send(**{who: True})).endswith(" opportunistic")
            assert server.taken == [False, True]

    run(work())


def test_an_organizations_wish_at_a_domain_that_tests_its_policy_holds_nobody_elses_mail() -> None:
    async def work() -> None:
        async with MailServer(SELF.server(), "strips") as server:
            world = World(server)
            world.sts(ENFORCE.replace(b"enforce", b"testing"))
            with pytest.raises(NoDoor, match="your organization's mail") as closed:
                await world.open(tls_only=True)
            assert closed.value.verdict.judgement.effect is Effect.NONE

    run(work())


# --- 4. Nothing asked for ------------------------------------------------------------------------------------------------


def test_what_opportunistic_sessions_came_to_is_counted() -> None:
    async def work() -> None:
        async with MailServer(SELF.server()) as server:
            world = World(server)
            assert (await world.send()).endswith(" opportunistic")
            assert world.told() == {(PolicyType.NONE, Result.SUCCESS)}
            server.manner = "strips"
            assert await world.send() == "none"
            assert world.told() == {(PolicyType.NONE, Result.NO_STARTTLS)}
            server.manner = "breaks"
            assert await world.send() == "none"
            assert (PolicyType.NONE, Result.FAILED) in world.told()

    run(work())
