"""The pages of a resend and of a correction: three numbers, a subject, a draft; and what the report says of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import copies, link_changes
from campaigns.enums import CampaignKind, ParentPeople
from campaigns.models import Campaign
from contacts.models import Contact
from tests.campaigns.views.test_campaigns import url
from tests.campaigns.views.test_reports import sent, text  # noqa: F401

People = Callable[..., list[Contact]]


def made(organization: Organization) -> Campaign:
    with tenant_scope(organization):
        return Campaign.objects.select_related("parent").order_by("-pk")[0]


def test_the_three_numbers_add_up(as_marketer: Client, organization: Organization, sent: Campaign) -> None:  # noqa: F811
    page = text(as_marketer, url(organization, "campaign_resend", sent))
    numbers = as_marketer.get(url(organization, "campaign_resend", sent)).context["numbers"]
    assert (numbers.opened, numbers.cannot_tell, numbers.no_open, numbers.got_it) == (40, 9, 11, 60)
    assert page.count("Left out") == 2 and "They get it again." in page
    assert "It was sent less than a day ago" in page
    assert 'name="cannot_tell"' in page and "checked" not in page.split('name="cannot_tell"')[1].split(">")[0]


@pytest.mark.parametrize(
    ("ticked", "whom", "size"), [({}, ["no_open"], 11), ({"cannot_tell": "on"}, ["no_open", "cannot_tell"], 20)]
)
def test_a_resend(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    ticked: dict[str, str],
    whom: list[str],
    size: int,
) -> None:
    answer = as_marketer.post(url(organization, "campaign_resend", sent), {"subject": " Seen \n this? ", **ticked})
    draft = made(organization)
    assert answer.status_code == 302 and answer["Location"] == url(organization, "campaign", draft)
    assert (draft.kind, draft.parent, draft.parent_people) == (CampaignKind.RESEND, sent, whom)
    assert draft.subject == "Seen this?"
    page = text(as_marketer, url(organization, "campaign", draft))
    assert f"{size} people in “Weekly news” who did not open “Spring letter”" in page
    assert "Only for people who did not open “Spring letter”" in page
    report = text(as_marketer, url(organization, "campaign", sent))
    assert "Resend of Spring letter" in report and "Resend · Draft" in report


def test_links_that_were_led_elsewhere_are_said(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    marketer: User,
) -> None:
    """A resend with the link that led nowhere would go out with it once more."""
    was, new = sent.mailing.letter.links[0], "https://copperkettle.example/moved"
    page = as_marketer.post(url(organization, "campaign_resend", sent), {"subject": "One"}, follow=True)
    assert "as they were sent" not in page.content.decode()
    with tenant_scope(organization):
        link_changes.change(campaign=sent, was=was, url=new, reason="Moved", actor=marketer)
    page = as_marketer.post(url(organization, "campaign_resend", sent), {"subject": "Two"}, follow=True)
    assert f"After the send {was} was led to {new}." in page.content.decode()


def test_the_edit_page_counts_only_them(as_marketer: Client, organization: Organization, sent: Campaign) -> None:  # noqa: F811
    as_marketer.post(url(organization, "campaign_resend", sent), {"subject": "Seen this?"})
    draft = made(organization)
    page = text(as_marketer, url(organization, "campaign_edit", draft))
    assert f"?of={draft.public_id}" in page and "who did not open “Spring letter”" in page
    asked = {"topic": draft.topic_id, "of": draft.public_id}
    said = text(as_marketer, url(organization, "audience"), asked)
    assert "<strong>11</strong> people" in said and "only those who did not open" in said
    assert "<strong>60</strong>" in text(as_marketer, url(organization, "audience"), {"topic": draft.topic_id})
    assert as_marketer.get(url(organization, "audience"), {**asked, "of": "no\x00where"}).status_code == 404


@pytest.mark.parametrize(
    ("subject", "said"), [("", "required"), ("x" * 251, "250"), ("Hello {{ contact.frist_name }}", "first_name")]
)
def test_a_subject_is_wanted(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    subject: str,
    said: str,
) -> None:
    before = made(organization)
    answer = as_marketer.post(url(organization, "campaign_resend", sent), {"subject": subject, "cannot_tell": "on"})
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page and made(organization) == before
    assert "checked" in page.split('name="cannot_tell"')[1].split(">")[0]  # what was ticked stays ticked


def test_a_correction(as_marketer: Client, organization: Organization, sent: Campaign) -> None:  # noqa: F811
    page = text(as_marketer, url(organization, "campaign_correct", sent))
    assert 'value="Correction: Hello {{ contact.first_name' in page
    assert "Everybody who got it (60)" in page and "Only who clicked a link in it (3)" in page
    answer = as_marketer.post(
        url(organization, "campaign_correct", sent), {"subject": "Correction: the price", "whom": "clicked"}
    )
    draft = made(organization)
    assert answer.status_code == 302 and (draft.kind, draft.parent_people) == (CampaignKind.CORRECTION, ["clicked"])
    assert "3 people in “Weekly news” who clicked in “Spring letter”." in text(
        as_marketer, url(organization, "campaign", draft)
    )
    for wrong in ("no_open", "", "everybody"):
        data = {"subject": "Correction", "whom": wrong}
        assert as_marketer.post(url(organization, "campaign_correct", sent), data).status_code == 422


@pytest.mark.parametrize("name", ["campaign_resend", "campaign_correct"])
def test_a_draft_has_nothing_to_follow(
    as_marketer: Client, organization: Organization, draft: Campaign, name: str
) -> None:
    answer = as_marketer.get(url(organization, name, draft), follow=True)
    assert "Nothing of this campaign has been sent yet" in answer.content.decode()
    assert as_marketer.post(url(organization, name, draft), {"subject": "x"}).status_code == 302
    assert made(organization) == draft


def test_after_a_day_nothing_is_said_about_time(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    with tenant_scope(organization):
        Campaign.objects.filter(pk=sent.pk).update(launched_at=timezone.now() - timedelta(days=2))
    assert "less than a day" not in text(as_marketer, url(organization, "campaign_resend", sent))


def test_analysts_see_what_followed_and_start_nothing(
    as_analyst: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    marketer: User,
) -> None:
    assert "What followed?" not in text(as_analyst, url(organization, "campaign", sent))
    with tenant_scope(organization):
        copies.follow_up(
            campaign=sent, kind=CampaignKind.RESEND, people=[ParentPeople.NO_OPEN], subject="Again", actor=marketer
        )
    page = text(as_analyst, url(organization, "campaign", sent))
    assert "Resend of Spring letter" in page and "Send again to those" not in page


def test_pages_ask_the_same_whatever_followed(
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    marketer: User,
    django_assert_num_queries: Any,
) -> None:
    for rows in (1, 3):
        with tenant_scope(organization):
            while Campaign.objects.filter(parent=sent).count() < rows:
                copies.follow_up(
                    campaign=sent, kind=CampaignKind.RESEND, people=[ParentPeople.NO_OPEN], subject="x", actor=marketer
                )
        with django_assert_num_queries(19):
            as_marketer.get(url(organization, "campaign", sent))
        with django_assert_num_queries(15):
            as_marketer.get(url(organization, "campaign_resend", sent))
