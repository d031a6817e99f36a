"""Pages of sending services: none, two that are in different states, one of them out of order, the forms."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organization
from sending.actions.esp_accounts import RELAY
from sending.enums import DeliveryState, DomainState, EspKind
from sending.models import Delivery, EspAccount, SendingDomain, Stream
from tests.sending import ledger
from tests.sending.accounts import connect


def two_accounts(organization: Organization) -> dict[str, Any]:
    """Marketing mail goes by Postmark, which refuses us, and now by our relay; app mail by Mailgun, which works."""
    now = timezone.now()
    SendingDomain.objects.filter(organization=organization).update(state=DomainState.VERIFIED)
    postmark = connect(organization, failover=RELAY)
    mailgun = connect(organization, kind=EspKind.MAILGUN, goes=False)
    words = "HTTP 401: Request does not contain a valid Server token."
    EspAccount.objects.filter(pk=postmark.pk).update(
        called_at=now,
        ok_at=now - timedelta(hours=2),
        failing_since=now - timedelta(minutes=4),
        refused_at=now,
        words=words,
    )
    EspAccount.objects.filter(pk=mailgun.pk).update(called_at=now, ok_at=now, hook_called_at=now - timedelta(minutes=1))
    Stream.objects.filter(account=postmark).update(
        failed_over_at=now, failed_over_why=words, not_back_before=now + timedelta(minutes=5)
    )
    send = ledger.mailing(organization, name="Autumn kettles")
    for number in range(3):
        row = ledger.delivery(
            send, state=DeliveryState.HANDED_OVER, provider="", address=f"p{number}@elsewhere.example"
        )
        Delivery.objects.filter(pk=row.pk).update(account_id=postmark.pk)
    return {}


def in_trouble(organization: Organization) -> dict[str, Any]:
    two_accounts(organization)
    return {"account": EspAccount.objects.get(kind=EspKind.POSTMARK).public_id}


def works(organization: Organization) -> dict[str, Any]:
    two_accounts(organization)
    return {"account": EspAccount.objects.get(kind=EspKind.MAILGUN).public_id}


def of_mailgun(organization: Organization) -> dict[str, Any]:
    return {"kind": "mailgun"}
