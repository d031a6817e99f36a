"""Send again what failed or is unconfirmed: choose by reason and provider, watch it in the report, stop it."""

from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import tenant_url
from accounts.enums import Role
from campaigns import wording
from campaigns.access import campaign_for
from campaigns.actions import retries as verbs
from campaigns.errors import Refused
from campaigns.models import Campaign
from campaigns.wording import Words
from sending import tasks
from sending.actions import retries as sending
from sending.enums import DeliveryState
from sending.queries import retries as reading
from sending.queries.retries import Group


@dataclass(frozen=True, slots=True)
class Choice:
    """A group as a line with a box. `value` names it in the form."""

    group: Group
    words: Words
    value: str
    is_chosen: bool

    @property
    def is_unconfirmed(self) -> bool:
        return self.group.state == DeliveryState.IN_DOUBT


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    groups = reading.groups(found.mailing) if found.mailing is not None else []
    # What failed is chosen at first; what may arrive twice is not.
    ticked = (
        set(request.POST.getlist("group"))
        if request.method == "POST"
        else {_value(group) for group in groups if group.state == DeliveryState.FAILED}
    )
    trouble = ""
    if request.method == "POST":
        try:
            retry = verbs.order(
                campaign=found,
                groups=[group.key for group in groups if _value(group) in ticked],
                twice_is_fine="twice" in request.POST,
                actor=request.user,
            )
        except Refused as refused:
            trouble = str(refused)
        else:
            if retry is not None:
                organization_id, retry_id = retry.organization_id, retry.pk
                transaction.on_commit(lambda: tasks.retry.delay(organization_id, retry_id), robust=True)
                messages.success(request, f"{retry.total:,} are sent again.")
            else:
                messages.info(request, "Some are being sent again already. Wait for these, then choose again.")
            return _report(request, found)
    choices = [
        Choice(group, wording.words(group.state.name.lower(), group.reason), _value(group), _value(group) in ticked)
        for group in groups
    ]
    context = {
        "campaign": found,
        "choices": choices,
        "has_unconfirmed": any(choice.is_unconfirmed for choice in choices),
        "trouble": trouble,
        "twice": "twice" in request.POST,
        "at_work": reading.at_work(found.mailing_id) if found.mailing_id else None,
        "last": reading.last(found.mailing_id) if found.mailing_id else None,
        "may": found.state in verbs.STATES,
    }
    return render(request, "campaigns/retries/choose.html", context, status=422 if trouble else 200)


@require_POST
def stop(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    if found.mailing is not None and sending.stop(mailing=found.mailing, actor=request.user):
        messages.success(request, "Stopped. Those that are in the queue again already stay there.")
    else:
        messages.info(request, "Nothing is being put into the queue again at this moment.")
    return _report(request, found)


def _value(group: Group) -> str:
    return f"{group.state:d}:{group.reason}:{group.provider}"


def _report(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return redirect(tenant_url(request, "campaigns:campaign", campaign=campaign.public_id))
