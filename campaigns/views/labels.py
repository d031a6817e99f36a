"""What colleagues do with any campaign, sent or not: tag it, note something, make it public, duplicate it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import tenant_url
from accounts.enums import Role
from campaigns.access import campaign_for
from campaigns.actions import copies, labels
from campaigns.errors import Refused
from campaigns.forms.labels import LabelForm


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    initial = {"tags": ", ".join(found.tags), "notes": found.notes, "is_public": found.is_public}
    form = LabelForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            labels.label(
                campaign=found,
                tags=form.tag_list(),
                notes=form.cleaned_data["notes"],
                is_public=form.cleaned_data["is_public"],
                actor=request.user,
            )
        except Refused as refused:
            form.add_error("tags", str(refused))
        else:
            messages.success(request, "Saved.")
            return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))
    status = 422 if form.errors else 200
    return render(request, "campaigns/campaigns/labels.html", {"form": form, "campaign": found}, status=status)


@require_POST
def duplicate(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    made = copies.duplicate(campaign=found, actor=request.user)
    messages.success(request, "This is the copy, a draft of its own.")
    return redirect(tenant_url(request, "campaigns:campaign", campaign=made.public_id))
