"""The operator's page of the warm-up of any address."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import for_operators
from accounts.tenancy import cross_tenant
from reputation.views.warmups import act_on, context_of
from sending.access import as_address
from sending.queries import egress
from sending.queries.egress import Address


@for_operators
@require_safe
def show(request: HttpRequest, address: str) -> HttpResponse:
    with cross_tenant("an operator looks at the warm-up of an address"):
        context = context_of(_address(address))
    return render(request, "reputation/operator_warmups/show.html", context)


@for_operators
@require_POST
def change(request: HttpRequest, address: str, act: str) -> HttpResponse:
    with cross_tenant("an operator steers the warm-up of an address"):
        found = _address(address)
        form, done = act_on(request, found, act)
        context = {} if done else context_of(found, form=form)
    if done:
        return redirect("warming:warmup", address=found.address)
    return render(request, "reputation/operator_warmups/show.html", context, status=422)


def _address(text: str) -> Address:
    found = egress.address(as_address(text), with_proxies=True)
    if found is None:
        raise Http404("There is no such address.")
    return found
