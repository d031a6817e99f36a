"""Addresses and pools: what is refused, what is told, what is kept secret."""

from typing import Any

import pytest
from django.db import connection

from accounts.actions import organizations
from accounts.models import AuditEntry, Organization
from accounts.tenancy import cross_tenant, tenant_scope
from sending.actions import egress, evidence, pools
from sending.adapters import source_sql
from sending.adapters.source_sql import Pools
from sending.enums import AddressState, NameFinding, StreamKind
from sending.errors import AddressRefused
from sending.models import EgressIP, Pool, SourceCount
from sending.relay.reverse import Finding
from tests.sending import ledger

pytestmark = pytest.mark.django_db(transaction=True)


def add(address: str = "192.0.2.1", **facts: str) -> EgressIP:
    return egress.add(address=address, name=facts.pop("name", "mail1.posthouse.example"), **facts)  # type: ignore[arg-type]


def log(organization: Organization | None = None) -> list[AuditEntry]:
    owner = organization or organizations.house()
    with cross_tenant("a test reads the log"):
        return list(AuditEntry.objects.filter(organization=owner).order_by("pk"))


def rules() -> Pools:
    with cross_tenant("a test looks"), connection.cursor() as cursor:
        cursor.execute(source_sql.POOLS)
        return Pools(cursor.fetchall())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail.example.com",
        "192.0.2.256",
        "0.0.0.0",  # noqa: S104
        "::",
        "224.0.0.1",
        "fe80::1",
        "::ffff:192.0.2.1",
        "192.0.2.1/24",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressRefused):
        add(text)


def test_loopback_only_in_the_sandbox(settings: Any) -> None:
    settings.SANDBOX = False
    with pytest.raises(AddressRefused, match="leads nowhere"):
        add("127.0.0.2")
    settings.SANDBOX = True
    assert add("127.0.0.2").pk


@pytest.mark.parametrize(
    "name", ["", "localhost", "mail_1.example.com", "-.example.com", "192.0.2.1", "a b.example.com"]
)
def test_a_name_is_that_of_a_host(name: str) -> None:
    with pytest.raises(AddressRefused, match="mail1"):
        add(name=name)


def test_once_is_enough() -> None:
    assert add(" 2001:DB8::0:1 ").address == "2001:db8::1"
    with pytest.raises(AddressRefused, match="here already"):
        add("2001:db8::1")


@pytest.mark.parametrize(
    "proxy",
    ["http://192.0.2.9:1", "socks5://proxy.example:1080", "haproxy://u:p@192.0.2.9:1", "haproxy://192.0.2.9", "x"],
)
def test_a_proxy_is_read_strictly_and_nothing_is_kept(proxy: str) -> None:
    with pytest.raises(AddressRefused):
        add(proxy=proxy)
    with cross_tenant("a test looks"):
        assert not EgressIP.objects.exists()


def test_a_password_is_sealed_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    row = add(proxy="socks5://sam:open%20sesame@192.0.2.9:1080")
    egress.reach_through(address=row, proxy="socks5://sam:tomorrow@192.0.2.9:1080")
    with cross_tenant("a test looks"):
        kept = EgressIP.objects.get()
    assert kept.proxy == "socks5://sam@192.0.2.9:1080"
    everything = f"{bytes(kept.proxy_secret or b'')!r} {[entry.data for entry in log()]} {caplog.text}"
    assert "sesame" not in everything and "tomorrow" not in everything
    egress.reach_through(address=row, proxy="")
    with cross_tenant("a test looks"):
        assert EgressIP.objects.values_list("proxy", "proxy_secret").get() == ("", None)


def test_an_address_is_shared_or_one_organizations(organization: Organization) -> None:
    shared, own = pools.make(name="shared"), pools.make(name="own", organization=organization)
    row = add()
    pools.put(pool=shared, address=row)
    with pytest.raises(AddressRefused, match="another owner"):
        pools.put(pool=own, address=row)
    pools.take_out(pool=shared, address=row)
    pools.put(pool=own, address=row, weight=7)
    with pytest.raises(AddressRefused, match="another owner"):
        pools.put(pool=shared, address=row)
    with pytest.raises(AddressRefused, match="is not in the pool"):
        pools.take_out(pool=shared, address=row)
    for weight in (0, 1001):
        with pytest.raises(AddressRefused, match="1 to 1000"):
            pools.put(pool=own, address=row, weight=weight)


