"""The pages of a campaign from the first click to the report, and how many queries the list takes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import campaigns as verbs
from campaigns.actions import launches
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.queries import content
from contacts.models import Contact, Segment, Topic
from tests.campaigns.conftest import MJML

People = Callable[..., list[Contact]]


def url(organization: Organization, name: str, campaign: Campaign | None = None) -> str:
    kwargs = {"org": organization.public_id}
    if campaign is not None:
        kwargs["campaign"] = campaign.public_id
    return reverse(f"campaigns:{name}", kwargs=kwargs)


def state_of(organization: Organization, campaign: Campaign) -> Campaign:
    with tenant_scope(organization):
        return Campaign.objects.get(pk=campaign.pk)


def test_an_empty_list_teaches(as_marketer: Client, as_analyst: Client, organization: Organization) -> None:
    page = as_marketer.get(url(organization, "campaigns")).content.decode()
    assert "No campaigns yet" in page and "New campaign" in page
    assert (
        reverse("campaigns:campaign_new", args=[organization.public_id])
        not in as_analyst.get(url(organization, "campaigns")).content.decode().split("<main")[1]
    )


def test_a_new_campaign_goes_on_to_its_content(
    as_marketer: Client, organization: Organization, topic: Topic, domain: Any
) -> None:
    bad = as_marketer.post(url(organization, "campaign_new"), {"name": " "})
    assert bad.status_code == 200 and "This field is required" in bad.content.decode()
    answer = as_marketer.post(url(organization, "campaign_new"), {"name": "Spring  letter", "topic": topic.pk})
    with tenant_scope(organization):
        made = Campaign.objects.get()
        assert (made.name, made.topic, made.domain, made.from_name) == ("Spring letter", topic, domain, "Copper Kettle")
    assert answer.url == url(organization, "campaign_content", made)
    assert "Pick a template" in as_marketer.get(answer.url).content.decode()
    as_marketer.post(url(organization, "campaign_choose", made), {"starter": "letter"})
    assert "data-code-editor" in as_marketer.get(answer.url).content.decode()
    assert as_marketer.post(url(organization, "campaign_choose", made), {"starter": "nope"}).status_code == 404


def test_the_checklist_says_what_is_left_and_locks_the_button(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People
) -> None:
    page = as_marketer.get(url(organization, "campaign", draft)).content.decode()
    assert "Nobody is in “Weekly news”." in page and "Mend what fails first." in page
    people(3)
    page = as_marketer.get(url(organization, "campaign", draft)).content.decode()
    assert "3 people in “Weekly news”." in page and "Mend what fails first." not in page


def test_editing_keeps_what_was_typed_on_an_error(
    as_marketer: Client, organization: Organization, draft: Campaign
) -> None:
    form = {
        "name": "Spring letter",
        "topic": draft.topic_id,
        "subject": "Hi {{ contact.frist_name }}",
        "from_local": "news",
        "domain": draft.domain_id,
    }
    answer = as_marketer.post(url(organization, "campaign_edit", draft), form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Did you mean {{ contact.first_name }}?" in page and "Hi {{ contact.frist_name }}" in page
    assert (
        as_marketer.post(
            url(organization, "campaign_edit", draft), form | {"subject": "Hi", "from_local": "a b"}
        ).status_code
        == 422
    )
    assert (
        as_marketer.post(url(organization, "campaign_edit", draft), form | {"subject": "Hi\r\nBcc: x"}).status_code
        == 302
    )
    assert state_of(organization, draft).subject == "Hi Bcc: x"


def test_somebody_elses_topic_is_no_choice(
    as_marketer: Client, organization: Organization, other_organization: Organization, draft: Campaign
) -> None:
    with tenant_scope(other_organization):
        theirs = Topic.objects.create(organization=other_organization, brand=Brand.objects.get(), name="Theirs")
    form = {"name": "x", "topic": theirs.pk}
    assert as_marketer.post(url(organization, "campaign_edit", draft), form).status_code == 422
    assert as_marketer.post(url(organization, "campaign_new"), form).status_code == 200


def test_tags_for_statistics_are_on_the_links_that_have_none(
    as_marketer: Client, organization: Organization, draft: Campaign
) -> None:
    form = {"name": draft.name, "topic": draft.topic_id, "utm_source": " news & more ", "utm_medium": "email"}
    assert as_marketer.post(url(organization, "campaign_edit", draft), form).status_code == 302
    page = as_marketer.get(url(organization, "campaign_edit", draft)).content.decode()
    assert 'value="news &amp; more"' in page
    with tenant_scope(organization):
        found = Campaign.objects.select_related("design", "brand", "organization").get(pk=draft.pk)
        assert found.utm == {"source": "news & more", "medium": "email"}
        found.design.mjml = MJML.replace(
            "</mj-body>",
            "<mj-section><mj-column><mj-text><a href='https://shop.example/a?x=1&amp;utm_source=own#top'>a</a>"
            "<a href='mailto:a@b.example'>b</a></mj-text></mj-column></mj-section></mj-body>",
        )
        plan = content.make(found).plan
    assert plan is not None
    assert "https://shop.example/a?x=1&utm_source=own&utm_medium=email#top" in plan.links
    assert all("utm_medium=email" in link and link.count("utm_source=") == 1 for link in plan.links)
    assert "utm_source=news+%26+more" in plan.links[0]
    mail = as_marketer.get(url(organization, "campaign_mail", draft)).content.decode()
    assert "utm_medium=email&amp;utm_source=news+%26+more" in mail
    as_marketer.post(url(organization, "campaign_edit", draft), {"name": draft.name})
    assert state_of(organization, draft).utm == {}


def test_a_draft_is_of_its_topics_brand(
    as_marketer: Client, organization: Organization, brand: Brand, draft: Campaign
) -> None:
    with tenant_scope(organization):
        second = Brand.objects.create(organization=organization, name="Second house")
        other = Topic.objects.create(organization=organization, brand=second, name="Second news")
    where, form = url(organization, "campaign_edit", draft), {"name": "x", "topic": other.pk}
    assert as_marketer.post(where, form).status_code == 302
    with tenant_scope(organization):
        found = Campaign.objects.select_related("brand", "design").get(pk=draft.pk)
        assert found.brand == found.design.brand == second
    as_marketer.post(where, form | {"topic": ""})
    assert state_of(organization, draft).brand_id == second.pk
    as_marketer.post(where, form | {"topic": draft.topic_id})
    assert state_of(organization, draft).brand_id == brand.pk


def test_the_audience_is_counted_while_choosing(
    as_marketer: Client, organization: Organization, topic: Topic, people: People
) -> None:
    people(4)
    where = url(organization, "audience")
    assert "<strong>4</strong> people" in as_marketer.get(where, {"topic": topic.pk}).content.decode()
    with tenant_scope(organization):
        broken = Segment.objects.create(organization=organization, name="Broken", definition={"nonsense": 1})
    assert "Fail" in as_marketer.get(
        where, {"topic": topic.pk, "segment": broken.pk}
    ).content.decode() or "Segment" in (
        as_marketer.get(where, {"topic": topic.pk, "segment": broken.pk}).content.decode()
    )
    assert as_marketer.get(where, {"topic": "x"}).content.decode().strip() == ""


def test_people_are_left_out_and_an_archived_choice_stays(
    as_marketer: Client, organization: Organization, topic: Topic, draft: Campaign, people: People
) -> None:
    people(4)
    with tenant_scope(organization):
        rule = {"about": "address", "op": "starts", "value": "p1@"}
        first = Segment.objects.create(
            organization=organization, name="First", definition={"match": "all", "rules": [rule]}
        )
    said = as_marketer.get(
        url(organization, "audience"), {"topic": topic.pk, "excluded_segment": first.pk}
    ).content.decode()
    assert "<strong>3</strong> people" in said
    assert "subscribed to Weekly news, without people whose E-mail address starts with “p1@”." in said
    form = {"name": "x", "topic": topic.pk, "excluded_segment": first.pk}
    assert as_marketer.post(url(organization, "campaign_edit", draft), form).status_code == 302
    with tenant_scope(organization):
        assert Campaign.objects.get(pk=draft.pk).excluded_segment == first
        Segment.objects.update(archived_at=timezone.now())
    assert "First" in as_marketer.get(url(organization, "campaign_edit", draft)).content.decode()
    assert as_marketer.post(url(organization, "campaign_edit", draft), form).status_code == 302
    assert "First" not in as_marketer.get(url(organization, "campaign_new")).content.decode()


def test_discarding_a_draft(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(1)
    with tenant_scope(organization):
        other = verbs.create(organization=organization, brand=draft.brand, name="Other", actor=marketer)
        launches.launch(campaign=draft, actor=marketer)
    as_marketer.post(url(organization, "campaign_discard", draft))
    assert state_of(organization, draft).state == CampaignState.LAUNCHING
    as_marketer.post(url(organization, "campaign_discard", other))
    with tenant_scope(organization):
        assert not Campaign.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_a_fixed_number_of_queries(
    rows: int,
    as_analyst: Client,
    organization: Organization,
    draft: Campaign,
    people: People,
    marketer: User,
    django_assert_num_queries: Any,
) -> None:
    people(2)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        for number in range(rows - 1):
            verbs.create(
                organization=organization, brand=draft.brand, name=f"More {number}", actor=marketer, topic=draft.topic
            )
    as_analyst.get(url(organization, "campaigns"))
    # session, user, 2 savepoints and settings of each of the two scopes, membership; then count, page, totals.
    with django_assert_num_queries(LIST_QUERIES):
        page = as_analyst.get(url(organization, "campaigns")).content.decode()
    assert page.count('class="row-link"') == rows


LIST_QUERIES = 14
