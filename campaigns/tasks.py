"""Wake-ups of campaigns: freeze an audience, start what is due, watch, clear away, sweep what lost its wake-up."""

from celery import shared_task

from accounts.tenancy import cross_tenant, tenant_scope_id
from campaigns.actions import canaries, launches, link_checks, schedules, winners
from campaigns.models import Campaign
from campaigns.queries import campaigns as reading
from campaigns.queries import link_checks as links
from sending.models import Mailing


@shared_task
def freeze(organization_id: int, campaign_id: int) -> None:
    with tenant_scope_id(organization_id):
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is not None:
            launches.freeze(campaign=campaign)


@shared_task
def clear_away(organization_id: int, mailing_id: int) -> None:
    more = True
    while more:
        with tenant_scope_id(organization_id):
            mailing = Mailing.objects.filter(pk=mailing_id).first()
            more = mailing is not None and launches.clear_away(mailing=mailing)


@shared_task
def sweep_launches() -> None:
    """Redo what lost its wake-up or its worker: launches that are not frozen, stopped sends that are not cleared away."""
    with cross_tenant("launches of every organization that lost their wake-up"):
        frozen, cleared = reading.unfrozen(), reading.uncleared()
    for organization_id, campaign_id in frozen:
        freeze.delay(organization_id, campaign_id)
    for organization_id, mailing_id in cleared:
        clear_away.delay(organization_id, mailing_id)


@shared_task
def look_after_launches() -> None:
    """What nobody has to press a button for: start what is due, end undo windows, watch careful starts and tests."""
    with cross_tenant("launches of every organization whose time has come"):
        due, over = reading.nearly_due(), reading.out_of_undo()
        careful, testing = reading.careful(), reading.testing()
    for organization_id, campaign_id in due:
        start.delay(organization_id, campaign_id)
    for organization_id, campaign_id in over:
        let_go.delay(organization_id, campaign_id)
    for organization_id, campaign_id in careful:
        watch.delay(organization_id, campaign_id)
    for organization_id, campaign_id in testing:
        find_winner.delay(organization_id, campaign_id)


@shared_task
def start(organization_id: int, campaign_id: int) -> None:
    started = False
    with tenant_scope_id(organization_id):
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        started = campaign is not None and schedules.start(campaign=campaign)
    if started:
        freeze(organization_id, campaign_id)


@shared_task
def let_go(organization_id: int, campaign_id: int) -> None:
    with tenant_scope_id(organization_id):
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is not None:
            launches.let_go(campaign=campaign)


@shared_task
def watch(organization_id: int, campaign_id: int) -> None:
    with tenant_scope_id(organization_id):
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is not None:
            canaries.watch(campaign=campaign)


@shared_task
def find_winner(organization_id: int, campaign_id: int) -> None:
    with tenant_scope_id(organization_id):
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is not None:
            winners.watch(campaign=campaign)


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


@shared_task
def ask_links(organization_id: int) -> None:
    more = True
    while more:
        with tenant_scope_id(organization_id) as organization:
            rows = link_checks.take_up(organization=organization)
        replies = link_checks.ask(rows) if rows else {}
        with tenant_scope_id(organization_id):
            link_checks.keep(replies)
        more = bool(rows)


@shared_task
def sweep_links() -> None:
    """Ask what lost its wake-up or its worker."""
    with cross_tenant("links of every organization that are to be asked"):
        waiting = links.waiting()
    for organization_id in waiting:
        ask_links.delay(organization_id)
