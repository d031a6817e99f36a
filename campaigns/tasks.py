"""Wake-ups of campaigns: freeze an audience, clear away a cancelled send, sweep what lost its wake-up."""

from celery import shared_task

from accounts.tenancy import cross_tenant, tenant_scope_id
from campaigns.actions import launches
from campaigns.models import Campaign
from campaigns.queries import campaigns as reading


@shared_task
def freeze(organization_id: int, campaign_id: int) -> None:
    with tenant_scope_id(organization_id):
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is not None:
            launches.freeze(campaign=campaign)


@shared_task
def clear_away(organization_id: int, campaign_id: int) -> None:
    more = True
    while more:
        with tenant_scope_id(organization_id):
            campaign = Campaign.objects.select_related("mailing").filter(pk=campaign_id).first()
            more = campaign is not None and launches.clear_away(campaign=campaign)


@shared_task
def sweep_launches() -> None:
    """Redo what lost its wake-up or its worker: launches that are not frozen, cancelled sends that are not cleared away."""
    with cross_tenant("launches of every organization that lost their wake-up"):
        frozen, cleared = reading.unfrozen(), reading.uncleared()
    for organization_id, campaign_id in frozen:
        freeze.delay(organization_id, campaign_id)
    for organization_id, campaign_id in cleared:
        clear_away.delay(organization_id, campaign_id)


@shared_task
def finish_campaigns() -> None:
    """Finish the campaigns of which nothing is open any more."""
    with cross_tenant("campaigns of every organization that may be done"):
        candidates = reading.perhaps_done()
    for organization_id, campaign_id in candidates:
        finish.delay(organization_id, campaign_id)  # each by itself: one that fails keeps no other waiting


@shared_task
def finish(organization_id: int, campaign_id: int) -> None:
    with tenant_scope_id(organization_id):
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is not None:
            launches.finish_if_done(campaign=campaign)
