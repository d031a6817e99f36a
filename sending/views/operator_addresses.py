"""The operator's pages of all addresses and pools, and of one address over time. Changing them is `manage.py addresses`."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import for_operators
from accounts.tenancy import cross_tenant
from sending.access import as_address
from sending.queries import egress, relays
from sending.queries import rulings as ruled
from sending.views.addresses import days_of, timeline


@for_operators
@require_safe
def list_(request: HttpRequest) -> HttpResponse:
    with cross_tenant("an operator looks at the addresses of all organizations"):
        context = {
            "addresses": egress.addresses(with_proxies=True),
            "pools": egress.pools(),
            "has_relay": any(relay.lives for relay in relays.all_()),
        }
    return render(request, "sending/operator_addresses/list.html", context)


@for_operators
@require_safe
def show(request: HttpRequest, address: str) -> HttpResponse:
    days = days_of(request)
    with cross_tenant("an operator looks at the addresses of all organizations"):
        found = egress.address(as_address(address), with_proxies=True)
        if found is None:
            raise Http404("There is no such address.")
        context = timeline(found, days, ZoneInfo(settings.TIME_ZONE))
        rows = ruled.all_of_source(found.id, days=days)
        context["rulings"] = [ruled.as_line(row, {found.id: found.address}) for row in rows]
    return render(request, "sending/operator_addresses/show.html", context)
