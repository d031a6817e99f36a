"""Accounts with ESPs as pages show them: which are in the way of mail now, and their words."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from sending.actions.esp_accounts import RELAY
from sending.enums import DeliveryState, StreamKind
from sending.models import EspAccount, Stream
from sending.queries import esp_accounts
from tests.sending import ledger
from tests.sending.accounts import connect

pytestmark = pytest.mark.django_db


def test_only_what_mail_goes_by_now_is_in_its_way(organization: Organization) -> None:
    account = connect(organization, failover=RELAY)
    with tenant_scope(organization):
        assert esp_accounts.in_trouble(organization) == []
        EspAccount.objects.update(refused_at=timezone.now())
        assert esp_accounts.in_trouble(organization) == [account]
        assert esp_accounts.in_trouble(organization, kind=StreamKind.APP) == []
        Stream.objects.update(failed_over_at=timezone.now())
        assert esp_accounts.in_trouble(organization) == []


def test_words_of_health_and_of_reports(organization: Organization) -> None:
    now = timezone.now()
    assert esp_accounts.health(EspAccount()) == ("", "Not used yet")
    assert esp_accounts.health(EspAccount(ok_at=now)) == ("pass", "Works")
    assert esp_accounts.health(EspAccount(ok_at=now, failing_since=now)) == ("warn", "In trouble")
    assert esp_accounts.health(EspAccount(failing_since=now, refused_at=now)) == ("fail", "Refuses us")
    assert esp_accounts.reports(EspAccount()) == "never"
    assert esp_accounts.reports(EspAccount(hook_called_at=now)) == "come"
    assert (
        esp_accounts.reports(EspAccount(hook_called_at=now, hook_refused_at=now + timezone.timedelta(1))) == "refused"
    )


def test_who_waits_for_an_account_is_told_so(organization: Organization, as_owner: Client) -> None:
    account = connect(organization)
    with tenant_scope(organization):
        EspAccount.objects.update(refused_at=timezone.now())
        row = ledger.delivery(
            ledger.mailing(organization), contact=ledger.contact(organization), state=DeliveryState.QUEUED
        )
        gone = ledger.delivery(ledger.mailing(organization), state=DeliveryState.HANDED_OVER)
    there = {"org": organization.public_id}
    told = as_owner.get(reverse("campaigns:message", kwargs=there | {"message": row.pk})).content.decode()
    assert f"It goes by {account.name}, which refuses us" in told
    assert account.name in as_owner.get(reverse("campaigns:waiting", kwargs=there)).content.decode()
    told = as_owner.get(reverse("campaigns:message", kwargs=there | {"message": gone.pk})).content.decode()
    assert "Your ESP took it and carries it on" in told