def test_whose_mail_goes_by_which_pool(organization: Organization) -> None:
    """The stream's, else the organization's, else the shared one; a pool without an address is passed over."""
    shared, own, news = (
        pools.make(name="shared"),
        pools.make(name="own", organization=organization),
        pools.make(name="news"),
    )
    assert not rules()
    pools.put(pool=shared, address=add("192.0.2.1"))
    pools.put(pool=news, address=add("192.0.2.2"))
    assert (rules().of(organization.pk, 0), rules().of(organization.pk, news.pk)) == (shared.pk, news.pk)
    dedicated = add("192.0.2.3")
    pools.put(pool=own, address=dedicated)
    assert (rules().of(organization.pk, 0), rules().of(organization.pk + 1, 0)) == (own.pk, shared.pk)
    egress.pause(address=dedicated, why="It waits.")
    assert rules().of(organization.pk, 0) == own.pk  # it comes back
    egress.retire(address=dedicated, why="It was given back.")
    assert rules().of(organization.pk, 0) == shared.pk
    pools.make_default(pool=news)
    assert rules().of(organization.pk, 0) == news.pk


def test_a_stream_goes_by_a_shared_pool_or_its_own(
    organization: Organization, other_organization: Organization
) -> None:
    own = pools.make(name="own", organization=organization)
    with pytest.raises(AddressRefused, match="another organization"):
        pools.assign(organization=other_organization, kind=StreamKind.APP, pool=own)
    pools.assign(organization=organization, kind=StreamKind.APP, pool=own, by="Oskar")
    with pytest.raises(AddressRefused, match="no stream name it"):
        pools.remove(pool=own)
    pools.assign(organization=organization, kind=StreamKind.APP, pool=None)
    pools.remove(pool=own)
    with cross_tenant("a test looks"):
        assert not Pool.objects.exists()
    verbs = [entry.verb for entry in log()]
    assert verbs.count("sending.pool_assigned") == 2 and verbs[-1] == "sending.pool_removed"
    assert "sending.pool_assigned" in [entry.verb for entry in log(organization)]


def test_names_of_pools() -> None:
    pools.make(name="shared")
    for name in ("shared", "", "Two words", "-x", "x" * 61):
        with pytest.raises(AddressRefused):
            pools.make(name=name)


def test_why_is_asked_and_kept(organization: Organization) -> None:
    row = add()
    pools.put(pool=pools.make(name="own", organization=organization), address=row)
    for verb in (egress.pause, egress.retire):
        with pytest.raises(AddressRefused, match="Say why"):
            verb(address=row, why=" \n")
    egress.pause(address=row, why="On a blocklist", by="Oskar")
    egress.pause(address=row, why="Still on it", by="Oskar")
    egress.resume(address=row, by="Oskar")
    with cross_tenant("a test looks"):
        assert EgressIP.objects.values_list("state", "why").get() == (AddressState.ACTIVE, "")
    assert [entry.verb for entry in log(organization)][-2:] == ["sending.address_paused", "sending.address_resumed"]
    assert log()[-2].data == {"why": "On a blocklist", "by": "Oskar"}


def test_no_answer_of_the_dns_changes_nothing_that_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [Finding.CONFIRMED]

    async def look(addresses: list[EgressIP]) -> list[tuple[NameFinding, str]]:
        return [(NameFinding(said[0]), "mail1.posthouse.example")] * len(addresses)

    monkeypatch.setattr(egress, "_look", look)
    add()
    assert egress.check_due() == 1 and egress.check_due() == 0
    with cross_tenant("a day later"), connection.cursor() as cursor:
        cursor.execute("UPDATE sending_egressip SET checked_at = now() - interval '25 hours'")
    said[0] = Finding.UNKNOWN
    assert egress.check_due() == 1
    with cross_tenant("a test looks"):
        row = EgressIP.objects.get()
    assert row.finding == NameFinding.CONFIRMED and egress.check_due() == 0
    egress.rename(address=row, name="other.posthouse.example")
    assert egress.check_due() == 1
    with cross_tenant("a test looks"):
        assert EgressIP.objects.get().finding == NameFinding.UNKNOWN


def test_a_complaint_counts_for_the_address(organization: Organization) -> None:
    """Also where the numbers of that address may not be read."""
    row = add()
    with tenant_scope(organization):
        delivery = ledger.delivery(ledger.mailing(organization), source_id=row.pk, provider="Gmail")
        for _ in range(2):
            evidence.complained(delivery_id=delivery.pk, kind="abuse", agent="")
        assert not SourceCount.objects.exists()
    with cross_tenant("a test looks"):
        assert SourceCount.objects.values_list("source_id", "provider", "complained", "delivered").get() == (
            row.pk,
            "Gmail",
            1,
            0,
        )
