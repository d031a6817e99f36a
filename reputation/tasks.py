"""Wake-ups of reputation: folding totals, checking domains whose turn it is, and setting the day's budgets of new addresses."""

from celery import shared_task

from accounts.tenancy import cross_tenant
from reputation.actions import dmarc_reports, domain_checks, totals, warming
from sending.queries import domains as sending_domains

FOLDS_AT_ONCE = 100
DOMAINS_AT_ONCE = 200
WARMUPS_AT_ONCE = 1_000


@shared_task
def fold_totals() -> None:
    for _ in range(FOLDS_AT_ONCE):
        with cross_tenant("fold the tallies of all organizations into totals"):
            folded = totals.fold()
        if folded < totals.BATCH:
            return


@shared_task
def check_due_domains() -> None:
    with cross_tenant("find the domains of all organizations whose check is due"):
        due = sending_domains.due(limit=DOMAINS_AT_ONCE)
    for organization_id, domain_id in due:
        check_domain.delay(organization_id, domain_id)


@shared_task
def check_domain(organization_id: int, domain_id: int) -> None:
    domain_checks.run(organization_id=organization_id, domain_id=domain_id)


@shared_task
def forget_old_dmarc_reports() -> None:
    with cross_tenant("forget the DMARC reports of all organizations that are too old to be looked at"):
        dmarc_reports.forget_old()


@shared_task
def warm_addresses() -> None:
    with cross_tenant("find the addresses whose budgets of today are not set yet"):
        due = warming.due(now=warming.today(), limit=WARMUPS_AT_ONCE)
    for warmup_id in due:
        with cross_tenant("set an address's budgets of today"):
            warming.decide(warmup_id=warmup_id)


@shared_task
def forget_old_warmup_days() -> None:
    with cross_tenant("forget what was decided for addresses long ago"):
        warming.forget_old(before=warming.today() - warming.KEPT)
