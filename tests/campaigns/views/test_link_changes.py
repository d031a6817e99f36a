"""The page of a link of a sent campaign: where it leads, leading it elsewhere and back, and who may."""

from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from accounts import public_ids
from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import link_changes as verbs
from campaigns.models import Campaign, LinkCheck
from sending.models import Delivery, LinkChange, MailingVariant
from sending.queries import link_changes as reading
from tests.campaigns.views.test_campaigns import url
from tests.campaigns.views.test_reports import sent, text  # noqa: F401
from tests.campaigns.views.test_web_versions import marks

NEW = "https://copperkettle.example/sold-out-too"
SAID = {"url": NEW, "reason": "The page was moved"}


def at(organization: Organization, campaign: Campaign, number: int = 1, name: str = "campaign_link") -> str:
    kwargs = {"org": organization.public_id, "campaign": campaign.public_id, "number": number}
    return reverse(f"campaigns:{name}", kwargs=kwargs)


def test_changed_shown_and_led_back(as_marketer: Client, organization: Organization, sent: Campaign) -> None:  # noqa: F811
    was = sent.mailing.letter.links[0]
    report = text(as_marketer, url(organization, "campaign", sent))
    assert at(organization, sent) in report and "was https" not in report
    answer = as_marketer.post(at(organization, sent), SAID, follow=True)
    page = answer.content.decode()
    assert "It leads to https://copperkettle.example/sold-out-too from now on." in page
    assert at(organization, sent, name="campaign_link_back") in page and "The page was moved" in page and was in page
    for name in ("campaign", "campaign_live", "campaign_clicks"):
        body = text(as_marketer, url(organization, name, sent))
        assert f"<div>{NEW}" in body and f"was {was}" in body, name
    assert "?did=clicked&amp;link=1" in text(as_marketer, url(organization, "campaign", sent))  # counted as before
    as_marketer.post(at(organization, sent, name="campaign_link_back"))
    page = text(as_marketer, at(organization, sent))
    assert "Led back to where it led when it was sent" in page and NEW in page
    assert NEW not in text(as_marketer, url(organization, "campaign", sent))
    again = as_marketer.post(at(organization, sent, name="campaign_link_back"), follow=True).content.decode()
    assert "It leads where it led when it was sent." in again


def test_the_versions_in_which_it_stands_are_counted_as_people_see_them(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    letter = sent.mailing.letter
    with tenant_scope(organization):
        MailingVariant.objects.create(organization=organization, mailing=sent.mailing, variant=1, letter=letter)
        letter.pk, letter.public_id = None, public_ids.new()
        letter.save()
        MailingVariant.objects.create(organization=organization, mailing=sent.mailing, variant=2, letter=letter)
    assert "2 versions of the mail" in text(as_marketer, at(organization, sent))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({**SAID, "url": "javascript:alert(1)"}, "whole web address"),
        ({**SAID, "url": "http://192.168.1.1/"}, "private network"),
        ({**SAID, "url": "http://localhost:8000/p/abc"}, "private network"),
        ({**SAID, "url": "https://x.example/{{ contact.email }}"}, "without merge fields"),
        ({"url": NEW, "reason": ""}, "required"),
        ({"url": "", "reason": "x"}, "required"),
        ({"url": "https://x.example/" + "x" * 3000, "reason": "x"}, "2000"),
    ],
)
def test_what_is_refused_stays_typed_and_changes_nothing(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    given: dict[str, str],
    said: str,
) -> None:
    answer = as_marketer.post(at(organization, sent), given)
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page
    assert given["reason"] in page
    with tenant_scope(organization):
        assert not LinkChange.objects.exists()


