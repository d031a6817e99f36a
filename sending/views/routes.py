"""Sending services: which way each stream goes, and the organization's own accounts with ESPs."""

from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from accounts.models import Brand
from sending import keys
from sending.access import account_for
from sending.actions import esp_accounts, esp_tests
from sending.enums import EspKind, StreamKind
from sending.errors import Refused
from sending.esps import ESPS, Esp
from sending.forms.routes import OURS, WAITS, AccountForm, RouteForm, TestForm
from sending.models import EspAccount
from sending.queries import domains
from sending.queries import esp_accounts as reading
from sending.queries.esp_accounts import Route

LEVELS = {"pass": messages.SUCCESS, "warn": messages.WARNING, "fail": messages.ERROR}


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    rows = reading.rows(request.organization)
    accounts = [row.account for row in rows if row.account.disconnected_at is None]
    routes = [(route, _route_form(route, accounts)) for route in reading.routes(request.organization)]
    return render(
        request,
        "sending/routes/list.html",
        {"rows": rows, "routes": routes, "has_accounts": bool(accounts), "minutes": settings.ESP_FAILOVER_MINUTES},
    )


@require_POST
def route(request: HttpRequest, org: str, kind: str) -> HttpResponse:
    require(request, Role.ADMIN)
    if kind not in esp_accounts.CHOSEN:
        raise Http404("There is no such stream.")
    accounts = list(EspAccount.objects.filter(organization=request.organization, disconnected_at=None))
    form = RouteForm(accounts, request.POST, prefix=kind)
    if not form.is_valid():
        messages.error(request, "One of these ways is not there any more. Nothing has changed.")
        return redirect(tenant_url(request, "sending:services"))
    try:
        stream = esp_accounts.choose(
            organization=request.organization,
            kind=StreamKind(kind),
            first=form.first_way(),
            failover=form.other_way(),
            actor=request.user,
        )
    except Refused as refused:
        messages.error(request, f"{refused} Nothing has changed.")
    else:
        messages.success(request, f"{stream} goes by {stream.account or 'our own relay'} from now on.")
    return redirect(tenant_url(request, "sending:services"))


@require_safe
def choose(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.ADMIN)
    return render(request, "sending/routes/choose.html", {"esps": list(ESPS.values())})


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str, kind: str) -> HttpResponse:
    require(request, Role.ADMIN)
    esp = _esp(kind)
    form = AccountForm(esp, request.POST or None, taken=reading.names(request.organization))
    if request.method == "POST" and form.is_valid():
        region = form.cleaned_data.get("region", "")
        found = esp_tests.key(kind=esp.kind, region=region, given=form.given(), home=_home(request))
        if found.level != "pass":
            form.add_error(None, f"{found.words} Nothing is stored.")
        else:
            try:
                account = esp_accounts.connect(
                    organization=request.organization,
                    kind=esp.kind,
                    name=form.cleaned_data["name"],
                    region=region,
                    given=form.given(),
                    actor=request.user,
                )
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{account} is connected. No mail goes by it yet.")
                return redirect(tenant_url(request, "sending:service", account=account.public_id))
    context = {"form": form, "esp": esp, "sandbox": settings.SANDBOX}
    return render(request, "sending/routes/new.html", context, status=422 if form.errors else 200)


@require_safe
def show(request: HttpRequest, org: str, account: str) -> HttpResponse:
    found = account_for(request, account)
    may_admin = request.role >= Role.ADMIN
    return render(
        request,
        "sending/routes/show.html",
        {
            "account": found,
            "esp": ESPS[found.kind],
            "row": reading.row(found),
            "reports": reading.reports(found),
            "health": reading.health(found),
            "address": _report_address(found) if may_admin else "",
            "test": TestForm(domains.verified(request.organization)),
            "has_domain": domains.verified(request.organization).exists(),
            "hours": settings.ESP_REPORT_HOURS,
            "sandbox": settings.SANDBOX,
        },
    )


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, org: str, account: str) -> HttpResponse:
    found = account_for(request, account, need=Role.ADMIN)
    esp = ESPS[found.kind]
    if found.disconnected_at is not None:
        raise Http404("This account is disconnected.")
    form = AccountForm(esp, request.POST or None, account=found, taken=reading.names(request.organization, but=found))
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.given().items() if value}
        whole = _stored(found) | given
        checked = esp_tests.key(kind=esp.kind, region=found.region, given=whole, home=_home(request))
        if given and checked.level != "pass":
            form.add_error(None, f"{checked.words} Nothing has changed.")
        else:
            esp_accounts.change(account=found, name=form.cleaned_data["name"], given=given, actor=request.user)
            messages.success(request, "Saved.")
            return redirect(tenant_url(request, "sending:service", account=account))
    context = {"form": form, "esp": esp, "account": found}
    return render(request, "sending/routes/change.html", context, status=422 if form.errors else 200)


@require_POST
def test(request: HttpRequest, org: str, account: str) -> HttpResponse:
    found = account_for(request, account, need=Role.ADMIN)
    form = TestForm(domains.verified(request.organization), request.POST)
    if found.disconnected_at is not None or not form.is_valid():
        messages.error(request, "A test needs a connected account and a verified domain. Nothing was sent.")
    else:
        brand = Brand.objects.get(organization=request.organization, is_default=True)
        result = esp_tests.message(
            account=found,
            brand=brand,
            domain=form.cleaned_data["domain"],
            to=request.user.email,
            actor=request.user,
        )
        messages.add_message(request, LEVELS[result.level], result.words)
    return redirect(tenant_url(request, "sending:service", account=account))


@require_POST
def disconnect(request: HttpRequest, org: str, account: str) -> HttpResponse:
    found = account_for(request, account, need=Role.ADMIN)
    if request.POST.get("name", "").strip() != found.name:
        messages.error(request, f"Type {found.name} to disconnect it. Nothing has changed.")
        return redirect(tenant_url(request, "sending:service", account=account))
    try:
        esp_accounts.disconnect(account=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{found} is disconnected. What waits goes by our own relay.")
    return redirect(tenant_url(request, "sending:services"))


def _esp(kind: str) -> Esp:
    if kind not in ESPS:
        raise Http404("There is no such service here.")
    return ESPS[EspKind(kind)]


def _route_form(route: Route, accounts: list[EspAccount]) -> RouteForm:
    other = route.failover_account.public_id if route.failover_account else OURS
    chosen = {
        "first": route.account.public_id if route.account else OURS,
        "failover": other if route.has_failover else WAITS,
    }
    return RouteForm(accounts, initial=chosen, prefix=route.kind)


def _home(request: HttpRequest) -> str:
    found = domains.verified(request.organization).first() or domains.of(request.organization).first()
    return found.name if found is not None else settings.HOUSE_DOMAIN


def _stored(account: EspAccount) -> dict[str, Any]:
    """What is stored, as far as it can be read: what cannot must be given anew."""
    try:
        return esp_accounts.access_of(account)
    except keys.Unreadable:
        return {}


def _report_address(account: EspAccount) -> str:
    """The address to paste into the ESP, with the password that its reports prove themselves by."""
    base = urlsplit(settings.BASE_URL)
    try:
        password = esp_accounts.report_secrets_of(account)["password"]
    except keys.Unreadable:
        return ""
    return f"{base.scheme}://{esp_accounts.REPORTS_USER}:{quote(password)}@{base.netloc}/reports/{account.public_id}"
