"""The pages of a test of versions: set it up, edit what differs, look at the results, choose by hand."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import launches, winners
from campaigns.models import Campaign, Variant
from campaigns.queries import variants
from contacts.models import Contact
from sending.enums import REST, EventKind
from sending.models import Delivery, MailingVariant, StoredMessage
from tests.campaigns.actions.test_variants import fresh, launch, set_up, with_content
from tests.campaigns.actions.test_winners import delivered, tally
from tests.campaigns.views.test_campaigns import url

People = Callable[..., list[Contact]]
CHOSEN: dict[str, Any] = {
    "what": "subject",
    "count": "3",
    "subject_2": "  Two  words ",
    "subject_3": "Three",
    "share": "30",
    "metric": "clicks",
    "minutes": "240",
    "by_itself": "by_itself",
    "unsure": "leader",
    "guard": "on",
}


def content(organization: Organization, campaign: Campaign, number: int, name: str = "version_content") -> str:
    kwargs = {"org": organization.public_id, "campaign": campaign.public_id, "number": number}
    return reverse(f"campaigns:{name}", kwargs=kwargs)


@pytest.fixture
def tested(organization: Organization, draft: Campaign, people: People, marketer: User) -> Campaign:
    """Sent as A and B to 50 each, all delivered, B clicked by three times as many; 150 wait."""
    people(250)
    with tenant_scope(organization):
        campaign = launch(set_up(draft, marketer, versions=[{"subject": "Two <words>"}]), marketer)
        delivered(campaign, {1: 5, 2: 15}, lost={2: 1})
        return campaign


def test_it_is_set_up_and_shown(
    as_marketer: Client, as_analyst: Client, organization: Organization, draft: Campaign, people: People
) -> None:
    people(1_000)
    where = url(organization, "campaign_versions", draft)
    page = as_marketer.get(where).content.decode()
    assert "Test these versions" in page and "With 2 versions for 30% of the people: of 1,000 people" in page
    answer = as_marketer.post(where, CHOSEN)
    assert answer.status_code == 302 and answer["Location"] == url(organization, "campaign", draft)
    with tenant_scope(organization):
        campaign = fresh(draft)
        assert campaign.test == {
            "what": "subject",
            "share": 30,
            "metric": "clicks",
            "minutes": 240,
            "by_itself": True,
            "unsure": "leader",
            "guard": True,
        }
        assert [row.subject for row in variants.rows(campaign)] == ["", "Two words", "Three"]
    page = as_analyst.get(where).content.decode()
    assert "each version gets 100, and 700 wait" in page and "Give the test up" not in page and "Two words" in page
    assert "versions A, B and C, 10% each" in as_analyst.get(url(organization, "campaign", draft)).content.decode()
    launching = as_marketer.get(url(organization, "campaign_launch", draft)).content.decode()
    assert "No careful start" in launching and 'name="careful"' not in launching
    answer = as_marketer.post(url(organization, "campaign_launch", draft), {"careful": "on"})
    assert answer.status_code == 422 and "both would decide about the others" in answer.content.decode()
    as_marketer.post(url(organization, "campaign_versions_give_up", draft))
    with tenant_scope(organization):
        assert fresh(draft).test == {} and not Variant.objects.exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"subject_3": ""}, "Write what this version says"),
        ({"subject_2": "{{ contact.frist_name }}"}, "first_name"),
        ({"what": "preheader"}, "Write what this version says"),
        ({"what": "time"}, "Choose how much later it leaves"),
        ({"what": "time", "later_2": "77"}, "Select a valid choice"),
        ({"what": "colour"}, "Select a valid choice"),
        ({"count": "6"}, "Select a valid choice"),
        ({"count": ""}, "This field is required"),
        ({"share": "4"}, "greater than or equal to 5"),
        ({"share": "9" * 40}, "less than or equal to 100"),
        ({"minutes": "17"}, "Select a valid choice"),
        ({"subject_2": "x" * 251}, "at most 250 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    as_marketer: Client, organization: Organization, draft: Campaign, changed: dict[str, str], said: str
) -> None:
    answer = as_marketer.post(url(organization, "campaign_versions", draft), CHOSEN | changed)
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page
    assert changed.get("subject_3", "Three") in page
    with tenant_scope(organization):
        assert fresh(draft).test == {}


def test_each_version_has_its_content(
    as_marketer: Client, organization: Organization, draft: Campaign, marketer: User
) -> None:
    where = url(organization, "campaign_versions", draft)
    answer = as_marketer.post(where, CHOSEN | {"what": "content"})
    assert answer["Location"] == where and "Edit version C" in as_marketer.get(where).content.decode()
    page = as_marketer.get(content(organization, draft, 2))
    assert page.status_code == 200
    for number in (1, 4, 99):
        assert as_marketer.get(content(organization, draft, number)).status_code == (200 if number == 1 else 404)
    pick = as_marketer.get(content(organization, draft, 2), {"pick": ""}).content.decode()
    assert "for version B" in pick and content(organization, draft, 2, "version_choose") in pick
    chosen = as_marketer.post(content(organization, draft, 2, "version_choose"), {"starter": "letter"})
    assert chosen["Location"] == content(organization, draft, 2)
    with tenant_scope(organization):
        own = {each.number: each.campaign.design for each in variants.of(fresh(draft))}
        assert own[2].name == "Plain letter" and own[1].name == "Newsletter" and own[3].name == "Newsletter, version C"
    design = reverse("campaigns:design", kwargs={"org": organization.public_id, "design": own[2].public_id})
    assert as_marketer.get(design)["Location"] == content(organization, draft, 2)
    saving = reverse("campaigns:design_save", kwargs={"org": organization.public_id, "design": own[2].public_id})
    saved = as_marketer.post(
        saving, {"mjml": own[2].mjml + "\n", "version": own[2].version}, headers={"hx-request": "true"}
    )
    assert saved.status_code == 200
    preview = as_marketer.get(url(organization, "campaign_mail", draft), {"version": "2"}).content.decode()
    assert preview != as_marketer.get(url(organization, "campaign_mail", draft)).content.decode()
    assert (
        "Version B" in as_marketer.get(url(organization, "campaign_preview", draft), {"version": "2"}).content.decode()
    )
    with tenant_scope(organization):
        Campaign.objects.update(state="sending")
    refused = as_marketer.post(saving, {"mjml": "<mjml></mjml>", "version": "2"}, headers={"hx-request": "true"})
    assert refused.status_code == 422 and "has been started" in refused.content.decode()


def test_a_test_send_is_of_the_chosen_version(
    as_marketer: Client, organization: Organization, draft: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        set_up(draft, marketer, versions=[{"subject": "Two"}])
    page = as_marketer.get(url(organization, "campaign", draft)).content.decode()
    assert 'name="version"' in page
    answer = as_marketer.post(url(organization, "campaign_test", draft), {"to": "me@a.example", "version": "2"})
    assert answer.status_code == 302
    assert (
        as_marketer.post(url(organization, "campaign_test", draft), {"to": "me@a.example", "version": "7"}).status_code
        == 422
    )
    with tenant_scope(organization):
        assert StoredMessage.objects.get().subject == "[Test] Two"


def test_the_report_adds_up_and_shows_intervals(
    as_analyst: Client, as_marketer: Client, organization: Organization, tested: Campaign
) -> None:
    page = as_analyst.get(url(organization, "campaign", tested)).content.decode()
    assert "Which version is better?" in page and "Everybody is in it." in page
    assert "Two &lt;words&gt;" in page and "So far: B is better: 30% clicked, against 10% of A." in page
    assert page.count('class="interval-range"') == 2 and "Give the others" not in page
    assert "They wait for a version" in page and "style=" not in page.split("Which version is better?")[1][:6000]
    live = as_marketer.get(url(organization, "campaign_live", tested)).content.decode()
    assert "Give the others" in live


LIVE_QUERIES = 24


@pytest.mark.parametrize("versions", [1, 3])
def test_the_live_page_takes_a_fixed_number_of_queries(
    versions: int,
    as_analyst: Client,
    organization: Organization,
    draft: Campaign,
    people: People,
    marketer: User,
    django_assert_num_queries: Any,
) -> None:
    people(60)
    with tenant_scope(organization):
        launch(set_up(draft, marketer, versions=[{"subject": f"V{n}"} for n in range(versions)]), marketer)
    where = url(organization, "campaign_live", draft)
    as_analyst.get(where)
    with django_assert_num_queries(LIVE_QUERIES):
        as_analyst.get(where)


def test_choosing_by_hand_shows_the_numbers_first(
    as_marketer: Client, as_analyst: Client, organization: Organization, tested: Campaign
) -> None:
    where = url(organization, "campaign_winner", tested)
    assert as_analyst.get(where, {"version": "2"}).status_code == 403
    page = as_marketer.get(where, {"version": "2"}).content.decode()
    assert "150 people wait." in page and "Its time is not over yet" in page and "B is better" in page
    for wrong in ("", "3", "99", "x"):
        assert as_marketer.get(where, {"version": wrong}).status_code == 404
        assert as_marketer.post(where, {"version": wrong}).status_code == 404
    assert as_marketer.post(where, {"version": "2"}).status_code == 302
    assert as_marketer.post(where, {"version": "1"}).status_code == 302  # a second click changes nothing
    with tenant_scope(organization):
        row = MailingVariant.objects.select_related("letter").get(variant=REST)
        assert row.hold is None and row.letter.subject == "Two <words>" and fresh(tested).test["winner"] == 2
    page = as_marketer.get(url(organization, "campaign", tested)).content.decode()
    assert "The others get version B" in page and "before its time was over" in page and "Give the others" not in page


def test_people_by_version(as_marketer: Client, organization: Organization, tested: Campaign) -> None:
    where, export = (url(organization, name, tested) for name in ("campaign_people", "campaign_people_csv"))
    with tenant_scope(organization):
        of_b = set(Delivery.objects.filter(variant=2).values_list("address", flat=True))
    for version, size in (("2", 50), ("B", 50), ("rest", 150), ("", 250), ("9", 250)):
        for part in ("", "delivered"):
            answer = as_marketer.get(export, {"version": version, "part": part})
            rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
            got = {row["address"] for row in rows}
            meant = size if not part else {"2": 50, "B": 50, "rest": 0}.get(version, 100)
            assert len(got) == meant
            assert version not in ("2", "B") or got == of_b
    page = as_marketer.get(where, {"version": "B"}).content.decode()
    assert "All 50" in page and "version=B" in page and "The others, who wait for a winner" in page
    skipped = as_marketer.get(where, {"version": "B", "part": "skipped"}).content.decode()
    assert "Nobody is here" in skipped


def test_the_click_map_has_each_versions_design_and_numbers(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(100)
    with tenant_scope(organization):
        campaign = launch(with_content(draft, marketer), marketer)
        delivered(campaign, {1: 0, 2: 0})
        for variant, n in ((1, 4), (2, 7)):
            for kind in (EventKind.FIRST_CLICKED, EventKind.CLICKED):
                tally(campaign, variant, kind, n, link=0)
    where, mail = (url(organization, name, campaign) for name in ("campaign_clicks", "campaign_clicks_mail"))
    page = as_marketer.get(where).content.decode()
    assert "Version A" in page and "Version B" in page
    for edition, people, badge in (("0", 4, "1 · 4"), ("1", 7, "1 · 7"), ("7", 4, "1 · 4"), ("x", 4, "1 · 4")):
        table = as_marketer.get(where, {"edition": edition}).content.decode()
        assert f'data-label="People">{people}</td>' in table
        shown = as_marketer.get(mail, {"edition": edition}).content.decode()
        assert badge in shown and ("Of B" in shown) == (edition == "1")
    with tenant_scope(organization):
        winners.choose(campaign=campaign, number=2, actor=marketer)
        tally(campaign, REST, EventKind.FIRST_CLICKED, 2, link=0)
    page = as_marketer.get(where, {"edition": "1"}).content.decode()
    assert "Version B and the others" in page and 'data-label="People">9</td>' in page


def test_a_message_names_its_version(as_analyst: Client, organization: Organization, tested: Campaign) -> None:
    with tenant_scope(organization):
        message = Delivery.objects.filter(variant=2).values_list("pk", flat=True)[0]
    where = reverse("campaigns:message", kwargs={"org": organization.public_id, "message": message})
    assert "Version B" in as_analyst.get(where).content.decode()


def test_a_draft_again_keeps_its_versions(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(30)
    with tenant_scope(organization):
        set_up(draft, marketer)
        Campaign.objects.update(undo_minutes=10)
        campaign = launch(fresh(draft), marketer)
        launches.take_back(campaign=campaign, actor=marketer)
    page = as_marketer.get(url(organization, "campaign_versions", draft)).content.decode()
    assert "Something else" in page
