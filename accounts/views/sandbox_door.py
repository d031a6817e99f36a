"""The sandbox's login cards: in as a person of the demo, without a password.

Only while the sandbox is on (nothing leaves this computer then), only people of the demo data, only by POST.
"""

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.models import User


@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    if not settings.SANDBOX:
        raise Http404
    who = request.POST.get("who", "").replace("\x00", "")
    person = User.objects.filter(is_demo=True, is_active=True, email=who).first()
    if person is None:
        raise Http404
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect("accounts:front")
