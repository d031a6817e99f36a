"""Why mail waits, where only the warm-up of its addresses is in its way."""

from django.core.cache import cache
from django.utils import timezone

from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.queries import waiting
from reputation.actions import warming
from sending.enums import DeliveryState
from sending.models import EgressIP, Pool, PoolAddress, SourceCount
from tests.sending import ledger


def test_mail_that_waits_for_a_budget_says_so(organization):
    cache.clear()
    with cross_tenant("an address of a test"):
        pool = Pool.objects.create(name="own", organization=organization, is_default=True)
        address = EgressIP.objects.create(address="192.0.2.3", name="mta3.posthouse.example")
        PoolAddress.objects.create(pool=pool, address=address)
        warming.start(address_id=address.pk, actor=None)
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        for provider in ("Gmail", "Gmail", "Brandnew"):
            ledger.delivery(send, state=DeliveryState.QUEUED, provider=provider)
        causes = {cause.label: cause.words for cause in waiting.of(organization).causes}
    assert "are being warmed up: 50 a day for now, 50 still today" in causes["Gmail"]
    assert causes["Brandnew"] == "They wait for their turn."


def test_who_is_retried_waits_for_tomorrow_when_the_budget_is_used_up(organization):
    cache.clear()
    with cross_tenant("an address of a test"):
        pool = Pool.objects.create(name="own", organization=organization, is_default=True)
        address = EgressIP.objects.create(address="192.0.2.3", name="mta3.posthouse.example")
        PoolAddress.objects.create(pool=pool, address=address)
        warming.start(address_id=address.pk, actor=None)
        SourceCount.objects.create(
            source_id=address.pk, provider="Gmail", hour=timezone.now().replace(minute=0, second=0), delivered=50
        )
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        ledger.delivery(send, state=DeliveryState.DEFERRED, provider="Gmail", reason="greylisted")
        (cause,) = waiting.of(organization).causes
    assert "50 a day for now, 0 still today" in cause.words
    assert cause.until is None
