"""The warm-up of an organization's own address: seen and steered by its admins, and by nobody else."""

import re

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.tenancy import cross_tenant, tenant_scope
from reputation.actions import warming
from reputation.enums import WarmupState
from reputation.models import Warmup, WarmupDay
from sending.enums import StreamKind
from sending.models import Budget, EgressIP, Pool, PoolAddress, SourceCount, Stream
from tests.reputation.warmups import begun

ADDRESS = "192.0.2.77"


@pytest.fixture
def address(organization):
    """An address of this organization alone."""
    with cross_tenant("an address of a test"):
        pool = Pool.objects.create(name="own", organization=organization, is_default=True)
        found = EgressIP.objects.create(address=ADDRESS, name="mta77.posthouse.example")
        PoolAddress.objects.create(pool=pool, address=found)
    return found


def url(organization, name="warmup", **kwargs):
    return reverse(f"reputation:{name}", kwargs={"org": organization.public_id, "address": ADDRESS, **kwargs})


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def warmup():
    with cross_tenant("a test looks"):
        return Warmup.objects.get()


START = {"schedule": "house", "volume": "20000", "growth": "1.35"}


def test_it_begins_with_a_press_of_the_button(as_owner, organization, address):
    assert "It is not being warmed up" in text(as_owner.get(url(organization)))
    response = as_owner.post(url(organization, "warmup_change", act="start"), START, follow=True)
    page = text(response)
    assert response.status_code == 200
    assert "It is being warmed up from now on." in page and "50 a day for each provider that got nothing lately" in page
    with cross_tenant("a test looks"):
        assert set(Budget.objects.filter(source=address).values_list("messages", flat=True)) == {50}
    with tenant_scope(organization):
        entry = AuditEntry.objects.get(verb="reputation.warmup_started")
        assert entry.data["address"] == ADDRESS


def test_what_is_wrong_is_said_and_kept(as_owner, organization, address):
    response = as_owner.post(url(organization, "warmup_change", act="start"), START | {"volume": "12"})
    assert response.status_code == 422
    assert 'value="12"' in response.content.decode()
    with cross_tenant("a test looks"):
        assert not Warmup.objects.exists()


def test_it_is_paused_gone_on_with_and_skipped_with_a_reason(as_owner, organization, address):
    as_owner.post(url(organization, "warmup_change", act="start"), START)
    pause, skip = (url(organization, "warmup_change", act=act) for act in ("pause", "skip"))
    assert as_owner.post(pause, {"why": " "}).status_code == 422
    assert "The DNS moves." in text(as_owner.post(pause, {"why": "The DNS moves."}, follow=True))
    assert warmup().state == WarmupState.PAUSED
    as_owner.post(url(organization, "warmup_change", act="resume"))
    assert warmup().state == WarmupState.RUNNING
    page = text(as_owner.post(url(organization, "warmup_change", act="resume"), follow=True))
    assert "It is not paused." in page  # a second press, another tab
    assert "It was skipped" in text(as_owner.post(skip, {"why": "It was warm elsewhere."}, follow=True))
    with cross_tenant("a test looks"):
        assert not Budget.objects.exists()


def test_a_page_from_before_says_what_has_changed(as_owner, organization, address):
    as_owner.post(url(organization, "warmup_change", act="start"), START)
    as_owner.post(url(organization, "warmup_change", act="skip"), {"why": "It was warm."})
    page = text(as_owner.post(url(organization, "warmup_change", act="pause"), {"why": "The DNS moves."}, follow=True))
    assert "Only a warm-up that runs can be paused." in page and "It was skipped" in page


def test_the_course_is_shown_day_by_day(as_owner, organization, address):
    begun(address)
    page = text(as_owner.get(url(organization)))
    assert "The day before went well: 68 of 68 were taken." in page
    assert "2 were refused the day before because of who we are or what was written. Half of it now." in page
    assert "How has it grown?" in page


def test_another_schedule_begins_anew_and_the_same_one_goes_on(as_owner, organization, address):
    begun(address)
    choose = url(organization, "warmup_change", act="choose")
    as_owner.post(choose, START | {"volume": "60000", "growth": "1.4"})
    assert (warmup().volume, warmup().growth) == (60_000, 1.4)
    as_owner.post(choose, START | {"schedule": "table"})
    with cross_tenant("a test looks"):
        assert list(Budget.objects.values_list("provider", "an_hour")) == [("", 20)]
        assert WarmupDay.objects.filter(move="started", provider="").count() == 1


def test_what_is_above_the_budget_is_the_organizations_choice(as_owner, organization, address):
    for choice, overflows in (("shared", True), ("wait", False)):
        as_owner.post(url(organization, "warmup_overflow"), {"overflow": choice})
        with tenant_scope(organization):
            assert Stream.objects.get(kind=StreamKind.MARKETING).overflow is overflows
    with tenant_scope(organization):
        assert AuditEntry.objects.filter(verb="sending.overflow_chosen").count() == 2


@pytest.mark.parametrize(
    ("who", "status"), [("as_owner", 200), ("as_marketer", 403), ("as_analyst", 403), ("as_outsider", 404)]
)
def test_only_admins_of_its_organization(who, status, request, organization, address):
    client = request.getfixturevalue(who)
    assert client.get(url(organization)).status_code == status
    for name, kwargs in (("warmup_change", {"act": "start"}), ("warmup_overflow", {})):
        answer = client.post(url(organization, name, **kwargs), START)
        assert answer.status_code == (302 if status == 200 else status)


def test_a_shared_address_is_nobodys_to_steer(as_owner, organization):
    with cross_tenant("an address of the house"):
        pool = Pool.objects.create(name="shared", is_default=True)
        found = EgressIP.objects.create(address=ADDRESS, name="mta77.posthouse.example")
        PoolAddress.objects.create(pool=pool, address=found)
        warming.start(address_id=found.pk, actor=None)
    assert as_owner.get(url(organization)).status_code == 404
    assert as_owner.post(url(organization, "warmup_change", act="skip"), {"why": "now"}).status_code == 404
    with tenant_scope(organization):
        assert not Warmup.objects.exists() and not Budget.objects.exists() and not SourceCount.objects.exists()


def test_there_is_nothing_else_to_do(as_owner, organization, address):
    assert as_owner.post(url(organization, "warmup_change", act="explode")).status_code == 404
    assert as_owner.post(url(organization, "warmup_change", act="pause"), {"why": "x"}).status_code == 404
    assert as_owner.get(url(organization, "warmup_change", act="start")).status_code == 405


QUERIES = 17


@pytest.mark.parametrize("days", [1, 3])
def test_the_page_costs_the_same_however_long_it_goes(days, as_owner, organization, address, django_assert_num_queries):
    begun(address, days=days)
    as_owner.get(url(organization))
    with django_assert_num_queries(QUERIES):
        as_owner.get(url(organization))
