"""Where ESPs report to: one address an account. No session, no token of ours: django-anymail's views prove who asks."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.tenancy import cross_tenant
from sending import keys
from sending.actions import esp_accounts, esp_reports
from sending.adapters import esp_reports as reading
from sending.enums import EspKind
from sending.models import EspAccount

MOST_OCTETS = 2 * 1024 * 1024


@csrf_exempt
@never_cache
@require_http_methods(["POST", "HEAD"])
def take(request: HttpRequest, account: str) -> HttpResponse:
    """204: taken (also what changes nothing). Anything else: the ESP is to come again, or an admin to look."""
    with cross_tenant("a report names an account by its address, not by its organization"):
        found = EspAccount.objects.filter(public_id=account).first()
    if found is None:
        return _answer(404, "There is no such account.")
    if request.method == "HEAD":  # some ask whether anybody is there before they take the address
        return HttpResponse()
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not length.isdigit() or int(length) > MOST_OCTETS:
        return _answer(413, "A report has 2 MB at most.")
    try:
        secrets = esp_accounts.report_secrets_of(found)
    except keys.Unreadable:
        return _answer(503, "What proves reports cannot be read at the moment.")
    try:
        reports = reading.read(kind=EspKind(found.kind), secrets=secrets, request=request)
    except reading.Forged:
        esp_accounts.reported(account_id=found.pk, organization_id=found.organization_id, well=False)
        return _answer(401, "This does not prove that it comes from the ESP for this account.", basic=True)
    except reading.Unreadable:
        esp_accounts.reported(account_id=found.pk, organization_id=found.organization_id, well=False)
        return _answer(400, "This is none of the ESP's reports.")
    esp_accounts.reported(account_id=found.pk, organization_id=found.organization_id, well=True)
    for report in reports:
        esp_reports.take(
            organization_id=found.organization_id,
            account_id=found.pk,
            esp=EspKind(found.kind).label,
            report=report,
        )
    return HttpResponse(status=204)


def _answer(status: int, words: str, *, basic: bool = False) -> HttpResponse:
    response = HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
    if basic:
        response["WWW-Authenticate"] = 'Basic realm="reports"'
    return response
