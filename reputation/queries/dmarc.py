"""What receivers reported about a domain lately: sums, by source, and the newest reports."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max, Q, Sum
from django.utils import timezone

from reputation.models import DmarcReport, DmarcSource
from sending.models import SendingDomain

DAYS = 30
MOST_SOURCES = 100
MOST_REPORTS = 50
BOX = "dmarc"


@dataclass(frozen=True, slots=True)
class Summary:
    """Messages in the domain's name: all, those that passed DMARC (by DKIM or SPF), those that were not let through."""

    messages: int
    passed: int
    stopped: int
    reporters: int


def summary(domain: SendingDomain) -> Summary:
    passed, stopped = Q(dkim=True) | Q(spf=True), Q(disposition__in=("quarantine", "reject"))
    sums = _sources(domain).aggregate(
        all=Sum("messages"), passed=Sum("messages", filter=passed), stopped=Sum("messages", filter=stopped)
    )
    reporters = _reports(domain).values("reporter").distinct().count()
    return Summary(
        messages=sums["all"] or 0, passed=sums["passed"] or 0, stopped=sums["stopped"] or 0, reporters=reporters
    )


def sources(domain: SendingDomain) -> list[dict[str, Any]]:
    """By address and what became of its mail, most messages first: ip, disposition, dkim, spf, messages, last_at."""
    return list(
        _sources(domain)
        .values("ip", "disposition", "dkim", "spf")
        .annotate(messages=Sum("messages"), last_at=Max("report__ended_at"))
        .order_by("-messages", "ip")[:MOST_SOURCES]
    )


def reports(domain: SendingDomain) -> list[DmarcReport]:
    """The newest ones."""
    return list(_reports(domain).order_by("-ended_at", "-pk")[:MOST_REPORTS])


def address(domain: SendingDomain) -> str:
    """Where reports about a domain are taken in."""
    return f"{BOX}@{domain.return_path}"


def _reports(domain: SendingDomain) -> Any:
    return DmarcReport.objects.filter(domain=domain, ended_at__gte=timezone.now() - timedelta(days=DAYS))


def _sources(domain: SendingDomain) -> Any:
    return DmarcSource.objects.filter(
        report__domain=domain, report__ended_at__gte=timezone.now() - timedelta(days=DAYS)
    )
