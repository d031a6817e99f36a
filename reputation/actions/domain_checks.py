"""Checking a sending domain in DNS and keeping what was found: the evidence, the fix, and since when.

DNS takes seconds, so no transaction is open while it is asked: one scope reads what is expected, another one writes.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.tenancy import tenant_scope_id
from reputation.dns_checks import domain as dns
from reputation.dns_checks.dkim import SECOND
from reputation.dns_checks.findings import Finding
from reputation.dns_checks.findings import Status as Found
from reputation.dns_checks.resolver import LiveResolver, Outcome, Resolver
from reputation.models import DomainCheck
from sending.actions import domains
from sending.dns_records import Record
from sending.errors import DomainRefused
from sending.models import SendingDomain
from sending.queries import domains as sending_domains

OWNER = "owner"
MAX_SEEN_CHARS = 4_000


def run(*, organization_id: int, domain_id: int, resolver: Resolver | None = None) -> None:
    """Check one domain now. Opens its own scopes; call it outside of any. A domain that is gone is no error."""
    with tenant_scope_id(organization_id):
        domain = SendingDomain.objects.filter(pk=domain_id).first()
        if domain is None:
            return
        expected = expected_of(domains.give_second_key(domain=domain))
    findings = asyncio.run(_measure(resolver or LiveResolver(settings.RELAY_RESOLVER), expected))
    with tenant_scope_id(organization_id):
        domain = SendingDomain.objects.filter(pk=domain_id).first()
        if domain is not None:
            store(domain=domain, findings=findings)


def expected_of(domain: SendingDomain) -> dns.Expected:
    """What the domain should publish; our addresses are not known yet."""
    records = sending_domains.records(domain)
    return dns.Expected(
        domain=domain.name,
        return_path=domain.return_path,
        dkim=records.dkim,
        spf=records.spf,
        mx=records.mx,
        dmarc=records.dmarc,
        dkim2=records.dkim2,
    )


@transaction.atomic
def store(*, domain: SendingDomain, findings: Sequence[Finding]) -> None:
    """Keep the findings, and let them decide on the domain's state."""
    now = timezone.now()
    statuses = {finding.status for finding in findings if finding.check != SECOND}
    second = next((finding.status for finding in findings if finding.check == SECOND), None)
    if second is not Found.UNKNOWN:
        domains.settle_second_key(domain=domain, works=second is Found.PASS)
    works = False if Found.FAIL in statuses else None if Found.UNKNOWN in statuses else True
    findings = list(findings)
    try:
        domains.settle_check(domain=domain, works=works, at=now)
    except DomainRefused as refused:
        findings.append(Finding(OWNER, Found.FAIL, str(refused), fix="Write to us if the domain is yours."))
    before = {check.check_name: check for check in DomainCheck.objects.filter(domain=domain)}
    expected = _expected_records(domain)
    for finding in findings:
        known = before.pop(finding.check, None)
        record = finding.record or expected.get(finding.check)
        DomainCheck.objects.update_or_create(
            domain=domain,
            check_name=finding.check,
            defaults={
                "organization_id": domain.organization_id,
                "status": finding.status.value,
                "found": "\n".join(finding.seen).replace("\x00", "�")[:MAX_SEEN_CHARS],
                "expected": record.value if record else "",
                "record_name": record.name if record else "",
                "record_type": record.type if record else "",
                "message": f"{finding.summary} {finding.fix}".strip().replace("\x00", "�"),
                "measured_at": now,
                "since": known.since if known and known.status == finding.status.value else now,
            },
        )
    DomainCheck.objects.filter(pk__in=[gone.pk for gone in before.values()]).delete()


def _expected_records(domain: SendingDomain) -> dict[str, Record]:
    records = sending_domains.records(domain)
    pairs = {"dkim": records.dkim, SECOND: records.dkim2, "spf": records.spf, "mx": records.mx, "dmarc": records.dmarc}
    return {name: record for name, record in pairs.items() if record is not None}


async def _measure(resolver: Resolver, expected: dns.Expected) -> list[Finding]:
    # The relay's own name leads to the addresses that it sends from.
    answers = await asyncio.gather(*(resolver.lookup(settings.RELAY_EHLO_NAME, rdtype) for rdtype in ("A", "AAAA")))
    ours = tuple(value for answer in answers if answer.outcome is Outcome.FOUND for value in answer.values)
    return await dns.check(resolver, replace(expected, addresses=ours))
