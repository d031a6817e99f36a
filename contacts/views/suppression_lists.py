"""A list for the do-not-send list: uploaded or pasted, looked at, added."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import require, tenant_url
from accounts.enums import Role
from contacts.actions import suppression_lists as verbs
from contacts.enums import SuppressionReason
from contacts.errors import Refused
from contacts.forms.suppressions import ListForm
from contacts.models import Topic

KEPT = "do-not-send-list"  # in the session: what was chosen for which list


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    form = ListForm(request.POST or None, request.FILES or None, organization=request.organization)
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            name = verbs.receive(organization=request.organization, chunks=form.chunks())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            topic = facts.get("topic")
            request.session[KEPT] = {
                "name": name,
                "reason": facts["reason"],
                "topic": topic.public_id if topic else "",
                "evidence": facts["evidence"],
            }
            return redirect(tenant_url(request, "contacts:suppression_list", kept=name))
    return render(request, "contacts/suppressions/upload.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, org: str, kept: str) -> HttpResponse:
    """What adding it would do; posting adds it."""
    require(request, Role.MARKETER)
    chosen = _chosen(request, kept)
    if chosen is None:
        messages.error(request, "That list is not there any more. Upload it again.")
        return redirect(tenant_url(request, "contacts:suppression_upload"))
    facts = {"organization": request.organization, "name": kept, "reason": chosen["reason"], "topic": chosen["topic"]}
    try:
        if request.method == "POST":
            n = verbs.add(**facts, evidence=chosen["evidence"], actor=request.user)
            del request.session[KEPT]
            messages.success(request, f"Added {n:,} to the do-not-send list.")
            return redirect(tenant_url(request, "contacts:suppressions"))
        plan = verbs.plan(**facts)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(tenant_url(request, "contacts:suppression_upload"))
    reasons = sorted(((reason.label, n) for reason, n in plan.reasons.items()), key=lambda one: -one[1])
    context = {"plan": plan, "reasons": reasons, "name": kept, **chosen}
    return render(request, "contacts/suppressions/review.html", context)


@require_POST
def discard(request: HttpRequest, org: str, kept: str) -> HttpResponse:
    require(request, Role.MARKETER)
    if _chosen(request, kept) is not None:
        verbs.discard(organization=request.organization, name=kept)
        del request.session[KEPT]
    return redirect(tenant_url(request, "contacts:suppressions"))


def _chosen(request: HttpRequest, name: str) -> dict[str, Any] | None:
    kept = request.session.get(KEPT, {})
    if kept.get("name") != name:
        return None
    topic = Topic.objects.filter(organization=request.organization, public_id=kept["topic"]).first()
    return {
        "reason": SuppressionReason(kept["reason"]),
        "topic": topic if kept["topic"] else None,
        "evidence": kept["evidence"],
    }
