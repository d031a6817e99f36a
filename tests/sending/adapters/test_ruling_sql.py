"""Rulings as relays read and write them, on real tables: in force by the database's clock, made longer, told to all."""

import asyncio
import time
from datetime import timedelta

import pytest

from accounts.models import Organization
from sending.actions import rulings
from sending.actions.rulings import Author, Scope
from sending.adapters import ruling_sql
from sending.adapters.ledger import Ledger
from sending.relay.rulings import BY_RELAY, HOLD, RELEASE, Ruling
from tests.sending.adapters.town import Town, build, relay

pytestmark = pytest.mark.django_db(transaction=True)
OSKAR = Author("Oskar")


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization, people=2)


def parked(organization: Organization, *, seconds: float = 3600.0, **what: object) -> Ruling:
    now = time.time()
    facts = {
        "provider": "Gmail",
        "organization_id": organization.pk,
        "why": "550 5.7.1 <anna@one.example> bad\0domain",
        "cause": "content",
    } | what
    return Ruling(0, HOLD, until=now + seconds, by=BY_RELAY, since=now, **facts)  # type: ignore[arg-type]


async def wait_for(ledger: Ledger, ids: set[int], *, within: float = 5.0) -> float:
    """Seconds until a relay that listens knows exactly these."""
    began = time.monotonic()
    while {ruling.id for ruling in await ledger.rulings()} != ids:
        assert time.monotonic() - began < within
        await ledger.wait_for_rulings()
    return time.monotonic() - began


def test_an_end_is_told_by_the_clock_that_relays_go_by(
    organization: Organization, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 7200.0)  # as wrong as a machine's clock may be

    async def look() -> None:
        ledger = await relay(town)
        try:
            await ledger.rule(Ruling(0, HOLD, provider="Gmail", until=real() + 600, by=BY_RELAY, since=real()))
            (ruling,) = await ledger.rulings()
            assert abs(ruling.until - ledger.clock.wall() - 600) < 5
            assert abs(ruling.until - real() - 600) < 5
        finally:
            await ledger.close()

    asyncio.run(look())


def test_what_people_rule_is_read_and_heard_of_at_once(organization: Organization, town: Town) -> None:
    async def look() -> None:
        ledger = await relay(town)
        try:
            assert await ledger.rulings() == []
            listening = asyncio.ensure_future(ledger.wait_for_rulings())
            await asyncio.sleep(0.2)
            number = await asyncio.to_thread(
                lambda: (
                    rulings.limit(
                        scope=Scope(provider="Gmail", organization=organization, source_id=4),
                        reason="a reason",
                        lasting=timedelta(hours=2),
                        author=OSKAR,
                        connections=3,
                        per_minute=7.5,
                    ).pk
                )
            )
            began = time.monotonic()
            await listening
            assert time.monotonic() - began < 0.5
            (found,) = await ledger.rulings()
            assert (found.id, found.kind, found.scope) == (number, "limit", (4, "Gmail", "", organization.pk, 0))
            assert (found.connections, found.per_minute, found.why, found.by) == (3, 7.5, "a reason", "person")
            assert abs(found.until - time.time() - 7200) < 2 and abs(found.since - time.time()) < 2
            await asyncio.to_thread(lambda: rulings.end(ruling_id=number, author=OSKAR))
            assert await ledger.rulings() == []
        finally:
            await ledger.close()

    asyncio.run(look())


def test_a_relay_rules_once_and_makes_it_longer(organization: Organization, town: Town) -> None:
    async def look() -> None:
        ledger = await relay(town)
        try:
            await ledger.rule(parked(organization))
            await ledger.rule(parked(organization, seconds=7200.0, why="again"))
            await ledger.rule(parked(organization, seconds=60.0))  # not shorter
            await ledger.rule(parked(organization, provider="Yahoo"))
            found = {ruling.provider: ruling for ruling in await ledger.rulings()}
            assert found.keys() == {"Gmail", "Yahoo"}
            assert abs(found["Gmail"].until - time.time() - 7200) < 5
            assert "anna" not in found["Yahoo"].why and "550 5.7.1" in found["Yahoo"].why
            assert (found["Gmail"].by, found["Gmail"].cause, "\0" in found["Gmail"].why) == ("relay", "content", False)
        finally:
            await ledger.close()

    asyncio.run(look())
    rows = town.rows("SELECT author_name, author_id, expires_at - created_at < interval '3 days' FROM sending_ruling")
    assert rows == [("test", None, True)] * 2


def test_a_campaign_brings_its_organization_and_no_relay_rules_for_long(organization: Organization, town: Town) -> None:
    async def look() -> None:
        ledger = await relay(town)
        try:
            await ledger.rule(parked(organization, organization_id=0, mailing_id=town.mailing, seconds=90 * 86400.0))
            (found,) = await ledger.rulings()
            assert (found.organization_id, found.mailing_id) == (organization.pk, town.mailing)
            assert abs(found.until - time.time() - ruling_sql.LONGEST_BY_RELAY.total_seconds()) < 5
            await ledger.rule(parked(organization, seconds=-5.0, provider="Yahoo"))  # over before it was written
            assert len(await ledger.rulings()) == 1
        finally:
            await ledger.close()

    asyncio.run(look())


def test_a_release_ends_relays_rulings_within_it_only(organization: Organization, town: Town) -> None:
    mine = rulings.hold(scope=Scope(provider="Gmail"), reason="x", lasting=timedelta(hours=1), author=OSKAR)

    async def park() -> None:
        ledger = await relay(town)
        try:
            for provider in ("Gmail", "Yahoo"):
                await ledger.rule(parked(organization, provider=provider))
        finally:
            await ledger.close()

    asyncio.run(park())
    release, ended = rulings.release(scope=Scope(provider="Gmail"), reason="cleared", author=OSKAR)
    assert ended == 1

    async def look() -> None:
        ledger = await relay(town)
        try:
            found = {(ruling.kind, ruling.by, ruling.provider) for ruling in await ledger.rulings()}
            assert found == {(HOLD, "person", "Gmail"), (HOLD, "relay", "Yahoo"), (RELEASE, "person", "Gmail")}
            assert await wait_for(ledger, {ruling.id for ruling in await ledger.rulings()}) < 1
        finally:
            await ledger.close()

    asyncio.run(look())
    assert release.pk > mine.pk


def test_old_ones_go(organization: Organization, town: Town) -> None:
    for _ in range(3):
        rulings.hold(scope=Scope(provider="Gmail"), reason="x", lasting=timedelta(hours=1), author=OSKAR)
    town.rows(
        "UPDATE sending_ruling SET created_at = now() - interval '100 days', expires_at = now() - interval '91 days' "
        "WHERE id = (SELECT min(id) FROM sending_ruling)"
    )
    town.rows(
        "UPDATE sending_ruling SET ended_at = now() - interval '89 days' WHERE id = (SELECT max(id) FROM sending_ruling)"
    )

    async def tidy() -> None:
        ledger = await relay(town)
        try:
            await ledger.reap()
        finally:
            await ledger.close()

    asyncio.run(tidy())
    assert town.rows("SELECT count(*) FROM sending_ruling") == [(2,)]
