"""Sending services: who may do what, connecting with a good and a bad key, ways of streams, tests, disconnecting."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Organization, User
from accounts.tenancy import tenant_scope
from posthouse.sandbox.esps import Esps
from sending.actions import esp_accounts
from sending.enums import DeliveryState, EspKind, StreamKind
from sending.esps import ESPS
from sending.models import Delivery, EspAccount, Stream
from tests.cast import logged_in
from tests.sending import ledger
from tests.sending.accounts import connect

pytestmark = pytest.mark.django_db

LOOK, ADMIN = ("owner", "marketer", "analyst"), ("owner",)
PAGES: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "services": ("get", LOOK, {}),
    "service_choose": ("get", ADMIN, {}),
    "service_new": ("get", ADMIN, {}),
    "service_route": ("post", ADMIN, {"marketing-first": "relay", "marketing-failover": "waits"}),
    "service": ("get", LOOK, {}),
    "service_change": ("get", ADMIN, {}),
    "service_test": ("post", ADMIN, {}),
    "service_disconnect": ("post", ADMIN, {}),
}


@pytest.fixture
def esps(settings) -> Iterator[Esps]:
    with Esps() as server:
        settings.ESP_SANDBOX = server.url
        yield server


@pytest.fixture
def account(organization: Organization) -> EspAccount:
    return connect(organization)


def url(organization: Organization, name: str, **kwargs: str) -> str:
    return reverse(f"sending:{name}", kwargs={"org": organization.public_id, **kwargs})


def address(organization: Organization, account: EspAccount, name: str) -> str:
    kwargs: dict[str, dict[str, str]] = {"service_new": {"kind": "postmark"}, "service_route": {"kind": "marketing"}}
    named = ("service", "service_change", "service_test", "service_disconnect")
    return url(organization, name, **kwargs.get(name, {"account": account.public_id} if name in named else {}))


@pytest.mark.parametrize("who", ["owner", "marketer", "analyst", "outsider"])
@pytest.mark.parametrize("name", PAGES)
def test_who_may(
    organization: Organization, account: EspAccount, esps: Esps, request: pytest.FixtureRequest, name: str, who: str
) -> None:
    method, may, data = PAGES[name]
    user: User = request.getfixturevalue(who)
    answer = getattr(logged_in(user), method)(address(organization, account, name), data)
    if who == "outsider":
        assert answer.status_code == 404
    else:
        assert answer.status_code == ((200 if method == "get" else 302) if who in may else 403), answer.status_code
    if name in ("services", "service"):
        shown = answer.content.decode()
        assert ("reports/" in shown) == (who == "owner" and name == "service")  # its password is for admins


def test_strangers_accounts_are_not_there(organization, other_organization, as_owner: Client, esps: Esps) -> None:
    theirs = connect(other_organization)
    for name in ("service", "service_change", "service_test", "service_disconnect"):
        method = PAGES[name][0]
        assert getattr(as_owner, method)(url(organization, name, account=theirs.public_id)).status_code == 404
    as_owner.post(
        url(organization, "service_route", kind="marketing"),
        {"marketing-first": theirs.public_id, "marketing-failover": "waits"},
    )
    with tenant_scope(organization):
        assert not Stream.objects.exclude(account=None).exists()
        with pytest.raises(esp_accounts.Refused):
            esp_accounts.choose(
                organization=organization,
                kind=StreamKind.APP,
                first=esp_accounts.Way(theirs),
                failover=None,
                actor=None,
            )


@pytest.mark.parametrize("kind", list(EspKind))
def test_a_good_key_is_stored_sealed_and_never_shown(organization, as_owner: Client, esps: Esps, kind: EspKind) -> None:
    page = url(organization, "service_new", kind=kind)
    assert as_owner.get(page).status_code == 200
    given = {
        "api_key": "good-key-1",
        "server_token": "good-key-1",
        "secret_key": "hidden-2",
        "webhook_signing_key": "signs-3",
    }
    answer = as_owner.post(page, given | {"name": "Ours", "region": ESPS[kind].regions[0].name})
    assert answer.status_code == 302, answer.context["form"].errors
    with tenant_scope(organization):
        (account,) = EspAccount.objects.all()
        assert b"good-key" not in bytes(account.secrets)
        assert "good-key-1" in esp_accounts.access_of(account).values()
        assert ("webhook_signing_key" in esp_accounts.report_secrets_of(account)) == (kind == EspKind.MAILGUN)
        told = [str(entry.data) for entry in AuditEntry.objects.all()]
    for name in ("service", "service_change"):
        shown = as_owner.get(url(organization, name, account=account.public_id)).content.decode()
        assert not any(secret in shown for secret in ("good-key-1", "hidden-2", "signs-3"))
    assert not any("good-key" in words for words in told)
    assert esps.taken == []


def test_a_bad_key_is_said_and_not_stored(organization, as_owner: Client, esps: Esps, settings) -> None:
    page = url(organization, "service_new", kind="postmark")

    def said(**data: str) -> str:
        answer = as_owner.post(page, {"name": "Ours", "server_token": "x"} | data)
        assert answer.status_code == 422
        assert "Nothing is stored" in answer.content.decode() or "space" in answer.content.decode()
        assert data.get("server_token", "-") not in answer.content.decode()
        return answer.content.decode()

    assert "refuses us (HTTP 401)" in said(server_token="refused-1")
    assert "asks us to wait" in said(server_token="busy-1")
    assert "trouble of its own" in said(server_token="broken-1")
    assert "a space" in said(server_token="two words")
    settings.ESP_SANDBOX = "http://127.0.0.1:9/"
    assert "could not be reached" in said(server_token="good-1")
    assert as_owner.get(url(organization, "service_new", kind="gopher")).status_code == 404
    with tenant_scope(organization):
        assert not EspAccount.objects.exists()


def test_the_way_of_a_stream(organization, account, as_owner: Client) -> None:
    page = url(organization, "service_route", kind="app")
    as_owner.post(page, {"app-first": account.public_id, "app-failover": "relay"})
    with tenant_scope(organization):
        stream = Stream.objects.get(kind=StreamKind.APP)
        assert (stream.account, stream.has_failover, stream.failover_account) == (account, True, None)
    assert "App mail" in as_owner.get(url(organization, "services")).content.decode()
    for first, failover in ((account.public_id, account.public_id), ("relay", "relay"), ("nobody", "waits")):
        as_owner.post(page, {"app-first": first, "app-failover": failover})
        with tenant_scope(organization):
            assert Stream.objects.get(kind=StreamKind.APP).account == account
    as_owner.post(page, {"app-first": "relay", "app-failover": account.public_id})
    with tenant_scope(organization):
        stream = Stream.objects.get(kind=StreamKind.APP)
        assert (stream.account, stream.has_failover, stream.failover_account) == (None, True, account)
    as_owner.post(page, {"app-first": "relay", "app-failover": "waits"})
    with tenant_scope(organization):
        stream = Stream.objects.get(kind=StreamKind.APP)
        assert (stream.account, stream.has_failover) == (None, False)
    assert as_owner.post(url(organization, "service_route", kind="test"), {}).status_code == 404


def test_no_two_accounts_are_called_the_same(organization, account, as_owner: Client, esps: Esps) -> None:
    new = url(organization, "service_new", kind="postmark")
    answer = as_owner.post(new, {"name": account.name.upper(), "server_token": "good"})
    assert "tells them apart" in answer.content.decode()
    assert as_owner.post(new, {"name": "Another", "server_token": "good"}).status_code == 302
    page = url(organization, "service_change", account=account.public_id)
    assert "tells them apart" in as_owner.post(page, {"name": "Another"}).content.decode()
    assert as_owner.post(page, {"name": account.name}).status_code == 302


def test_a_key_is_changed_and_relays_begin_anew(organization, account, as_owner: Client, esps: Esps) -> None:
    page = url(organization, "service_change", account=account.public_id)
    with tenant_scope(organization):
        EspAccount.objects.update(refused_at="2026-11-22T10:00Z", failing_since="2026-11-22T10:00Z", words="HTTP 401")
    answer = as_owner.post(page, {"name": "Ours", "server_token": "refused-2"})
    assert "Nothing has changed" in answer.content.decode()
    assert (
        as_owner.post(page, {"name": "Renamed", "server_token": "good-2", "message_stream": "news"}).status_code == 302
    )
    with tenant_scope(organization):
        found = EspAccount.objects.get()
        assert esp_accounts.access_of(found) == {"server_token": "good-2", "message_stream": "news"}
        assert (found.name, found.version, found.refused_at, found.words) == ("Renamed", 2, None, "")
    assert as_owner.post(page, {"name": "Only the name", "server_token": ""}).status_code == 302
    with tenant_scope(organization):
        assert esp_accounts.access_of(EspAccount.objects.get())["server_token"] == "good-2"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (200, "Postmark took it"),
        (401, "refuses us (HTTP 401)"),
        (429, "asks us to wait"),
        (500, "trouble of its own"),
        (400, "refused the message"),
        ("cut", "gave no answer"),
    ],
)
def test_a_test(organization, account, as_owner: Client, esps: Esps, what: Any, words: str) -> None:
    page = url(organization, "service_test", account=account.public_id)
    as_owner.post(page, {})
    assert esps.calls == []  # no domain to send from
    with tenant_scope(organization):
        domain = ledger.domain(organization)
    esps.decide = lambda call: what
    shown = as_owner.post(page, {"domain": str(domain.pk)}, follow=True).content.decode()
    assert words in shown
    assert len(esps.calls) <= 1
    with tenant_scope(organization):
        assert not Delivery.objects.exists()


def test_disconnecting_sends_what_waits_by_the_relay(organization, account, as_owner: Client) -> None:
    page = url(organization, "service_disconnect", account=account.public_id)
    with tenant_scope(organization):
        row = ledger.delivery(ledger.mailing(organization), state=DeliveryState.HANDED_OVER)
        Delivery.objects.filter(pk=row.pk).update(account_id=account.pk)
    as_owner.post(page, {"name": "something"})
    with tenant_scope(organization):
        assert EspAccount.objects.get().disconnected_at is None
    as_owner.post(page, {"name": account.name})
    with tenant_scope(organization):
        found = EspAccount.objects.get()
        assert found.disconnected_at is not None
        assert bytes(found.secrets) == b""
        assert Stream.objects.get(kind=StreamKind.MARKETING).account is None
    shown = as_owner.get(url(organization, "services")).content.decode()
    assert "Disconnected" in shown  # it still has a message
    assert as_owner.get(url(organization, "service", account=account.public_id)).status_code == 200
    assert as_owner.get(url(organization, "service_change", account=account.public_id)).status_code == 404
    as_owner.post(page, {"name": account.name})  # a second time: refused in words
    with tenant_scope(organization):
        Delivery.objects.filter(pk=row.pk).update(state=DeliveryState.DELIVERED)
    assert "Disconnected" not in as_owner.get(url(organization, "services")).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_as_often_for_one_as_for_three(
    organization, as_owner: Client, django_assert_num_queries, count: int
) -> None:
    for _ in range(count):
        connect(organization, goes=False)
    page = url(organization, "services")
    as_owner.get(page)
    with django_assert_num_queries(LIST_QUERIES):
        assert as_owner.get(page).status_code == 200


LIST_QUERIES = 15


def test_secrets_are_sealed_anew(organization, account, settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" + "x" * 40, [settings.SECRET_KEY]
    with tenant_scope(organization):
        assert esp_accounts.reseal(organization=organization) == 1
        assert esp_accounts.reseal(organization=organization) == 0
        settings.SECRET_KEY_FALLBACKS = []
        assert esp_accounts.access_of(EspAccount.objects.get()) == {"server_token": "good"}
