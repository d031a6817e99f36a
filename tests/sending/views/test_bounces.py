"""Bounces to review, page by page: who sees them, who decides, and what the decision does."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Organization
from accounts.tenancy import cross_tenant, tenant_scope
from contacts.models import Suppression
from sending.models import BounceWave, Delivery, HeldBounce
from tests.sending import ledger
from tests.sending.bounces import hold, wave

pytestmark = pytest.mark.django_db


def url(organization: Organization, name: str, **kwargs: object) -> str:
    return reverse(f"sending:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def one(organization: Organization) -> BounceWave:
    found = wave("Granite Mail")
    with tenant_scope(organization):
        hold(organization, found, 3)
    return found


def test_an_empty_page_teaches(as_analyst: Client, organization: Organization) -> None:
    assert b"Nothing to review" in as_analyst.get(url(organization, "bounces")).content


def test_analysts_look_and_do_not_decide(as_analyst: Client, organization: Organization, one: BounceWave) -> None:
    page = as_analyst.get(url(organization, "bounces")).content.decode()
    assert "Granite Mail" in page
    shown = as_analyst.get(url(organization, "bounces_of_wave", wave=one.public_id)).content.decode()
    assert "p0@granite.example" in shown
    assert "do-not-send list</button>" not in shown
    answer = as_analyst.post(url(organization, "bounces_decide", wave=one.public_id), {"decision": "suppress"})
    assert answer.status_code == 403


def test_strangers_find_nothing(as_outsider: Client, organization: Organization, one: BounceWave) -> None:
    for name, kwargs in (("bounces", {}), ("bounces_of_wave", {"wave": one.public_id})):
        assert as_outsider.get(url(organization, name, **kwargs)).status_code == 404
    answer = as_outsider.post(url(organization, "bounces_decide", wave=one.public_id), {"decision": "leave"})
    assert answer.status_code == 404


def test_a_wave_that_cost_others_something_is_not_ours(
    as_outsider: Client, other_organization: Organization, one: BounceWave
) -> None:
    assert as_outsider.get(url(other_organization, "bounces_of_wave", wave=one.public_id)).status_code == 404
    answer = as_outsider.post(url(other_organization, "bounces_decide", wave=one.public_id), {"decision": "leave"})
    assert answer.status_code == 404


@pytest.mark.parametrize("decision", ["suppress", "leave"])
def test_the_decision(as_marketer: Client, organization: Organization, one: BounceWave, decision: str) -> None:
    answer = as_marketer.post(url(organization, "bounces_decide", wave=one.public_id), {"decision": decision})
    assert answer.url == url(organization, "bounces")
    with tenant_scope(organization):
        listed = set(Suppression.objects.values_list("address_key", "reason"))
        assert listed == ({(f"p{n}@granite.example", "invalid") for n in range(3)} if decision == "suppress" else set())
        assert set(HeldBounce.objects.values_list("decision", flat=True)) == {decision}
        assert HeldBounce.objects.filter(decided_by=None).count() == 0
        verb = "sending.bounces_suppressed" if decision == "suppress" else "sending.bounces_left"
        assert AuditEntry.objects.filter(verb=verb).count() == 1
    again = as_marketer.post(
        url(organization, "bounces_decide", wave=one.public_id), {"decision": "leave"}, follow=True
    )
    assert b"Somebody had decided already" in again.content
    assert b"Decided" in as_marketer.get(url(organization, "bounces_of_wave", wave=one.public_id)).content


def test_an_unknown_decision_is_refused(as_owner: Client, organization: Organization, one: BounceWave) -> None:
    for decision in ("waiting", "", "x"):
        answer = as_owner.post(url(organization, "bounces_decide", wave=one.public_id), {"decision": decision})
        assert answer.status_code == 404
    assert as_owner.get(url(organization, "bounces_decide", wave=one.public_id)).status_code == 405


def test_the_lists_cost_the_same_for_one_row_and_for_three(
    as_owner: Client, organization: Organization, django_assert_num_queries: object
) -> None:
    as_owner.get(url(organization, "bounces"))
    with tenant_scope(organization):
        hold(organization, wave("A"), 1)
    with django_assert_num_queries(13):  # type: ignore[operator]
        as_owner.get(url(organization, "bounces"))
    with tenant_scope(organization):
        hold(organization, wave("B"), 3)
        hold(organization, wave("C"), 3)
    with django_assert_num_queries(13):  # type: ignore[operator]
        as_owner.get(url(organization, "bounces"))


def test_people_are_shown_page_by_page(as_owner: Client, organization: Organization) -> None:
    found = wave("Granite Mail")
    with tenant_scope(organization):
        hold(organization, found, 60)
    first = as_owner.get(url(organization, "bounces_of_wave", wave=found.public_id))
    after = first.context["page"].next
    second = as_owner.get(url(organization, "bounces_of_wave", wave=found.public_id), {"after": after}).content.decode()
    assert "p59@granite.example" in second
    assert "p0@granite.example" not in second
    for strange in ("x", "-1", "9" * 40):
        assert (
            as_owner.get(url(organization, "bounces_of_wave", wave=found.public_id), {"after": strange}).status_code
            == 200
        )


def test_a_closed_wave_holds_nothing_more(scoped: Organization) -> None:
    from sending.actions import held_bounces

    found = wave("Granite Mail")
    row: Delivery = ledger.delivery(ledger.mailing(scoped))
    assert held_bounces.hold(delivery=row, code="550 5.1.1", text="x", likeness=found.likeness)
    assert held_bounces.hold(delivery=row, code="550 5.1.1", text="x", likeness=found.likeness), "once more is no harm"
    assert HeldBounce.objects.count() == 1
    assert not held_bounces.hold(delivery=row, code="550 5.1.1", text="x", likeness="another")
    assert not held_bounces.hold(delivery=row, code="550 5.1.1", text="x", likeness="")


def test_the_wall_stands(organization: Organization, other_organization: Organization, one: BounceWave) -> None:
    with tenant_scope(other_organization):
        assert not HeldBounce.objects.exists()
    with cross_tenant("a test looks over the wall"):
        assert HeldBounce.objects.count() == 3
        BounceWave.objects.update(open_until=timezone.now() - timedelta(hours=1))
