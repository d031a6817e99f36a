"""The page of privacy requests: due dates, the identity check, and that only an admin erases."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tenancy import tenant_scope
from contacts.actions import privacy_requests, suppressions
from contacts.enums import RequestChannel, RequestKind, RequestState, SuppressionReason
from contacts.models import Contact, PrivacyRequest
from sending.models import Delivery
from tests.sending import ledger

KEY = "mara.lind@elsewhere.example"


@pytest.fixture
def contact(organization):
    with tenant_scope(organization):
        return ledger.contact(organization, first_name="Zoë")


def wish(organization, owner, *, kind=RequestKind.ERASURE, address=KEY, days=0):
    with tenant_scope(organization):
        return privacy_requests.receive(
            organization=organization,
            kind=kind,
            channel=RequestChannel.LETTER,
            address=address,
            note="",
            received_at=timezone.now() - timedelta(days=days),
            actor=owner,
        )


def at(organization, name, request=None):
    more = {"wish": request.public_id} if request else {}
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **more})


def state(request):
    with tenant_scope(request.organization):
        return PrivacyRequest.objects.get(pk=request.pk)


def test_an_empty_page_teaches(as_owner, as_analyst, organization):
    assert "Note a request" in as_owner.get(at(organization, "privacy_requests")).content.decode()
    assert "Note a request" not in as_analyst.get(at(organization, "privacy_requests")).content.decode()


def test_what_is_overdue_is_said(as_analyst, organization, owner, contact):
    wish(organization, owner, days=40)
    wish(organization, owner, kind=RequestKind.ACCESS, days=2)
    text = as_analyst.get(at(organization, "privacy_requests")).content.decode()
    assert "One request is overdue" in text
    assert text.index("Be forgotten") < text.index("See their data"), "the one that is due first stands first"


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(
    n, as_analyst, organization, owner, contact, django_assert_num_queries
):
    for _ in range(n):
        wish(organization, owner)
    with tenant_scope(organization):
        first = PrivacyRequest.objects.first()
        privacy_requests.refuse(request=first, why="A joke", actor=owner)
    with django_assert_num_queries(13):
        as_analyst.get(at(organization, "privacy_requests"))


def test_one_that_came_by_letter(as_marketer, organization, contact):
    page = at(organization, "privacy_request_new")
    assert as_marketer.get(page).status_code == 200
    facts = {
        "kind": "erasure",
        "address": KEY.upper(),
        "channel": "letter",
        "received": "2026-11-01",
        "note": "Mrs Lind",
    }
    assert as_marketer.post(page, {**facts, "address": "nonsense"}).status_code == 422
    assert as_marketer.post(page, {**facts, "received": "2999-01-01"}).status_code == 422
    assert as_marketer.post(page, {**facts, "note": "\x00"}).status_code == 422
    answer = as_marketer.post(page, facts)
    with tenant_scope(organization):
        request = PrivacyRequest.objects.get()
        assert answer.url == at(organization, "privacy_request", request)
        assert (request.contact_id, request.state, request.note) == (contact.pk, RequestState.OPEN, "Mrs Lind")
        assert request.due_at.date().isoformat() == "2026-12-01"
        assert AuditEntry.objects.filter(verb="contacts.privacy_request_received").exists()


def test_the_identity_check_mails_a_link(as_marketer, organization, owner, contact):
    request = wish(organization, owner)
    as_marketer.post(at(organization, "privacy_request_link", request))
    assert state(request).state == RequestState.RECEIVED
    with tenant_scope(organization):
        assert Delivery.objects.get().address == KEY


def test_no_link_goes_to_who_gets_no_mail_or_is_unknown(as_marketer, organization, owner, contact):
    nobody = wish(organization, owner, address="nobody@x.example")
    with tenant_scope(organization):
        suppressions.suppress(
            organization=organization, address=KEY, reason=SuppressionReason.INVALID, source="relay", evidence="x"
        )
    for request in (nobody, wish(organization, owner)):
        text = as_marketer.post(at(organization, "privacy_request_link", request), follow=True).content.decode()
        assert "All mail to this address is stopped" in text or "We know nobody" in text
    with tenant_scope(organization):
        assert not Delivery.objects.exists()


def test_only_an_admin_erases_and_types_the_address(as_owner, as_marketer, organization, owner, contact):
    request = wish(organization, owner)
    page = at(organization, "privacy_request_erase", request)
    assert as_marketer.post(page, {"typed": KEY}).status_code == 403
    assert as_owner.get(page).status_code == 405
    assert as_owner.post(page, {"typed": "yes"}).status_code == 422
    with tenant_scope(organization):
        assert Contact.objects.get().erased_at is None
    text = as_owner.post(page, {"typed": KEY}, follow=True).content.decode()
    assert "Closing record" in text
    assert "What stays, and why" in text
    assert "Backups hold a copy" in text
    assert KEY not in text
    with tenant_scope(organization):
        assert Contact.objects.get().erased_at
    assert state(request).state == RequestState.DONE
    assert as_owner.post(page, {"typed": KEY}).status_code == 422, "it is closed, and the address is gone"


def test_the_data_of_who_asked_by_letter(as_owner, as_marketer, organization, owner, contact):
    request = wish(organization, owner, kind=RequestKind.ACCESS)
    page = at(organization, "privacy_request_data", request)
    assert as_marketer.post(page).status_code == 403
    answer = as_owner.post(page)
    assert json.loads(answer.content)["person"]["address"] == KEY
    assert answer["Cache-Control"] == "no-store"
    assert state(request).state == RequestState.DONE
    with tenant_scope(organization):
        assert AuditEntry.objects.filter(verb="contacts.privacy_request_data_exported").exists()


@pytest.mark.parametrize(
    ("name", "key"), [("privacy_request_refuse", "refused_because"), ("privacy_request_close", "answered")]
)
def test_closing_needs_words(as_owner, as_marketer, organization, owner, contact, name, key):
    request = wish(organization, owner)
    page = at(organization, name, request)
    assert as_marketer.post(page, {"words": "x"}).status_code == 403
    as_owner.post(page, {"words": "  "})
    assert state(request).closed_at is None
    text = as_owner.post(page, {"words": "They are\x00 a competitor"}, follow=True).content.decode()
    assert "They are a competitor" in text
    assert state(request).record[key] == "They are a competitor"
    as_owner.post(page, {"words": "again"})
    assert state(request).record[key] == "They are a competitor"


@pytest.mark.parametrize(
    "name", ["privacy_request", "privacy_request_erase", "privacy_request_data", "privacy_request_close"]
)
def test_strangers_find_nothing(as_outsider, organization, owner, contact, name):
    request = wish(organization, owner)
    page = at(organization, name, request)
    assert as_outsider.get(page).status_code in (404, 405)
    assert as_outsider.post(page, {"typed": KEY, "words": "x"}).status_code == 404
    with tenant_scope(organization):
        assert Contact.objects.get().erased_at is None


def test_analysts_look_and_change_nothing(as_analyst, organization, owner, contact):
    request = wish(organization, owner)
    assert as_analyst.get(at(organization, "privacy_request", request)).status_code == 200
    for name in ("link", "erase", "data", "refuse", "close"):
        assert as_analyst.post(at(organization, f"privacy_request_{name}", request), {"typed": KEY}).status_code == 403
    assert as_analyst.post(at(organization, "privacy_request_new"), {}).status_code == 403


def test_who_is_unknown_is_said_to_be_unknown(as_owner, organization, owner):
    request = wish(organization, owner, address="nobody@x.example")
    text = as_owner.get(at(organization, "privacy_request", request)).content.decode()
    assert "We know nobody with this address" in text
    as_owner.post(at(organization, "privacy_request_erase", request), {"typed": "nobody@x.example"})
    assert state(request).closed_at is None
