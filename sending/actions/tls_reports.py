"""The daily reports on TLS to the domains that ask for them (RFC 8460): by mail through our own relay, or to their web server.

Policy: a row says that a report has been dealt with, and for mail it is written in the transaction that queues it: a worker
that is killed sends it once or, next time, for the first time. A web server may get it twice when one is killed between its
"taken" and our row; the report's id is the same. Each domain has its minute in the first hours of the day, so that not
everybody's reports come at midnight (section 4.1).
"""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from accounts.actions import organizations
from accounts.models import Organization
from accounts.tenancy import cross_tenant
from contacts import addresses
from sending.actions import house_mail, stored_mail
from sending.enums import TLS_REPORTS, StreamKind
from sending.models import SendingDomain, StsPolicy, TlsCount, TlsReport
from sending.queries import tls_reports as reading
from sending.relay import https, tls_reports
from sending.relay.addresses import Reach
from sending.relay.dns import Dns, NoSuchDomain, Resolver, Unknown
from sending.relay.tls_reports import Report

AT_ONCE = 1_000  # domains in one go
HAND_INS = 50
AFTER_MIDNIGHT, SPREAD = timedelta(minutes=5), timedelta(hours=4)
LATE = timedelta(days=2)  # a day is reported so much later at the most
GIVE_UP = timedelta(days=1)  # for a web server that does not take a report (section 5.6)
KEEP = timedelta(days=14)


def send_due(*, now: datetime | None = None) -> int:
    """Deal with what is due: queue mails, note who wants nothing; then hand in at web servers. Not inside of a scope.

    Returns the number of domains. Without HOUSE_DOMAIN nobody could answer for a report: nothing is sent.
    """
    if not settings.TLS_REPORTS or not settings.HOUSE_DOMAIN:
        return 0
    now = now or timezone.now()
    today = now.date()
    with cross_tenant("the TLS reports of the house belong to no tenant"):
        found = reading.unreported(since=today - LATE, before=today, limit=AT_ONCE)
    due = [(day, domain) for day, domain in found if _moment(day, domain) <= now]
    if due:
        house_mail.ensure_domain()
        organization = organizations.house()
        for (day, domain), targets in asyncio.run(_targets(due)).items():
            try:
                _deal_with(organization, day, domain, targets)
            except IntegrityError:
                continue  # another worker was faster
    _hand_in_open(now)
    return len(due)


def forget_old(*, now: datetime | None = None) -> None:
    """Counts and reports are kept for two weeks; policies go two weeks after their time. Not inside of a scope."""
    before = (now or timezone.now()) - KEEP
    with cross_tenant("the TLS reports of the house belong to no tenant"):
        TlsCount.objects.filter(day__lt=before.date()).delete()
        TlsReport.objects.filter(day__lt=before.date()).delete()
        StsPolicy.objects.filter(expires_at__lt=before).delete()


def _moment(day: date, domain: str) -> datetime:
    """From when a day is reported to a domain."""
    share = int.from_bytes(sha256(domain.encode()).digest()[:4]) / 2**32
    midnight = datetime.combine(day + timedelta(days=1), time(), UTC)
    return midnight + AFTER_MIDNIGHT + SPREAD * share


async def _targets(due: list[tuple[date, str]]) -> dict[tuple[date, str], tuple[str, ...]]:
    """Where each wants its report; those are missing whose DNS gives no answer now."""
    dns = Resolver(settings.RELAY_RESOLVER)
    gate = asyncio.Semaphore(50)

    async def ask(domain: str) -> tuple[str, ...] | None:
        async with gate:
            try:
                answer = await dns.txt(f"_smtp._tls.{domain}")
            except NoSuchDomain:
                return ()
            except Unknown:
                return None
        return tls_reports.read_record(record for record in answer.records if isinstance(record, bytes))

    domains = sorted({domain for _, domain in due})
    found = dict(zip(domains, await asyncio.gather(*map(ask, domains)), strict=True))
    return {(day, domain): targets for day, domain in due if (targets := found[domain]) is not None}


