"""Keeping what receivers report about a domain, once each; forgetting it when it is old."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from reputation.models import DmarcReport, DmarcSource
from sending.mailroom.dmarc import Report
from sending.models import SendingDomain

KEPT_DAYS = 400
MOST_PER_DAY = 2_000  # reports about one domain: who signs any number of them is no receiver
LONGEST = timedelta(days=8)  # a report's time; RFC 7489 asks for a day


@transaction.atomic
def keep(*, domain: SendingDomain, report: Report, signer: str) -> bool:
    """Write a report down; False when it was known, is about no sensible time, or is one too many. In a tenant's scope."""
    now = timezone.now()
    if report.ended_at < report.began_at or report.ended_at - report.began_at > LONGEST:
        return False
    if not now - timedelta(days=KEPT_DAYS) < report.ended_at < now + timedelta(days=2):
        return False
    if DmarcReport.objects.filter(domain=domain, received_at__gt=now - timedelta(days=1)).count() >= MOST_PER_DAY:
        return False
    if DmarcReport.objects.filter(domain=domain, signer=signer[:253], report_id=report.report_id).exists():
        return False
    row = DmarcReport(
        organization_id=domain.organization_id,
        domain=domain,
        reporter=report.reporter,
        report_id=report.report_id,
        signer=signer[:253],
        policy=report.policy,
        began_at=report.began_at,
        ended_at=report.ended_at,
        received_at=now,
        messages=report.messages,
    )
    # The same report may come in twice at once: then the second waits here for the first, and adds nothing.
    (row,) = DmarcReport.objects.bulk_create([row], ignore_conflicts=True)
    kept = DmarcReport.objects.get(domain=domain, signer=row.signer, report_id=row.report_id)
    if kept.received_at != now:
        return False
    DmarcSource.objects.bulk_create(
        (
            DmarcSource(
                organization_id=domain.organization_id,
                report=kept,
                ip=source.ip,
                disposition=source.disposition,
                dkim=source.dkim,
                spf=source.spf,
                header_from=source.header_from,
                messages=n,
            )
            for source, n in report.sources
        ),
        batch_size=1_000,
    )
    return True


def forget_old(*, before_days: int = KEPT_DAYS) -> int:
    """Delete reports that nobody looks at any more; how many. Inside of a scope or across tenants."""
    old = DmarcReport.objects.filter(ended_at__lt=timezone.now() - timedelta(days=before_days))
    n: int = old.count()
    old.delete()
    return n