def test_pages_of_a_person_are_refused_on_the_hosts_of_all_brands(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    with tenant_scope(organization):
        Brand.objects.create(organization=organization, name="Other", link_host="links.other.example")
    answer = as_marketer.post(at(organization, sent), {**SAID, "url": "https://links.other.example/u/abc"})
    assert answer.status_code == 422 and "belongs to one person" in answer.content.decode()


def test_the_new_address_is_asked_in_the_background(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    with override_settings(LINK_CHECKS=True):
        as_marketer.post(at(organization, sent), SAID)
        with tenant_scope(organization):
            check = LinkCheck.objects.get()
            assert check.url == NEW and check.due_at is not None and check.asked_at is None
        assert "Being asked" in text(as_marketer, at(organization, sent))
    with tenant_scope(organization):
        LinkCheck.objects.update(
            status="fail", detail="There is no such page (404).", asked_at=check.due_at, due_at=None
        )
    assert "There is no such page (404)." in text(as_marketer, at(organization, sent))


def test_tags_for_statistics_are_kept_if_wanted(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    was = "https://copperkettle.example/a?utm_source=letter&x=1"
    with tenant_scope(organization):
        letter = sent.mailing.letter
        letter.links = [was, *letter.links[1:]]
        letter.save(update_fields=["links"])
    assert "utm_source=letter" in text(as_marketer, at(organization, sent))
    as_marketer.post(at(organization, sent), {**SAID, "keep_tags": "on"})
    with tenant_scope(organization):
        assert reading.in_force(sent.mailing_id) == {was: f"{NEW}?utm_source=letter"}
    as_marketer.post(at(organization, sent), SAID)
    with tenant_scope(organization):
        assert reading.in_force(sent.mailing_id) == {was: NEW}
    assert 'name="keep_tags"' not in text(as_marketer, at(organization, sent, 2))


def test_where_campaigns_are_approved_only_an_admin_changes_links(
    as_owner: Client,
    as_marketer: Client,
    as_analyst: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    with tenant_scope(organization):
        Organization.objects.filter(pk=organization.pk).update(needs_approval=True)
    page = text(as_marketer, at(organization, sent))
    assert "only an admin changes" in page and 'name="reason"' not in page
    assert "Change where it leads" not in text(as_marketer, url(organization, "campaign", sent))
    for client in (as_marketer, as_analyst):
        assert client.post(at(organization, sent), SAID).status_code == 403
        assert client.post(at(organization, sent, name="campaign_link_back")).status_code == 403
    assert as_owner.post(at(organization, sent), SAID).status_code == 302
    page = text(as_analyst, url(organization, "campaign", sent))
    assert NEW in page and "History" in page
    assert "The page was moved" in text(as_analyst, at(organization, sent))


@pytest.mark.parametrize("number", [0, 3, 99_999])
def test_a_link_that_there_is_not(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    number: int,
) -> None:
    assert as_marketer.get(at(organization, sent, number)).status_code == 404
    assert as_marketer.post(at(organization, sent, number), SAID).status_code == 404


def test_a_draft_has_no_links_to_change(as_marketer: Client, organization: Organization, draft: Campaign) -> None:
    assert as_marketer.get(at(organization, draft)).status_code == 404
    with tenant_scope(organization), pytest.raises(verbs.Refused, match="change the link in the content"):
        verbs.change(campaign=draft, was="https://x.example/", url=NEW, reason="x", actor=None)  # type: ignore[arg-type]


def test_the_web_version_and_the_archive_lead_there_too(
    client: Client,
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    marketer: User,
) -> None:
    was = sent.mailing.letter.links[0]
    as_marketer.post(at(organization, sent), SAID)
    with tenant_scope(organization):
        delivery = Delivery.objects.order_by("pk").first()
        Campaign.objects.filter(pk=sent.pk).update(is_public=True, state="finished")
        brand, hosts = sent.brand.public_id, verbs.hosts(sent)
    own = client.get(f"/v/{marks(delivery).view()}").content.decode()
    public = client.get(f"/archive/{brand}/{sent.public_id}").content.decode()
    for page in (own, public):
        assert f'href="{NEW}"' in page and f'href="{was}"' not in page
    assert "localhost" in hosts


def test_the_page_asks_the_same_whatever_its_history(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    django_assert_num_queries: Any,
) -> None:
    for changes in (1, 3):
        for number in range(changes):
            as_marketer.post(at(organization, sent), {"url": f"{NEW}?{changes}{number}", "reason": "Again"})
        with django_assert_num_queries(17):
            as_marketer.get(at(organization, sent))
