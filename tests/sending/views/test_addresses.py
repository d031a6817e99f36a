"""An organization's own addresses: for its admins; nobody sees another's."""

import pytest
from django.test import Client

from accounts.models import Organization
from accounts.tenancy import cross_tenant
from sending.actions import egress, pools, rulings
from sending.actions.rulings import Author, Scope
from sending.models import EgressIP, Ruling
from tests.sending.queries.test_egress import HOUR, count

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address(organization: Organization) -> EgressIP:
    address = egress.add(
        address="192.0.2.1", name="mail1.kettle.example.com", proxy="socks5://sam:secret@192.0.2.9:1080"
    )
    pools.put(pool=pools.make(name="kettle", organization=organization), address=address)
    return address


@pytest.fixture
def shared() -> EgressIP:
    return egress.add(address="192.0.2.77", name="shared.posthouse.example")


@pytest.mark.parametrize(
    ("who", "status"), [("as_owner", 200), ("as_marketer", 403), ("as_analyst", 403), ("as_outsider", 404)]
)
@pytest.mark.parametrize("path", ["addresses/", "addresses/192.0.2.1/"])
def test_who_may(
    organization: Organization, address: EgressIP, who: str, status: int, path: str, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)
    assert client.get(f"/o/{organization.public_id}/{path}").status_code == status


def test_without_addresses_the_page_says_where_mail_leaves_from(
    as_owner: Client, organization: Organization, shared
) -> None:
    page = as_owner.get(f"/o/{organization.public_id}/addresses/").content.decode()
    assert "shared addresses" in page and "192.0.2.77" not in page
    for path in ("192.0.2.77", "192.0.2.78", "nonsense", "2001:db8::1"):
        assert as_owner.get(f"/o/{organization.public_id}/addresses/{path}/").status_code == 404


def test_it_tells_state_name_pools_and_numbers(as_owner: Client, organization: Organization, address: EgressIP) -> None:
    count(address, delivered=1234, blocked=17)
    page = as_owner.get(f"/o/{organization.public_id}/addresses/").content.decode()
    for words in ("192.0.2.1", "mail1.kettle.example.com", "No relay has it", "Not looked at yet", "1,234", ">17<"):
        assert words in page
    assert "192.0.2.9" not in page
    egress.pause(address=address, why="A blocklist names it.")
    assert "A blocklist names it." in as_owner.get(f"/o/{organization.public_id}/addresses/").content.decode()


def test_one_address_over_time(as_owner: Client, organization: Organization, address: EgressIP) -> None:
    count(address, delivered=42, hours_ago=2)
    count(address, delivered=4000, hours_ago=24 * 20, provider="Yahoo")
    rulings.limit(
        scope=Scope(source_id=address.pk, provider="Gmail"),
        reason="a secret of the house",
        told="Gmail wants it slower",
        lasting=HOUR,
        author=Author("Oskar"),
        per_minute=5,
    )
    path = f"/o/{organization.public_id}/addresses/192.0.2.1/"
    day = as_owner.get(path).content.decode()
    assert ">42<" in day and "Yahoo" not in day
    assert "Gmail wants it slower" in day and "a secret of the house" not in day
    assert "4,000" in as_owner.get(path + "?days=30").content.decode()
    assert as_owner.get(path + "?days=31").status_code == 404
    with cross_tenant("the operator ends it"):
        ruling = Ruling.objects.get()
    rulings.end(ruling_id=ruling.pk, author=Author("Oskar"))
    with cross_tenant("the test looks"):
        ruling.refresh_from_db()
    (told,) = as_owner.get(path).context["rulings"]
    assert told.until == ruling.ended_at < told.expires_at


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_however_long(
    rows: int, as_owner: Client, organization: Organization, django_assert_num_queries
) -> None:
    pool = pools.make(name="kettle", organization=organization)
    for n in range(rows):
        pools.put(pool=pool, address=egress.add(address=f"192.0.2.{n + 1}", name=f"m{n}.kettle.example.com"))
    as_owner.get(f"/o/{organization.public_id}/addresses/")
    with django_assert_num_queries(11):
        page = as_owner.get(f"/o/{organization.public_id}/addresses/").content.decode()
    assert page.count("row-link") == rows
