"""A second person looks at it: asked, approved, sent back; what was changed meanwhile is asked anew."""

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Brand, Membership, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import approvals, designs, launches, schedules
from campaigns.actions import campaigns as verbs
from campaigns.enums import CampaignState, Decision
from campaigns.errors import NotReady, Refused, Unlawful
from campaigns.models import Approval, BrandKit, Campaign
from campaigns.queries import approvals as reading
from campaigns.queries import fingerprints
from contacts.models import Contact, Segment
from sending.models import StoredMessage

People = Callable[..., list[Contact]]


@pytest.fixture
def organization(organization: Organization) -> Organization:
    with tenant_scope(organization):
        Organization.objects.filter(pk=organization.pk).update(needs_approval=True)
        organization.refresh_from_db()
    return organization


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related(
        *("mailing", "topic", "segment", "excluded_segment", "design", "organization", "domain", "brand")
    ).get(pk=campaign.pk)


def letters() -> list[tuple[str, str]]:
    """(to, subject) of the mails to colleagues, in their order."""
    found = StoredMessage.objects.select_related("delivery").order_by("pk")
    return [(mail.delivery.address, mail.subject) for mail in found]


def test_asked_and_approved(
    organization: Organization, draft: Campaign, people: People, marketer: User, owner: User
) -> None:
    people(3)
    with tenant_scope(organization):
        with pytest.raises(Unlawful, match="Somebody else has to approve"):
            launches.launch(campaign=draft, actor=marketer)
        asked = approvals.ask(campaign=draft, actor=marketer, note="Please look at the second story.")
        assert asked is not None and asked.decision == Decision.WAITING
        assert approvals.ask(campaign=draft, actor=marketer) is None  # a second click
        assert letters() == [(owner.email, "To approve: Spring letter")]
        mail = message_from_bytes(bytes(StoredMessage.objects.get().raw), policy=default).get_content()
        assert "second story" in mail and f"/campaigns/{draft.public_id}/" in mail
        with pytest.raises(Refused, match="Nobody approves their own"):
            approvals.approve(campaign=draft, actor=marketer)
        assert approvals.approve(campaign=draft, actor=owner, fingerprint=asked.fingerprint) is True
        campaign = fresh(draft)
        assert campaign.state == CampaignState.LAUNCHING and campaign.launched_by == marketer
        assert reading.stands(campaign)
        with pytest.raises(Unlawful):
            approvals.approve(campaign=draft, actor=owner)
        assert letters()[-1] == (marketer.email, "Approved: Spring letter")
        assert launches.freeze(campaign=campaign)
        assert fresh(draft).state == CampaignState.SENDING


def test_approved_for_its_time(
    organization: Organization, draft: Campaign, people: People, marketer: User, owner: User
) -> None:
    people(3)
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=marketer, start_at=timezone.now() + timedelta(days=1))
        approvals.ask(campaign=draft, actor=marketer)
        approvals.approve(campaign=draft, actor=owner)
        assert fresh(draft).state == CampaignState.SCHEDULED
        Campaign.objects.update(leaves_at=timezone.now())
        assert schedules.start(campaign=draft) is True


def test_sent_back_with_words(
    organization: Organization, draft: Campaign, people: People, marketer: User, owner: User
) -> None:
    people(3)
    with tenant_scope(organization):
        approvals.ask(campaign=draft, actor=marketer)
        with pytest.raises(Refused, match="Say what should be different"):
            approvals.send_back(campaign=draft, actor=owner, answer="  \n")
        approvals.send_back(campaign=draft, actor=owner, answer="The price is wrong.")
        assert fresh(draft).state == CampaignState.DRAFT
        decided = Approval.objects.get()
        assert (decided.decision, decided.answer, decided.decided_by) == (
            Decision.REFUSED,
            "The price is wrong.",
            owner,
        )
        assert letters()[-1] == (marketer.email, "Sent back: Spring letter")
        verbs.edit(campaign=draft, actor=marketer, subject="Another price")
        assert approvals.ask(campaign=draft, actor=marketer) is not None


def test_asked_no_longer(organization: Organization, draft: Campaign, people: People, marketer: User) -> None:
    people(3)
    with tenant_scope(organization):
        approvals.ask(campaign=draft, actor=marketer)
        with pytest.raises(Unlawful):
            verbs.edit(campaign=draft, actor=marketer, subject="Other")
        approvals.withdraw(campaign=draft, actor=marketer)
        assert fresh(draft).state == CampaignState.DRAFT
        assert not reading.waiting(organization).exists()
        with pytest.raises(Unlawful):
            approvals.withdraw(campaign=draft, actor=marketer)


