"""Tests of a draft: to oneself, to saved testers, to any address; and who the testers are."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import tenant_url
from accounts.enums import Role
from campaigns.access import campaign_for
from campaigns.actions import test_sends, testers
from campaigns.errors import Refused
from campaigns.forms.test_sends import TestForm
from campaigns.models import Campaign
from campaigns.queries import variants
from campaigns.views.campaigns import draft


@require_POST
def send(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    form = TestForm(request.POST, organization=request.organization, versions=variants.of(found))
    if not form.is_valid():
        return draft(request, found, test=form, status=422)
    given = form.cleaned_data
    try:
        with transaction.atomic():
            test_sends.send(
                campaign=found,
                actor=request.user,
                to=given["to"],
                person=given["person"],
                version=given["version"],
            )
            if given["keep"]:
                testers.keep(organization=request.organization, addresses=given["typed"], actor=request.user)
    except Refused as refused:
        form.add_error(None, str(refused))
        return draft(request, found, test=form, status=422)
    to = given["to"]
    whom = to[0] if len(to) == 1 else f"{len(to)} addresses"
    are = "The test is" if len(to) == 1 else "The tests are"
    messages.success(request, f"{are} on {'its' if len(to) == 1 else 'their'} way to {whom}. Nothing of it is counted.")
    return _back(request, found)


@require_POST
def forget(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """Keep a tester no longer."""
    found = campaign_for(request, campaign, need=Role.MARKETER)
    number = request.POST.get("forget", "")
    if number.isdecimal() and len(number) < 19:
        address = testers.forget(organization=request.organization, tester_id=int(number), actor=request.user)
        if address:
            messages.success(request, f"{address} is no tester any more.")
    return _back(request, found)


def _back(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return redirect(tenant_url(request, "campaigns:campaign", campaign=campaign.public_id))
