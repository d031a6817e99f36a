"""The demo's example of "Why did somebody not get it?": finds somebody who did not, and asks about them."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import tenant_url
from posthouse.access import sandbox_only
from posthouse.queries import five_things


@require_safe
@never_cache
@sandbox_only
def ask(request: HttpRequest, org: str) -> HttpResponse:
    address = five_things.somebody_without_mail(request.organization)
    if not address:
        messages.info(request, "Everybody got their mail so far. Ask again while something is being retried.")
        return redirect(tenant_url(request, "campaigns:messages"))
    request.session["asked_why"] = True
    return redirect(f"{tenant_url(request, 'campaigns:messages')}?{urlencode({'q': address})}")
