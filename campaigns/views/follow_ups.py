"""What follows a send: again to those who did not open it, or a correction; each becomes a draft like any other."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import tenant_url
from accounts.enums import Role
from campaigns.access import campaign_for
from campaigns.actions import copies
from campaigns.enums import CampaignKind
from campaigns.errors import Refused
from campaigns.forms.follow_ups import CorrectionForm, ResendForm
from campaigns.queries import content, follow_ups, variants
from sending.queries import link_changes

SOON = timedelta(hours=24)  # many open a mail on the next day
_FORMS: dict[CampaignKind, type[ResendForm] | type[CorrectionForm]] = {
    CampaignKind.RESEND: ResendForm,
    CampaignKind.CORRECTION: CorrectionForm,
}
_MADE = {
    CampaignKind.RESEND: "This is the resend, a draft. Look at it, then send it.",
    CampaignKind.CORRECTION: "This is the correction, a draft. Write what was wrong, then send it.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """Again, to those who did not open it."""
    return _new(request, campaign, CampaignKind.RESEND)


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """A correction, to those who got it or who clicked."""
    return _new(request, campaign, CampaignKind.CORRECTION)


def _new(request: HttpRequest, campaign: str, kind: CampaignKind) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    if not follow_ups.may_follow(found):
        messages.warning(request, "Nothing of this campaign has been sent yet, so nothing can follow it.")
        return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))
    numbers, letter = follow_ups.numbers(found), variants.sent_letter(found)
    form = _FORMS[kind](
        request.POST or None,
        said=letter.subject if letter is not None else "",
        names=content.merge_names(request.organization),
        numbers=numbers,
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = copies.follow_up(
                campaign=found,
                kind=kind,
                people=form.people(),
                subject=form.cleaned_data["subject"],
                actor=request.user,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _MADE[kind])
            if found.mailing_id and (elsewhere := link_changes.in_force(found.mailing_id)):
                _say_where_links_led(request, list(elsewhere.items()))
            return redirect(tenant_url(request, "campaigns:campaign", campaign=made.public_id))
    context = {
        "campaign": found,
        "form": form,
        "numbers": numbers,
        "is_soon": found.launched_at is not None and timezone.now() - found.launched_at < SOON,
    }
    status = 422 if form.errors else 200
    return render(request, f"campaigns/follow_ups/{kind.value}.html", context, status=status)


def _say_where_links_led(request: HttpRequest, elsewhere: list[tuple[str, str]]) -> None:
    """The copy has the content as it was sent: what was led elsewhere since leads there no more in it."""
    was, now = elsewhere[0]
    others = f" So were {len(elsewhere) - 1} others." if len(elsewhere) > 1 else ""
    messages.warning(
        request,
        f"After the send {was[:200]} was led to {now[:200]}.{others} The content of this draft has the links as they were sent: "
        "change them in it.",
    )
