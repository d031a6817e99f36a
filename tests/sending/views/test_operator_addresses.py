"""The operator's pages of addresses and pools: nobody else is told that they are there."""

import pytest
from django.test import Client

from accounts.models import Organization
from sending.actions import egress, pools, rulings
from sending.actions.rulings import Author, Scope
from sending.enums import StreamKind
from sending.models import EgressIP
from tests.cast import person
from tests.sending.queries.test_egress import HOUR, count

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def as_operator(db: None) -> Client:
    oskar = person("Oskar")
    oskar.is_staff = True
    oskar.save()
    client = Client()
    client.force_login(oskar)
    return client


@pytest.fixture
def address() -> EgressIP:
    address = egress.add(address="192.0.2.1", name="mail1.posthouse.example", proxy="socks5://sam:hush@192.0.2.9:1080")
    pools.put(pool=pools.make(name="shared"), address=address)
    return address


@pytest.mark.parametrize("path", ["/operator/addresses/", "/operator/addresses/192.0.2.1/"])
def test_for_operators_only(
    path: str, address: EgressIP, as_owner: Client, as_operator: Client, client: Client
) -> None:
    assert as_operator.get(path).status_code == 200
    assert as_owner.get(path).status_code == 404
    assert client.get(path).status_code == 302


def test_nothing_there_teaches_how_to_begin(as_operator: Client) -> None:
    page = as_operator.get("/operator/addresses/").content.decode()
    assert "manage.py addresses add" in page
    for path in ("192.0.2.1", "nonsense"):
        assert as_operator.get(f"/operator/addresses/{path}/").status_code == 404


def test_everything_but_the_password(as_operator: Client, address: EgressIP, organization: Organization) -> None:
    pool = pools.make(name="kettle", organization=organization)
    pools.assign(organization=organization, kind=StreamKind.APP, pool=pool)
    count(address, delivered=99)
    page = as_operator.get("/operator/addresses/").content.decode()
    for words in ("socks5://sam@192.0.2.9:1080", "No relay", ">99<", "kettle", f"App mail of {organization.name}"):
        assert words in page
    assert "hush" not in page


def test_its_rulings_are_told_in_full(as_operator: Client, address: EgressIP) -> None:
    rulings.hold(scope=Scope(source_id=address.pk), reason="on a blocklist", lasting=HOUR, author=Author("Oskar"))
    page = as_operator.get("/operator/addresses/192.0.2.1/?days=7").content.decode()
    assert "on a blocklist" in page and "Oskar" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_however_long(rows: int, as_operator: Client, django_assert_num_queries) -> None:
    pool = pools.make(name="shared")
    for n in range(rows):
        pools.put(pool=pool, address=egress.add(address=f"192.0.2.{n + 1}", name=f"m{n}.posthouse.example"))
    as_operator.get("/operator/addresses/")
    with django_assert_num_queries(10):
        page = as_operator.get("/operator/addresses/").content.decode()
    assert page.count("row-link") == rows
