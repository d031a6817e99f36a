"""Pages of what comes back: waves of bounces, and what receivers report about a domain."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organization
from reputation.actions import dmarc_reports
from sending.actions import held_bounces
from sending.enums import BounceDecision
from sending.mailroom.dmarc import Report, Source
from tests.sending import bounces, ledger


def waves(organization: Organization) -> dict[str, Any]:
    found = bounces.wave("Granite Mail")
    bounces.hold(organization, found, 60)
    decided = bounces.wave("harbour.example")
    bounces.hold(organization, decided, 4)
    held_bounces.decide(organization=organization, wave=decided, decision=BounceDecision.SUPPRESS, actor=None)
    return {"wave": found.public_id}


def list_of_waves(organization: Organization) -> dict[str, Any]:
    waves(organization)
    return {}


def a_domain(organization: Organization) -> dict[str, Any]:
    return {"domain": ledger.domain(organization).public_id}


def reports_of_a_domain(organization: Organization) -> dict[str, Any]:
    domain = ledger.domain(organization)
    now = timezone.now()
    for n, reporter in enumerate(("google.com", "Yahoo", "Quay Mail")):
        sources = (
            (Source("192.0.2.1", "none", True, True, "kettle.example"), 18_204 + n),
            (Source("2001:db8:1::25", "none", True, False, "kettle.example"), 311),
            (Source("198.51.100.9", "reject", False, False, "kettle.example"), 12),
            (Source("203.0.113.40", "quarantine", False, False, "kettle.example"), 3),
        )
        report = Report(
            reporter=reporter,
            report_id=f"r{n}",
            domain="kettle.example",
            policy="none",
            began_at=now - timedelta(days=n + 1),
            ended_at=now - timedelta(days=n),
            sources=sources,
        )
        dmarc_reports.keep(domain=domain, report=report, signer="quay.example")
    return {"domain": domain.public_id}


PAGES: list[dict[str, Any]] = [
    {"slug": "bounces-empty", "view": "sending:bounces"},
    {"slug": "bounces", "view": "sending:bounces", "prepare": list_of_waves},
    {"slug": "bounces-of-a-wave", "view": "sending:bounces_of_wave", "prepare": waves},
    {"slug": "bounces-analyst", "view": "sending:bounces_of_wave", "prepare": waves, "who": "analyst"},
    {"slug": "dmarc-empty", "view": "reputation:domain_dmarc", "prepare": a_domain},
    {"slug": "dmarc", "view": "reputation:domain_dmarc", "prepare": reports_of_a_domain},
]
