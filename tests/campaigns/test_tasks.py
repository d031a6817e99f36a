"""Wake-ups may get lost: the sweeps redo what a crash left, and finish what is done."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns import tasks
from campaigns.actions import launches
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from sending.enums import Bucket, DeliveryState
from sending.models import Delivery, Tally


def current(organization: Organization, campaign: Campaign) -> Campaign:
    with tenant_scope(organization):
        return Campaign.objects.select_related("mailing").get(pk=campaign.pk)


def test_a_launch_that_lost_its_wake_up_is_swept(
    organization: Organization, draft: Campaign, people: Callable[..., Any], marketer: User, tasks_at_once: None
) -> None:
    people(3)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
    tasks.sweep_launches()
    assert current(organization, draft).state == CampaignState.LAUNCHING  # its wake-up may still come
    with tenant_scope(organization):
        Campaign.objects.update(launched_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep_launches()
    assert current(organization, draft).state == CampaignState.SENDING
    tasks.freeze(organization.pk, draft.pk)
    with tenant_scope(organization):
        assert Delivery.objects.count() == 3


def test_a_cancelled_send_that_lost_its_wake_up_is_swept(
    organization: Organization, draft: Campaign, people: Callable[..., Any], marketer: User, tasks_at_once: None
) -> None:
    people(3)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        launches.cancel(campaign=Campaign.objects.get(pk=draft.pk), actor=marketer)
    tasks.sweep_launches()
    assert current(organization, draft).finished_at is not None


def test_what_is_done_is_finished(
    organization: Organization, draft: Campaign, people: Callable[..., Any], marketer: User, tasks_at_once: None
) -> None:
    people(2)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
    tasks.finish_campaigns()
    assert current(organization, draft).state == CampaignState.SENDING
    with tenant_scope(organization):
        mailing = current(organization, draft).mailing
        Delivery.objects.update(state=DeliveryState.DELIVERED)
        for kind, n in ((Bucket.ON_ITS_WAY, -2), (Bucket.DELIVERED, 2)):
            Tally.objects.create(organization=organization, mailing_id=mailing.pk, kind=kind, n=n, at=timezone.now())
    tasks.finish_campaigns()
    campaign = current(organization, draft)
    assert campaign.state == CampaignState.FINISHED and campaign.mailing.finished_at
