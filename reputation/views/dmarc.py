"""What the world sees sent in a domain's name."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reputation.queries import dmarc
from sending import domain_names
from sending.access import domain_for


@require_safe
def show(request: HttpRequest, org: str, domain: str) -> HttpResponse:
    found = domain_for(request, domain)
    context = {
        "domain": found,
        "shown": domain_names.shown(found.name),
        "summary": dmarc.summary(found),
        "sources": dmarc.sources(found),
        "reports": dmarc.reports(found),
        "days": dmarc.DAYS,
        "record": f"v=DMARC1; p=none; rua=mailto:{dmarc.address(found)}",
    }
    return render(request, "reputation/domains/dmarc.html", context)
