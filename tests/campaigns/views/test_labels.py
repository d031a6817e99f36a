"""Tags, notes and copies: by whom, of what, and what a copy does not take with it."""

from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Organization
from accounts.tenancy import tenant_scope
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from tests.campaigns.views.test_campaigns import state_of, url


def test_tags_and_notes_stay_after_it_is_sent(as_marketer: Client, organization: Organization, draft: Campaign) -> None:
    with tenant_scope(organization):
        Campaign.objects.update(state=CampaignState.FINISHED)
    where = url(organization, "campaign_labels", draft)
    typed = {"tags": " Spring ,spring,, members\t", "notes": "<b>Zoë</b> said yes", "is_public": "on"}
    assert as_marketer.post(where, typed).status_code == 302
    found = state_of(organization, draft)
    assert (found.tags, found.notes, found.is_public) == (["Spring", "members"], "<b>Zoë</b> said yes", True)
    again = as_marketer.post(where, {"tags": "x" * 41, "notes": "kept"})
    assert (
        again.status_code == 422 and "too long for a tag" in again.content.decode() and "kept" in again.content.decode()
    )
    too_many = as_marketer.post(where, {"tags": ",".join(f"t{n}" for n in range(21))})
    assert "21 tags are too many" in too_many.content.decode()
    assert state_of(organization, draft).tags == ["Spring", "members"]


def test_a_copy_is_a_draft_of_its_own(as_marketer: Client, organization: Organization, draft: Campaign) -> None:
    with tenant_scope(organization):
        Campaign.objects.update(
            state=CampaignState.FINISHED,
            start_at=timezone.now(),
            launched_at=timezone.now(),
            test={"share": 20},
            canary={"percent": 5},
            accepted_warnings=["size"],
            is_public=True,
            tags=["spring"],
            notes="n",
        )
    answer = as_marketer.post(url(organization, "campaign_duplicate", draft))
    with tenant_scope(organization):
        made = Campaign.objects.select_related("design").order_by("-pk").first()
        assert made.pk != draft.pk and answer.url == url(organization, "campaign", made)
        assert (made.name, made.state) == ("Copy of Spring letter", CampaignState.DRAFT)
        assert (made.subject, made.topic_id, made.domain_id) == (draft.subject, draft.topic_id, draft.domain_id)
        assert made.design.mjml == draft.design.mjml and made.design_id != draft.design_id
        assert not made.design.is_template and (made.tags, made.notes) == (["spring"], "n")
        assert (made.start_at, made.launched_at, made.canary) == (None, None, {})
        assert made.test == {"share": 20}  # a test is a part of what is said
        assert not made.accepted_warnings and not made.is_public and made.mailing_id is None
        assert AuditEntry.objects.filter(verb="campaigns.campaign_duplicated").count() == 1


def test_a_name_of_full_length_can_be_copied(as_marketer: Client, organization: Organization, draft: Campaign) -> None:
    with tenant_scope(organization):
        Campaign.objects.update(name="x" * 200, design=None)
    assert as_marketer.post(url(organization, "campaign_duplicate", draft)).status_code == 302


def test_who_may(
    as_owner: Client, as_analyst: Client, as_outsider: Client, organization: Organization, draft: Campaign
) -> None:
    labels, duplicate = url(organization, "campaign_labels", draft), url(organization, "campaign_duplicate", draft)
    assert as_owner.get(labels).status_code == 200
    assert as_analyst.get(labels).status_code == as_analyst.post(labels, {}).status_code == 403
    assert as_analyst.post(duplicate).status_code == 403 and as_outsider.post(duplicate).status_code == 404
    assert as_outsider.get(labels).status_code == 404 and as_owner.get(duplicate).status_code == 405
    assert as_owner.post(duplicate).status_code == 302
    page = as_analyst.get(url(organization, "campaign", draft)).content.decode()
    assert "Tags and notes" in page and "campaign_duplicate" not in page and duplicate not in page
