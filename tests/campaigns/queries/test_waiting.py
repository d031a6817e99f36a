"""Why mail waits, where only the warm-up of its addresses is in its way."""

from django.core.cache import cache

from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.queries import waiting
from reputation.actions import warming
from sending.enums import DeliveryState
from sending.models import EgressIP, Pool, PoolAddress
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
