"""DMARC reports from the mailroom to the domain that they are about, and no further."""

import gzip
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from reputation.actions import dmarc_reports
from reputation.adapters.dmarc import DmarcKeeper
from reputation.models import DmarcReport, DmarcSource
from sending.adapters import mailroom
from sending.enums import DomainState
from sending.mailroom import sorting
from sending.mailroom.dmarc import Report, Source
from tests.sending import ledger
from tests.sending.mailroom import test_dmarc

pytestmark = pytest.mark.django_db


def report(domain: str = "kettle.example", report_id: str = "r1", **facts: object) -> Report:
    now = timezone.now()
    made = Report(
        reporter="Quay Mail",
        report_id=report_id,
        domain=domain,
        policy="none",
        began_at=now - timedelta(days=1),
        ended_at=now,
        sources=(
            (Source("192.0.2.1", "none", True, False, domain), 12),
            (Source("192.0.2.9", "reject", False, False, domain), 3),
        ),
    )
    return replace(made, **facts)  # type: ignore[arg-type]


def kept(organization: Organization) -> list[tuple[str, int]]:
    with tenant_scope(organization):
        return list(DmarcReport.objects.order_by("pk").values_list("report_id", "messages"))


def test_the_owner_of_the_domain_gets_it_once(organization: Organization, other_organization: Organization) -> None:
    with tenant_scope(organization):
        ledger.domain(organization)
    with tenant_scope(other_organization):
        ledger.domain(other_organization, state=DomainState.PENDING, verified_at=None)
    keeper = DmarcKeeper()
    assert keeper.take(report(), signer="quay.example")
    assert not keeper.take(report(), signer="quay.example"), "the same again"
    assert keeper.take(report(report_id="r2"), signer="quay.example")
    assert keeper.take(report(domain="news.kettle.example", report_id="r3"), signer="quay.example")
    assert not keeper.take(report(domain="example"), signer="quay.example")
    assert not keeper.take(report(domain="nobody.test"), signer="quay.example")
    assert kept(organization) == [("r1", 15), ("r2", 15), ("r3", 15)]
    assert kept(other_organization) == []
    with tenant_scope(organization):
        assert DmarcSource.objects.count() == 6


@pytest.mark.parametrize(
    "facts",
    [
        {"ended_at": timezone.now() - timedelta(days=500), "began_at": timezone.now() - timedelta(days=501)},
        {"ended_at": timezone.now() + timedelta(days=50)},
        {"began_at": timezone.now() + timedelta(days=1)},
        {"began_at": timezone.now() - timedelta(days=30)},
    ],
)
def test_impossible_times_are_not_kept(organization: Organization, facts: dict[str, object]) -> None:
    with tenant_scope(organization):
        ledger.domain(organization)
    assert not DmarcKeeper().take(report(**facts), signer="quay.example")
    assert kept(organization) == []


def test_a_flood_of_reports_ends_somewhere(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dmarc_reports, "MOST_PER_DAY", 3)
    with tenant_scope(organization):
        ledger.domain(organization)
    taken = [DmarcKeeper().take(report(report_id=f"r{n}"), signer="quay.example") for n in range(5)]
    assert taken == [True] * 3 + [False] * 2


def test_old_ones_are_forgotten(organization: Organization) -> None:
    with tenant_scope(organization):
        ledger.domain(organization)
        DmarcKeeper()
    DmarcKeeper().take(report(), signer="quay.example")
    with tenant_scope(organization):
        assert dmarc_reports.forget_old() == 0
        DmarcReport.objects.update(ended_at=timezone.now() - timedelta(days=dmarc_reports.KEPT_DAYS + 1))
        assert dmarc_reports.forget_old() == 1
        assert not DmarcSource.objects.exists()


def test_from_a_mail_to_the_table(organization: Organization) -> None:
    with tenant_scope(organization):
        ledger.domain(organization)
    raw = test_dmarc.mail(gzip.compress(test_dmarc.WHOLE))
    box = sorting.Address(sorting.Box.DMARC)
    unsigned = mailroom.seals(lambda name: None)
    finding = sorting.sort(sender="dmarc@quay.example", to=box, raw=raw, seals=unsigned)
    assert finding.kind is sorting.Kind.IGNORED
    signed = replace(unsigned, signer=lambda raw: "quay.example")
    finding = sorting.sort(sender="dmarc@quay.example", to=box, raw=raw, seals=signed)
    assert mailroom.act(finding)
    assert not mailroom.act(finding)
    assert kept(organization) == [("17-42", 20)]
