"""Locks on addresses, pools of lanes, and where results say they were tried from, on a real PostgreSQL."""

import asyncio
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async

from accounts.models import Organization
from accounts.tenancy import cross_tenant
from sending import keys
from sending.actions import egress, pools
from sending.adapters.ledger import Ledger
from sending.adapters.sources import PROXY, Locks
from sending.enums import StreamKind
from sending.models import EgressIP
from sending.relay.ports import Parcel, Settlement, Unreachable
from tests.sending.adapters.town import Town, build, claim_all, relay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization)


@pytest.fixture
def addresses() -> list[int]:
    shared = pools.make(name="shared")
    rows = [egress.add(address=f"192.0.2.{n}", name=f"mail{n}.posthouse.example") for n in (1, 2)]
    for row in rows:
        pools.put(pool=shared, address=row, weight=10 * row.pk)
    return [row.pk for row in rows]


async def both(town: Town) -> tuple[Ledger, Ledger, Locks, Locks]:
    one, two = await relay(town), await relay(town)
    return one, two, Locks(town.dsn, relay_id=lambda: one.relay_id), Locks(town.dsn, relay_id=lambda: two.relay_id)


def cut_lines_with_locks(town: Town) -> None:
    with psycopg.connect(town.dsn, autocommit=True) as connection:
        connection.execute("SET ROLE NONE")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )


async def close(*things: Any) -> None:
    for thing in things:
        await thing.close()


async def test_an_address_is_one_relays(town: Town, addresses: list[int]) -> None:
    one, two, mine, theirs = await both(town)
    seen = await mine.look()
    assert [(source.address, source.name, source.proxy) for source in seen.sources] == [
        ("192.0.2.1", "mail1.posthouse.example", None),
        ("192.0.2.2", "mail2.posthouse.example", None),
    ]
    (pool,) = seen.sources[0].pools
    assert [source.weight(pool) for source in seen.sources] == [10 * number for number in addresses]
    await theirs.look()
    assert await mine.take(addresses[0]) and not await theirs.take(addresses[0])
    assert (await theirs.look()).fellows[one.relay_id].has == {addresses[0]}
    await mine.give_up(addresses[0])
    assert (await theirs.look()).fellows[one.relay_id].has == set()
    assert await theirs.take(addresses[0])
    await close(one, two, mine, theirs)


async def test_a_lost_line_is_told_before_anything_else_and_frees_the_locks(town: Town, addresses: list[int]) -> None:
    one, two, mine, theirs = await both(town)
    await mine.look()
    assert await mine.take(addresses[0])
    await asyncio.to_thread(cut_lines_with_locks, town)
    with pytest.raises(Unreachable):
        await mine.look()
    with pytest.raises(Unreachable, match="was lost"):  # a new line is there, but the locks were on the old one
        await mine.look()
    assert len((await mine.look()).sources) == 2
    assert (await theirs.look()).fellows[one.relay_id].has == set()  # though its row still names it
    assert await theirs.take(addresses[0]) and not await mine.take(addresses[0])
    await close(one, two, mine, theirs)


async def test_what_is_not_in_use_is_nobodys(town: Town, addresses: list[int]) -> None:
    one, two, mine, theirs = await both(town)
    row = await row_of(addresses[0])
    await sync_to_async(egress.pause)(address=row, why="It rests.")
    assert [source.id for source in (await mine.look()).sources] == addresses[1:]
    await close(one, two, mine, theirs)


async def row_of(pk: int) -> EgressIP:
    def read() -> EgressIP:
        with cross_tenant("a test looks"):
            return EgressIP.objects.get(pk=pk)

    return await sync_to_async(read)()


