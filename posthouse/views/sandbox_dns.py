"""Publishing a domain's records in the sandbox's DNS, as one would at a DNS provider; and having them looked at again."""

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.access import tenant_url
from accounts.actions import audit
from accounts.enums import Role
from posthouse.access import sandbox_only
from posthouse.sandbox import zone
from posthouse.sandbox.store import Store
from reputation import tasks
from sending.access import domain_for
from sending.actions import domains
from sending.queries import domains as domain_queries


@require_POST
@sandbox_only
def publish(request: HttpRequest, org: str) -> HttpResponse:
    """POST `domain` (public id) and, for one record only, `record` (dkim, dkim2, spf, mx, dmarc, link). `next`: where to."""
    domain = domain_for(request, request.POST.get("domain", ""), need=Role.MARKETER)
    wanted = domain_queries.records(domain)
    one = request.POST.get("record", "")
    single = one in ("dkim", "dkim2", "spf", "mx", "dmarc", "link")
    chosen = [getattr(wanted, one)] if single else [*wanted.needed, wanted.dkim2, wanted.link]
    records = [zone.Record(record.name, record.type, record.value) for record in chosen if record is not None]
    with Store(settings.SANDBOX_STORE) as store:
        store.publish(records)
    domains.ask_for_check(domain=domain)
    audit.record(
        organization=request.organization,
        actor=request.user,
        verb="sandbox.records_published",
        target=domain,
        data={"records": [f"{record.kind} {record.name}" for record in records]},
    )
    transaction.on_commit(lambda: tasks.check_domain.delay(request.organization.pk, domain.pk), robust=True)
    messages.success(request, f"Published in the sandbox's DNS: {_said(records)}. We are looking at it now.")
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = tenant_url(request, "reputation:domains")
    return redirect(back)


def _said(records: list[zone.Record]) -> str:
    return f"{records[0].kind} for {records[0].name}" if len(records) == 1 else f"{len(records)} records"