def _deal_with(organization: Organization, day: date, domain: str, targets: tuple[str, ...]) -> None:
    """All of a day's reports to a domain, or none. Raises IntegrityError when they are there."""
    with cross_tenant("the TLS reports of the house belong to no tenant"):
        report = report_of(day=day, domain=domain) if targets else None
        sender = SendingDomain.objects.filter(organization=organization, name=settings.HOUSE_DOMAIN).first()
        for target in targets or ("",):
            _note(organization, sender, report, day, domain, target)


def _note(
    organization: Organization,
    sender: SendingDomain | None,
    report: Report | None,
    day: date,
    domain: str,
    target: str,
) -> None:
    row = TlsReport(day=day, domain=domain, target=target, outcome="nobody asks for reports", done_at=timezone.now())
    if report is not None and (mailbox := tls_reports.mailbox(target)):
        try:
            to = addresses.parse(mailbox).key
        except addresses.InvalidAddress as invalid:
            row.outcome = f"no address to send to: {invalid}"[:200]
        else:
            row.outcome = "mailed"
            row.save(force_insert=True)  # before the mail: whoever is slower fails here
            _mail(organization, sender, report, to)
            return
    elif report is not None:
        row.outcome, row.done_at = "to be handed in", None
    row.save(force_insert=True)


def _mail(organization: Organization, sender: SendingDomain | None, report: Report, to: str) -> None:
    from_address = f"tls-reports@{report.submitter}"
    stored_mail.keep(
        organization=organization,
        kind=StreamKind.APP,
        to=to,
        raw=report.mail(sender=from_address, to=to),
        domain=sender,
        from_address=from_address,
        subject=f"Report Domain: {report.domain}",
        message_id=f"tlsrpt.{report.id}",
        mailing_name=TLS_REPORTS,
    )


def report_of(*, day: date, domain: str) -> Report:
    """A day's report to a domain. Inside of `cross_tenant`."""
    return Report(
        day=day,
        domain=domain,
        submitter=settings.HOUSE_DOMAIN,
        organization="Posthouse",
        contact=f"postmaster@{settings.HOUSE_DOMAIN}",
        counts=reading.counts(day=day, domain=domain),
    )


def _hand_in_open(now: datetime) -> None:
    """Hand in what web servers have not taken yet, some at once."""
    with cross_tenant("the TLS reports of the house belong to no tenant"):
        waiting = [
            (row, report_of(day=row.day, domain=row.domain).packed()) for row in reading.open_reports(limit=HAND_INS)
        ]
    if not waiting:
        return
    troubles = asyncio.run(_hand_in_all([(row.target, body) for row, body in waiting]))
    with cross_tenant("the TLS reports of the house belong to no tenant"):
        for (row, _), trouble in zip(waiting, troubles, strict=True):
            row.outcome = trouble[:200] or "taken"
            row.done_at = now if not trouble or now - row.at > GIVE_UP else None
            row.save(update_fields=["outcome", "done_at"])


async def _hand_in_all(reports: list[tuple[str, bytes]]) -> list[str]:
    dns = Resolver(settings.RELAY_RESOLVER)
    gate = asyncio.Semaphore(10)

    async def one(target: str, body: bytes) -> str:
        async with gate:
            return await hand_in(target, body, dns=dns, limits=limits())

    return list(await asyncio.gather(*(one(target, body) for target, body in reports)))


def limits() -> https.Limits:
    """Where reports may be handed in."""
    return https.Limits(reach=Reach.LOOPBACK if settings.SANDBOX else Reach.INTERNET)


async def hand_in(target: str, body: bytes, *, dns: Dns, limits: https.Limits) -> str:
    """Give one report to a web server (RFC 8460, section 5.4); "" when it was taken, else why not."""
    place = tls_reports.place(target)
    if place is None:
        return "it is no address to hand in at"
    try:
        answer = await https.ask(*place, dns=dns, limits=limits, body=body, content_type=tls_reports.MEDIA_TYPE)
    except https.Failed as error:
        return str(error)
    return "" if 200 <= answer.status < 300 else f"{place[0]} answers {answer.status}"