async def test_a_proxy_has_its_password_and_one_that_cannot_be_read_is_left_out(
    town: Town, addresses: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    def write() -> None:
        sealed = keys.encrypt(b"open sesame", purpose=PROXY)
        statement = (
            "UPDATE sending_egressip SET proxy = 'socks5://sam@192.0.2.9:1080', proxy_secret = %(s)s WHERE id = %(n)s"
        )
        town.rows(statement, s=sealed, n=addresses[0])
        town.rows(statement, s=sealed[:-1], n=addresses[1])

    await asyncio.to_thread(write)
    one, two, mine, theirs = await both(town)
    for _ in range(3):
        (source,) = (await mine.look()).sources
    assert source.proxy is not None and source.proxy.password == "open sesame"
    assert caplog.text.count("The proxy of 192.0.2.2 cannot be used") == 1
    assert "sesame" not in caplog.text
    await close(one, two, mine, theirs)


async def test_what_waits_follows_its_organization_to_another_pool(
    town: Town, addresses: list[int], organization: Organization
) -> None:
    ledger = await relay(town)
    shared = {lane.pool_id for lane in await ledger.waiting()}
    assert len(shared) == 1 and 0 not in shared

    def move() -> int:
        own = pools.make(name="own", organization=organization)
        pools.put(pool=own, address=egress.add(address="192.0.2.3", name="own.posthouse.example"))
        return own.pk

    own = await asyncio.to_thread(move)
    assert {lane.pool_id for lane in await ledger.waiting()} == {own}

    def assign() -> int:
        news = pools.make(name="news")
        pools.put(pool=news, address=egress.add(address="192.0.2.4", name="news.posthouse.example"))
        pools.assign(organization=organization, kind=StreamKind.MARKETING, pool=news)
        return news.pk

    news = await asyncio.to_thread(assign)
    assert {lane.pool_id for lane in await ledger.waiting()} == {news}
    await ledger.close()


async def test_without_addresses_there_are_no_pools(town: Town) -> None:
    await asyncio.to_thread(pools.make, name="shared")
    ledger = await relay(town)
    assert {lane.pool_id for lane in await ledger.waiting()} == {0}
    await ledger.close()


def settled(parcel: Parcel, state: str, reason: str = "", *, source: int, provider: str = "Gmail") -> Settlement:
    return Settlement(parcel.id, state, reason, "450 4.2.0", due=0.0, provider=provider, source_id=source)


async def test_a_claim_leaves_what_goes_on_elsewhere(town: Town) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    await ledger.flush(
        [settled(parcel, "deferred", "greylisted", source=1 + n % 2) for n, parcel in enumerate(parcels)], [], 1
    )
    lanes = await ledger.waiting()
    first = await ledger.claim([(lane, 100) for lane in lanes], {lane.id: {2, 9} for lane in lanes})
    assert first and {parcel.source_id for parcel in first} == {1}
    assert await ledger.claim([(lane, 100) for lane in lanes], {lane.id: {2} for lane in lanes}) == []
    rest = await ledger.claim([(lane, 100) for lane in lanes])
    assert {parcel.source_id for parcel in rest} == {2} and len(first) + len(rest) == len(parcels)
    await ledger.close()


async def test_what_no_server_has_answered_is_tied_to_no_address(town: Town) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    reasons = ["network", "dns", "tls", "greylisted", "ip_reputation", "mailbox_full"]
    await ledger.flush(
        [settled(parcel, "deferred", reason, source=5) for parcel, reason in zip(parcels, reasons, strict=True)], [], 1
    )
    tied = dict(await asyncio.to_thread(town.rows, "SELECT reason, source_id FROM sending_delivery"))
    assert tied == {"network": None, "dns": None, "tls": None, "greylisted": 5, "ip_reputation": 5, "mailbox_full": 5}
    await ledger.close()


async def test_every_answer_is_counted_once(town: Town) -> None:
    ledger = await relay(town)
    parcels = await claim_all(ledger)
    results = [
        settled(parcels[0], "delivered", source=5),
        settled(parcels[1], "deferred", "ip_reputation", source=5),
        settled(parcels[2], "bounced", "content", source=5),
        settled(parcels[3], "bounced", "invalid_recipient", source=5, provider="Yahoo"),
        settled(parcels[4], "expired", "greylisted", source=5),
        settled(parcels[5], "released", source=5),
    ]
    for _ in range(2):  # the second time nothing is this relay's any more
        await ledger.flush(results, [], 1)
    found = await asyncio.to_thread(
        town.rows,
        "SELECT provider, sum(delivered), sum(deferred), sum(bounced), sum(blocked) FROM sending_sourcecount GROUP BY 1 ORDER BY 1",
    )
    assert found == [("Gmail", 1, 1, 0, 2), ("Yahoo", 0, 0, 1, 0)]
    await ledger.close()
