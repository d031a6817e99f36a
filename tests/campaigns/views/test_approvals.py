"""Asking a second person, and their page: by owner, marketer and analyst."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from campaigns.enums import CampaignState
from campaigns.models import Approval, Campaign
from campaigns.queries import fingerprints
from contacts.models import Contact
from sending.enums import DomainState
from sending.models import SendingDomain
from tests.campaigns.views.test_campaigns import state_of, url

People = Callable[..., list[Contact]]


@pytest.fixture
def organization(organization: Organization) -> Organization:
    with tenant_scope(organization):
        Organization.objects.filter(pk=organization.pk).update(needs_approval=True)
        organization.refresh_from_db()
    return organization


@pytest.fixture
def asked(as_marketer: Client, organization: Organization, draft: Campaign, people: People) -> Campaign:
    people(3)
    page = as_marketer.get(url(organization, "campaign_launch", draft)).content.decode()
    assert "Ask for approval" in page and "Send it" not in page and "Olga" in page
    form = {"note": "Is the price right?", "undo_minutes": "0"}
    assert as_marketer.post(url(organization, "campaign_launch", draft), form).status_code == 302
    campaign = state_of(organization, draft)
    assert campaign.state == CampaignState.TO_APPROVE
    return campaign


def test_the_page_for_each_role(
    as_owner: Client, as_marketer: Client, as_analyst: Client, organization: Organization, asked: Campaign
) -> None:
    for_owner = as_owner.get(url(organization, "campaign", asked)).content.decode()
    assert "Is the price right?" in for_owner and "Approve and send as asked" in for_owner
    assert "It leaves as soon as it is sent" in for_owner and "People who are subscribed to Weekly news" in for_owner
    for_asker = as_marketer.get(url(organization, "campaign", asked)).content.decode()
    assert "Approve and send as asked" not in for_asker and "Ask no longer, and edit it" in for_asker
    for_analyst = as_analyst.get(url(organization, "campaign", asked)).content.decode()
    assert "Approve and send as asked" not in for_analyst and "A marketer may approve it." in for_analyst


def test_the_list_and_the_way_to_it(
    as_owner: Client, organization: Organization, asked: Campaign, django_assert_num_queries: Callable[..., object]
) -> None:
    where = reverse("campaigns:approvals", kwargs={"org": organization.public_id})
    page = as_owner.get(where).content.decode()
    assert "Spring letter" in page and "Is the price right?" in page and f'href="{where}"' in page
    with django_assert_num_queries(13):
        as_owner.get(where)
    with tenant_scope(organization):
        for _ in range(2):
            asked.pk, asked.public_id, asked.design, asked.mailing = None, f"more{_}44444444", None, None
            asked._state.adding = True
            asked.save()
            Approval.objects.create(organization=organization, campaign=asked, fingerprint="x")
    with django_assert_num_queries(13):
        as_owner.get(where)


def test_who_may_answer_is_told_on_home(
    as_owner: Client, as_marketer: Client, organization: Organization, asked: Campaign
) -> None:
    where = reverse("campaigns:home", kwargs={"org": organization.public_id})
    with tenant_scope(organization):
        SendingDomain.objects.update(state=DomainState.VERIFIED)
    assert f"Look at “{asked.name}”" in as_owner.get(where).content.decode()
    assert f"Look at “{asked.name}”" not in as_marketer.get(where).content.decode()


def test_approve(as_owner: Client, as_marketer: Client, organization: Organization, asked: Campaign) -> None:
    with tenant_scope(organization):
        fingerprint = fingerprints.of(Campaign.objects.get(pk=asked.pk))
    own = as_marketer.post(url(organization, "campaign_approve", asked), {"fingerprint": fingerprint}, follow=True)
    assert "Nobody approves their own campaign." in own.content.decode()
    answer = as_owner.post(url(organization, "campaign_approve", asked), {"fingerprint": fingerprint}, follow=True)
    assert "Approved." in answer.content.decode()
    assert state_of(organization, asked).state == CampaignState.LAUNCHING
    again = as_owner.post(url(organization, "campaign_approve", asked), follow=True).content.decode()
    assert "It does not wait for approval any more." in again


def test_send_back(as_owner: Client, as_marketer: Client, organization: Organization, asked: Campaign) -> None:
    answer = as_owner.post(url(organization, "campaign_send_back", asked), {"answer": " "})
    assert answer.status_code == 422 and "Say what should be different" in answer.content.decode()
    assert as_owner.post(url(organization, "campaign_send_back", asked), {"answer": "It is not."}).status_code == 302
    page = as_marketer.get(url(organization, "campaign", asked)).content.decode()
    assert state_of(organization, asked).state == CampaignState.DRAFT
    assert "Olga sent it back" in page and "It is not." in page


def test_withdraw_and_edit(as_marketer: Client, organization: Organization, asked: Campaign) -> None:
    page = as_marketer.get(url(organization, "campaign_edit", asked), follow=True).content.decode()
    assert "It waits for approval. Ask no longer to edit it." in page
    as_marketer.post(url(organization, "campaign_withdraw", asked))
    assert as_marketer.get(url(organization, "campaign_edit", asked)).status_code == 200


def test_admins_choose_it_in_the_settings(as_owner: Client, as_marketer: Client, organization: Organization) -> None:
    where = reverse("accounts:settings", kwargs={"org": organization.public_id})
    form = {"name": organization.name, "postal_address": "Street 1", "time_zone": "Europe/Berlin"}
    assert as_marketer.post(where, form).status_code == 403
    as_owner.post(where, form)  # the box is not ticked
    assert needs_approval(organization) is False
    listed = reverse("campaigns:approvals", kwargs={"org": organization.public_id})
    assert f'href="{listed}"' not in as_owner.get(where).content.decode()
    as_owner.post(where, {**form, "needs_approval": "on"})
    assert needs_approval(organization) is True
    assert f'href="{listed}"' in as_owner.get(where).content.decode()


def needs_approval(organization: Organization) -> bool:
    with tenant_scope(organization):
        return Organization.objects.get(pk=organization.pk).needs_approval
