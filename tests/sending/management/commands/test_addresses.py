"""`manage.py addresses`: what an operator types, and what is answered."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organization
from accounts.tenancy import cross_tenant
from sending import keys
from sending.actions import egress
from sending.adapters.sources import PROXY
from sending.enums import AddressState, NameFinding
from sending.models import EgressIP, Pool, Stream

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The DNS says that all is well."""

    async def look(addresses: list[EgressIP]) -> list[tuple[NameFinding, str]]:
        return [(NameFinding.CONFIRMED, address.name) for address in addresses]

    monkeypatch.setattr(egress, "_look", look)


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("addresses", *words, stdout=out)
    return out.getvalue()


def row(address: str = "192.0.2.1") -> EgressIP:
    with cross_tenant("a test looks"):
        return EgressIP.objects.get(address=address)


def test_nothing_yet() -> None:
    assert "wherever the system chooses" in run()


def test_an_address_from_its_first_day_to_its_last() -> None:
    assert "its name is confirmed" in run("add", "192.0.2.1", "mail1.example.com", "--pool", "shared")
    with cross_tenant("a test looks"):
        assert Pool.objects.values_list("name", "is_default", "organization").get() == ("shared", True, None)
    listing = run()
    for words in (
        "192.0.2.1  mail1.example.com  In use  no relay has it",
        "pool shared, weight 100",
        "0 delivered",
        "The mail of the pool shared waits",
    ):
        assert words in listing
    run("put", "192.0.2.1", "shared", "--weight", "7")
    assert "weight 7" in run("list")
    run("name", "192.0.2.1", "mail2.example.com")
    assert row().name == "mail2.example.com"
    run("pause", "192.0.2.1", "--why", "A blocklist names it")
    assert (row().state, row().why) == (AddressState.PAUSED, "A blocklist names it")
    run("resume", "192.0.2.1")
    run("take-out", "192.0.2.1", "shared")
    run("retire", "192.0.2.1", "--why", "Given back")
    (told,) = json.loads(run("list", "--json"))
    assert (told["address"], told["state"], told["pools"]) == ("192.0.2.1", "retired", [])


def test_an_organizations_own(organization: Organization) -> None:
    run("add", "192.0.2.1", "mail1.example.com")
    assert "for all mail of its owner" in run("make-pool", "kettle", "--organization", organization.public_id)
    run("put", "192.0.2.1", "kettle", "--organization", organization.public_id)
    assert f"pool kettle of {organization.name}" in run()
    run("assign", organization.public_id, "app", "kettle")
    with cross_tenant("a test looks"):
        assert Stream.objects.get(kind="app").pool == Pool.objects.get()
    run("assign", organization.public_id, "app")
    with cross_tenant("a test looks"):
        assert Stream.objects.get(kind="app").pool is None


def test_a_password_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("p@ss:word/1\n"))
    run("add", "192.0.2.1", "mail1.example.com", "--proxy", "socks5://sam@192.0.2.9:1080")
    assert row().proxy == "socks5://sam@192.0.2.9:1080"
    assert keys.decrypt(row().proxy_secret or b"", purpose=PROXY) == b"p@ss:word/1"
    assert "p@ss" not in run() + run("list", "--json")
    run("proxy", "192.0.2.1", "haproxy://192.0.2.9:2525")
    assert (row().proxy, row().proxy_secret) == ("haproxy://192.0.2.9:2525", None)
    run("proxy", "192.0.2.1")
    assert row().proxy == ""


@pytest.mark.parametrize(
    "words",
    [
        ("add", "nonsense", "mail1.example.com"),
        ("pause", "192.0.2.99", "--why", "x"),
        ("put", "192.0.2.1", "nowhere"),
        ("put", "192.0.2.1", "shared", "--organization", "nobody"),
        ("assign", "nobody", "app"),
        ("make-pool", "Not a name"),
    ],
)
def test_what_cannot_be_is_told(words: Any) -> None:
    run("add", "192.0.2.1", "mail1.example.com")
    with pytest.raises(CommandError):
        run(*words)
