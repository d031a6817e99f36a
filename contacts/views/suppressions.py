"""The do-not-send list: looking, adding with a reason, lifting by an admin."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from contacts.access import suppression_for
from contacts.actions import suppressions as verbs
from contacts.enums import SuppressionReason
from contacts.errors import NotThisWay
from contacts.forms.suppressions import LiftForm, SuppressManyForm
from contacts.queries import suppressions
from contacts.views.people import cursor


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    text, reason = request.GET.get("q", "").strip(), request.GET.get("reason", "")
    lifted = request.GET.get("lifted") == "1"
    page = suppressions.page(
        request.organization,
        text=text,
        reason=reason if reason in SuppressionReason.values else "",
        lifted=lifted,
        after=cursor(request, "after"),
        before=cursor(request, "before"),
    )
    is_filtered = bool(text or reason or lifted)
    context = {
        "page": page,
        "text": text,
        "reason": reason,
        "lifted": lifted,
        "is_filtered": is_filtered,
        "reasons": SuppressionReason.choices,
        "total": None if is_filtered else suppressions.count(request.organization),
    }
    return render(request, "contacts/suppressions/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    form = SuppressManyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        keys = form.cleaned_data["addresses"]
        n = verbs.suppress_many(
            organization=request.organization,
            keys=keys,
            reason=SuppressionReason(form.cleaned_data["reason"]),
            source="member",
            evidence=form.cleaned_data["evidence"],
            actor=request.user,
        )
        known = f" {len(keys) - n:,} were on it already." if n < len(keys) else ""
        messages.success(request, f"Added {n:,} to the do-not-send list.{known}")
        return redirect(tenant_url(request, "contacts:suppressions"))
    return render(request, "contacts/suppressions/new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, org: str, suppression: int) -> HttpResponse:
    found = suppression_for(request, suppression, Role.ADMIN)
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.lift(suppression=found, actor=request.user, why=form.cleaned_data["why"])
        except NotThisWay as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{found.address_key} may get mail again, unless another entry stands.")
            return redirect(tenant_url(request, "contacts:suppressions"))
    return render(request, "contacts/suppressions/lift.html", {"form": form, "suppression": found})