def test_alone_nobody_can_be_asked(
    organization: Organization, draft: Campaign, people: People, marketer: User, owner: User
) -> None:
    people(3)
    with tenant_scope(organization):
        Membership.objects.filter(user=owner).delete()  # the analyst is left, who may not
        with pytest.raises(Refused, match="Nobody else here may approve"):
            approvals.ask(campaign=draft, actor=marketer)
        assert fresh(draft).state == CampaignState.DRAFT


def test_what_is_not_ready_is_not_asked(organization: Organization, draft: Campaign, marketer: User) -> None:
    with tenant_scope(organization), pytest.raises(NotReady):
        approvals.ask(campaign=draft, actor=marketer)


CHANGES: dict[str, Callable[[Campaign, User], Any]] = {
    "segment": lambda campaign, actor: Segment.objects.update(
        definition={"match": "all", "rules": [{"about": "address", "op": "contains", "value": "b.example"}]}
    ),
    "content": lambda campaign, actor: designs.save(
        design=campaign.design,
        mjml=campaign.design.mjml + " ",
        version=campaign.design.version,
        actor=actor,
    ),
    "brand": lambda campaign, actor: Brand.objects.filter(pk=campaign.brand_id).update(postal_address="Elsewhere 2"),
    "look": lambda campaign, actor: BrandKit.objects.create(
        organization=campaign.organization, brand=campaign.brand, colours={"accent": "#112233"}
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_after_it_was_asked_is_asked_anew(
    organization: Organization, draft: Campaign, people: People, marketer: User, owner: User, change: str
) -> None:
    people(6)
    with tenant_scope(organization):
        segment = Segment.objects.create(
            organization=organization,
            name="A",
            definition={"match": "all", "rules": [{"about": "address", "op": "contains", "value": "example"}]},
        )
        verbs.edit(campaign=draft, actor=marketer, segment=segment)
        approvals.ask(campaign=draft, actor=marketer)
        CHANGES[change](fresh(draft), marketer)
        assert approvals.approve(campaign=draft, actor=owner) is False
        campaign = fresh(draft)
        assert campaign.state == CampaignState.DRAFT and "changed after it was asked for" in campaign.problem
        assert letters()[-1] == (marketer.email, "Changed, so not approved: Spring letter")


def test_a_page_that_shows_something_else_approves_nothing(
    organization: Organization, draft: Campaign, people: People, marketer: User, owner: User
) -> None:
    people(3)
    with tenant_scope(organization):
        approvals.ask(campaign=draft, actor=marketer)
        assert approvals.approve(campaign=draft, actor=owner, fingerprint="f" * 64) is False


def test_a_segment_that_is_changed_after_the_yes_is_not_sent_to(
    organization: Organization, draft: Campaign, people: People, marketer: User, owner: User
) -> None:
    people(6)
    with tenant_scope(organization):
        segment = Segment.objects.create(
            organization=organization,
            name="A",
            definition={"match": "all", "rules": [{"about": "address", "op": "contains", "value": "example"}]},
        )
        verbs.edit(campaign=draft, actor=marketer, segment=segment)
        schedules.choose(campaign=draft, actor=marketer, start_at=timezone.now() + timedelta(days=1))
        approvals.ask(campaign=draft, actor=marketer)
        approvals.approve(campaign=draft, actor=owner)
        CHANGES["segment"](fresh(draft), marketer)
        Campaign.objects.update(leaves_at=timezone.now())
        assert schedules.start(campaign=draft) is False
        assert "changed after it was approved" in fresh(draft).problem


def test_what_was_approved_and_taken_back_may_be_sent_unless_it_is_changed(
    organization: Organization, draft: Campaign, people: People, marketer: User, owner: User
) -> None:
    people(3)
    with tenant_scope(organization):
        approvals.ask(campaign=draft, actor=marketer)
        approvals.approve(campaign=draft, actor=owner)
        launches.take_back(campaign=draft, actor=marketer)
        assert reading.stands(fresh(draft))
        before = fingerprints.of(fresh(draft))
        verbs.edit(campaign=draft, actor=marketer, subject="Other")
        assert fingerprints.of(fresh(draft)) != before
        with pytest.raises(Unlawful):
            launches.launch(campaign=draft, actor=marketer)
        verbs.edit(campaign=draft, actor=marketer, subject=draft.subject)
        assert launches.launch(campaign=draft, actor=marketer) is True
