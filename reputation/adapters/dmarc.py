"""The mailroom's DMARC reports, handed to the organization whose domain they are about."""

from accounts.tenancy import cross_tenant, tenant_scope_id
from reputation.actions import dmarc_reports
from sending.enums import DomainState
from sending.mailroom.dmarc import Report
from sending.models import SendingDomain


class DmarcKeeper:
    """Answers sending's port `dmarc`."""

    def take(self, report: Report, *, signer: str) -> bool:
        """See sending.ports.DmarcReports. Only the verified owner of a domain gets its reports."""
        names = [report.domain, *(".".join(report.domain.split(".")[n:]) for n in range(1, report.domain.count(".")))]
        with cross_tenant("a DMARC report names a domain, not its organization"):
            found = {
                domain.name: domain
                for domain in SendingDomain.objects.filter(name__in=names[:8]).exclude(state=DomainState.PENDING)
            }
        domain = next((found[name] for name in names if name in found), None)
        if domain is None:
            return False
        with tenant_scope_id(domain.organization_id):
            return dmarc_reports.keep(domain=domain, report=report, signer=signer)
