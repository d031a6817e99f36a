"""View in browser: one person's own mail on a page. Looking at it counts as nothing and changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.tenancy import tenant_scope_id
from campaigns.queries import web_versions
from campaigns.views import public_pages

GONE = (
    gettext_lazy("There is no mail here"),
    gettext_lazy("A part of the link got lost, or the mail is no longer kept. Please open it again from the mail."),
)
TEST = (gettext_lazy("This was a test"), gettext_lazy("The mail is here once it has been sent."))


@csrf_exempt  # so that a POST is answered 405 and not 403
@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    opened = web_versions.opened(token)
    if opened is None:
        return public_pages.gone(request, *(TEST if web_versions.is_of_a_test(token) else GONE))
    with tenant_scope_id(opened.organization_id):
        mail = web_versions.mail(opened.hit)
    if mail is None:
        return public_pages.gone(request, *GONE)
    return public_pages.private(HttpResponse(mail.html), public_pages.MAIL_POLICY)
