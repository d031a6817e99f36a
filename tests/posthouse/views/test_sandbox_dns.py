"""Publish in the sandbox DNS: the domain's own records, by those who may, and nothing of anybody else's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Organization
from accounts.tenancy import tenant_scope
from posthouse.sandbox.store import Store
from sending.models import SendingDomain
from tests.sending import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Iterator[Store]:
    settings.SANDBOX = True
    settings.SANDBOX_STORE = tmp_path / "world.sqlite3"
    with Store(settings.SANDBOX_STORE) as opened:
        yield opened


@pytest.fixture
def domain(organization: Organization) -> SendingDomain:
    with tenant_scope(organization):
        return ledger.domain(organization)


def url(organization: Organization) -> str:
    return reverse("sandbox:publish", args=[organization.public_id])


def test_all_records_are_published(
    organization: Organization, domain: SendingDomain, as_marketer: Client, store: Store
) -> None:
    answer = as_marketer.post(url(organization), {"domain": domain.public_id, "next": "/o/x/"})
    assert answer.url == "/o/x/"  # type: ignore[attr-defined]
    found = {record.name: record.value for record in store.records()}
    assert found["_dmarc.kettle.example"] == "v=DMARC1; p=none"
    assert found["ph1._domainkey.kettle.example"] == "v=DKIM1; k=rsa; p=MIIB"
    with tenant_scope(organization):
        assert AuditEntry.objects.filter(verb="sandbox.records_published").count() == 1


def test_one_record_alone(organization: Organization, domain: SendingDomain, as_marketer: Client, store: Store) -> None:
    as_marketer.post(url(organization), {"domain": domain.public_id, "record": "dmarc"})
    assert [record.name for record in store.records()] == ["_dmarc.kettle.example"]


def test_nobody_is_led_astray(organization: Organization, domain: SendingDomain, as_marketer: Client) -> None:
    answer = as_marketer.post(url(organization), {"domain": domain.public_id, "next": "https://evil.example/"})
    assert answer.url.startswith(f"/o/{organization.public_id}/")  # type: ignore[attr-defined]


def test_others_may_not(
    organization: Organization, domain: SendingDomain, as_analyst: Client, as_outsider: Client, as_marketer: Client,
    store: Store, settings: Any,
) -> None:  # fmt: skip
    assert as_analyst.post(url(organization), {"domain": domain.public_id}).status_code == 403
    assert as_outsider.post(url(organization), {"domain": domain.public_id}).status_code == 404
    assert as_marketer.post(url(organization), {"domain": "nothing"}).status_code == 404
    assert as_marketer.get(url(organization)).status_code == 405
    settings.SANDBOX = False
    assert as_marketer.post(url(organization), {"domain": domain.public_id}).status_code == 404
    assert store.records() == []
