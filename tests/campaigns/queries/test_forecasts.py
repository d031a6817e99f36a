"""When a campaign will be done: told before it is launched, and while it is sent."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.tenancy import cross_tenant, tenant_scope
from campaigns import preflight
from campaigns.models import Campaign
from campaigns.preflight.facts import Load
from campaigns.queries import check_counts, forecasts
from reputation.actions import warming
from sending.enums import DeliveryState
from sending.models import DomainProvider, EgressIP, Pool, PoolAddress
from tests.sending import ledger


@pytest.fixture
def warm_up(organization):
    """An address on its first day, in the pool that carries the organization's mail."""
    with cross_tenant("an address of a test"):
        pool = Pool.objects.create(name="own", organization=organization, is_default=True)
        address = EgressIP.objects.create(address="192.0.2.3", name="mta3.posthouse.example")
        PoolAddress.objects.create(pool=pool, address=address)
        return warming.start(address_id=address.pk, actor=None)


def campaign_of(organization):
    return Campaign(organization=organization, undo_minutes=0)


def load(provider, people, connections=5):
    return Load(provider=provider, people=people, connections=connections)


def test_without_a_warm_up_it_is_a_matter_of_minutes(organization):
    with tenant_scope(organization):
        done = forecasts.of_draft(campaign_of(organization), [load("Gmail", 600)])
    assert done is not None and not done.is_warming
    assert done.zone == "Europe/Berlin"
    assert "to" in done.words or "tomorrow" in done.words


def test_a_warm_up_takes_days_and_says_so(organization, warm_up):
    with tenant_scope(organization):
        done = forecasts.of_draft(campaign_of(organization), [load("Gmail", 600), load("Yahoo", 10)])
        assert forecasts.of_draft(campaign_of(organization), None) is None
    assert done is not None
    assert (done.is_warming, done.provider, done.a_day, done.may_overflow) == (True, "Gmail", 50, True)
    assert done.days >= 9  # twelve days at fifty
    assert "between" in done.words


def test_the_checklist_tells_it_and_asks_for_a_tick(organization, warm_up):
    with tenant_scope(organization):
        done = forecasts.of_draft(campaign_of(organization), [load("Gmail", 600)])
    facts = preflight.Facts(audience=600, loads=(load("Gmail", 600),), done=done)
    (result,) = [each for each in preflight.run(facts) if each.name == "duration"]
    assert result.status == "warn"
    assert "It will be done between" in result.evidence and "50 a day to Gmail" in result.evidence
    assert "shared addresses" in result.fix


def test_a_send_that_runs_tells_it_by_what_still_waits(organization, warm_up, django_assert_num_queries):
    cache.clear()
    with cross_tenant("what a relay has learned"):
        DomainProvider.objects.create(domain="kettle.example", provider="Yahoo", learned_at=timezone.now())
    with tenant_scope(organization):
        mailing = ledger.mailing(organization)
        for number in range(3):
            ledger.delivery(mailing, address=f"p{number}@gmail.com", state=DeliveryState.QUEUED)
        ledger.delivery(mailing, address="q@kettle.example", state=DeliveryState.DEFERRED)
        ledger.delivery(mailing, address="r@kettle.example", state=DeliveryState.DELIVERED)
        ledger.delivery(mailing, address="s@elsewhere.example", state=DeliveryState.QUEUED)
        loads = check_counts.waiting(mailing.pk)
        assert loads is not None
        assert {(one.provider, one.together or one.people) for one in loads} == {
            ("Gmail", 3),
            ("Yahoo", 1),
            ("Other", 1),
        }
        campaign = campaign_of(organization)
        done = forecasts.of_sending(campaign, mailing)
        assert done is not None and done.is_warming
        with django_assert_num_queries(0):  # a page that is looked at every two seconds
            assert forecasts.of_sending(campaign, mailing) == done


def test_without_a_warm_up_a_running_send_has_its_pace_only(organization):
    cache.clear()
    with tenant_scope(organization):
        mailing = ledger.mailing(organization)
        assert forecasts.of_sending(campaign_of(organization), mailing) is None


def test_what_is_spread_is_done_no_sooner_than_its_spread(organization):
    with tenant_scope(organization):
        campaign = campaign_of(organization)
        campaign.spread_minutes = 72 * 60
        done = forecasts.of_draft(campaign, [load("Gmail", 10)])
    assert done is not None
    last = (timezone.now() + timedelta(hours=72)).astimezone(ZoneInfo("Europe/Berlin"))
    assert f"on {last:%A} about" in done.words
