"""The demo: seeded whole, lawful by every audit, and in motion."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership, Organization, User
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.queries import checklist
from contacts.enums import ImportState
from contacts.models import Contact, Import, PrivacyRequest
from posthouse.demo import audience, seeding, waiting
from posthouse.sandbox.store import Store
from reputation.actions import totals
from sending.enums import DeliveryState, DomainState
from sending.models import Delivery, Mailing, SendingDomain, StoredMessage
from sending.queries import egress, ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """The same demo with fewer people."""
    settings.SANDBOX = True
    settings.SANDBOX_STORE = tmp_path / "world.sqlite3"
    monkeypatch.setattr(audience, "PEOPLE", 600)
    monkeypatch.setattr(audience, "LEFT", 20)
    monkeypatch.setattr(seeding.history, "FIRST_AUDIENCE", 40)
    monkeypatch.setattr(seeding.history, "LAST_AUDIENCE", 120)
    monkeypatch.setattr(seeding.app_mail, "COUNT", 30)


def test_the_demo(small: None, settings: Any) -> None:
    assert not seeding.is_there()
    call_command("demo")
    assert seeding.is_there()
    call_command("demo", "--if-empty")
    with pytest.raises(CommandError, match="already"):
        call_command("demo")

    with cross_tenant("the test looks at what was seeded"):
        (organization,) = Organization.objects.filter(is_demo=True)
        assert list(ledger.audit()) == []
        assert totals.differences() == []
        assert User.objects.filter(is_demo=True).count() == 5
        assert set(Membership.objects.filter(organization=organization).values_list("role", flat=True)) == set(Role)

    with tenant_scope(organization):
        assert Contact.objects.count() == 620
        states = dict(Campaign.objects.values_list("state").annotate(Count("id")))
        assert states == {
            CampaignState.FINISHED: 25,
            CampaignState.CANCELLED: 1,
            CampaignState.DRAFT: 1,
            CampaignState.SENDING: 1,
        }
        moving = Campaign.objects.get(state=CampaignState.SENDING)
        assert Mailing.objects.get(pk=moving.mailing_id).audience_size == 600
        still = dict(Delivery.objects.filter(mailing=moving.mailing_id).values_list("state").annotate(Count("id")))
        assert set(still) == {DeliveryState.QUEUED, DeliveryState.SUPPRESSED}
        assert StoredMessage.objects.count() == 30
        assert [seen.address for seen in egress.addresses()] == ["127.0.0.3", "127.0.0.4"]  # their own; one is shared
        waits = Import.objects.get()
        assert (waits.state, waits.plan["invalid"]) == (ImportState.PLANNED, waiting.BAD)
        assert waits.plan["new"] and waits.plan["changed"] and waits.plan["typos"]
        request = PrivacyRequest.objects.get()
        assert request.closed_at is None
        assert timedelta(0) < request.due_at - timezone.now() < timedelta(days=3)
        assert dict(SendingDomain.objects.values_list("name", "state")) == {
            "copperkettle.example": DomainState.VERIFIED,
            "kettleandleaf.example": DomainState.PENDING,
        }
        draft = Campaign.objects.get(state=CampaignState.DRAFT)
        findings = {result.name: result.status for result in checklist.results(draft) if result.status != "pass"}
        assert findings["sending_domain"] == "fail"
        assert len(findings) >= 3, findings
    with Store(settings.SANDBOX_STORE) as store:
        assert store.records("_dmarc.copperkettle.example")
        assert not store.records("_dmarc.kettleandleaf.example")


def test_without_the_sandbox_there_is_no_demo(settings: Any) -> None:
    settings.SANDBOX = False
    with pytest.raises(CommandError, match="sandbox"):
        call_command("demo")
