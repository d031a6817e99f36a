"""Why did X not get it? One box; the answer in plain words, with the server's reply, the next try, and what to do."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may, tenant_url
from accounts.enums import Role
from campaigns.access import message_for
from campaigns.actions import launches
from campaigns.errors import Refused
from campaigns.queries import stories
from sending.actions import mailings
from sending.enums import DeliveryState
from sending.errors import Refused as SendingRefused
from sending.models import Delivery


@require_safe
def search(request: HttpRequest, org: str) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:320]
    answer = stories.search(request.organization, query) if query else None
    return render(request, "campaigns/messages/search.html", {"query": query, "answer": answer})


@require_safe
def show(request: HttpRequest, org: str, message: int) -> HttpResponse:
    delivery = message_for(request, message)
    context = {
        "story": stories.of(delivery),
        "trying": _trying(delivery),
        "may_retry": may(request, Role.MARKETER) and delivery.state == DeliveryState.DEFERRED,
        "may_send_again": may(request, Role.MARKETER)
        and delivery.state in (DeliveryState.FAILED, DeliveryState.IN_DOUBT),
    }
    return render(request, "campaigns/messages/show.html", context)


def _trying(delivery: Delivery) -> str:
    """What goes on with it right now; "" when nothing does."""
    if delivery.state == DeliveryState.SENDING:
        return "It is being tried at this moment."
    if delivery.state == DeliveryState.DEFERRED and delivery.due_at <= timezone.now():
        return "It is tried again as soon as its turn comes."
    return ""


@require_POST
def retry(request: HttpRequest, org: str, message: int) -> HttpResponse:
    delivery = message_for(request, message, need=Role.MARKETER)
    if mailings.retry_now(delivery=delivery, actor=request.user):
        messages.success(request, "It is tried again now. Their server may still ask us to wait.")
    else:
        messages.info(request, "It does not wait any more: look at what became of it.")
    return _back(request, delivery)


@require_POST
def again(request: HttpRequest, org: str, message: int) -> HttpResponse:
    delivery = message_for(request, message, need=Role.MARKETER)
    try:
        sent = mailings.send_again(delivery=delivery, actor=request.user)
        if sent:
            launches.reopen(mailing_id=delivery.mailing_id)
    except (Refused, SendingRefused) as refused:
        messages.error(request, str(refused))
    else:
        if sent:
            messages.success(request, "It is sent again.")
        else:
            messages.info(request, "There is nothing to send again: look at what became of it.")
    return _back(request, delivery)


def _back(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    return redirect(tenant_url(request, "campaigns:message", message=delivery.pk))
