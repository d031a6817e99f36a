"""Whether a sending domain may be sent from: the last results of its checks, and what they come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from reputation.enums import Status
from reputation.models import DomainCheck
from sending.dns_records import Record
from sending.enums import DomainState
from sending.models import SendingDomain
from sending.queries import domains as sending_domains

# A record that worked before and is missing once may be a slip of a name server; marketing mail stops after a day of it.
# DMARC has no such grace: without it Gmail and Microsoft refuse or file as spam from the first mail on.
GRACE = timedelta(hours=24)
CHECKS = ("dkim", "spf", "mx", "dmarc", "align", "owner", "dkim2")
NAMES = {
    "dkim": "Signature (DKIM)",
    "spf": "Sender addresses (SPF)",
    "mx": "Way back for bounces (MX)",
    "dmarc": "Policy (DMARC)",
    "align": "Alignment",
    "owner": "Ownership",
    "dkim2": "Second signature (optional)",
}


@dataclass(frozen=True, slots=True)
class Clearance:
    """Whether mail may leave from a domain. `ready`: it may; `status` is pass or warn then, else fail or unknown.

    `summary` is a sentence; `checks` are all results in the order of CHECKS; `measured_at` is None before the first check.
    """

    ready: bool
    status: Status
    summary: str
    checks: tuple[DomainCheck, ...] = ()
    measured_at: datetime | None = None

    @property
    def problems(self) -> tuple[DomainCheck, ...]:
        """The results that are neither pass nor warn."""
        return tuple(check for check in self.checks if check.status in (Status.FAIL, Status.UNKNOWN))


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to have in DNS, as a page shows it: the record (None for alignment) and what was found of it."""

    name: str
    title: str
    why: str
    record: Record | None
    status: Status
    found: str
    message: str
    measured_at: datetime | None
    since: datetime | None


WHY = {
    "dkim": "Proves that the mail is yours and was not changed on its way.",
    "spf": "Says that we may send with your domain in the return address.",
    "mx": "Brings reports of undelivered mail back to us, so that dead addresses are not written to again.",
    "dmarc": "Tells receivers what to do with mail that only pretends to be yours. Gmail, Yahoo and Microsoft ask for it.",
    "align": "The sender that people see and the domains that prove it belong together.",
    "owner": "A domain can be used by one organization only.",
    "dkim2": "A shorter and stronger key (Ed25519) beside the first one, for receivers that know it.",
}


_FIRST = (Status.FAIL, Status.WARN, Status.UNKNOWN, Status.PASS)


def cards(domain: SendingDomain) -> list[Card]:
    """What a domain's page shows, what is wrong first: what to publish, and what was found at the last look."""
    records = sending_domains.records(domain)
    wanted = {
        "dkim": records.dkim,
        "dkim2": records.dkim2,
        "spf": records.spf,
        "mx": records.mx,
        "dmarc": records.dmarc,
    }
    checks = {check.check_name: check for check in DomainCheck.objects.filter(domain=domain)}
    shown = []
    for name in CHECKS:
        check, record = checks.get(name), wanted.get(name)
        if check is None and (record is None or name == "dkim2"):
            continue  # what is optional is offered below, until it is published
        shown.append(
            Card(
                name=name,
                title=NAMES[name],
                why=WHY[name],
                record=record,
                status=Status(check.status) if check else Status.UNKNOWN,
                found=check.found if check else "",
                message=check.message if check else "We have not looked yet.",
                measured_at=check.measured_at if check else None,
                since=check.since if check else None,
            )
        )
    return sorted(shown, key=lambda card: _FIRST.index(card.status))


def optional(domain: SendingDomain) -> Record | None:
    """The record of the second key, while nothing of it was seen in DNS."""
    if DomainCheck.objects.filter(domain=domain, check_name="dkim2").exists():
        return None
    return sending_domains.records(domain).dkim2


def clearance(domain: SendingDomain) -> Clearance:
    """What the checks of one domain come to now."""
    return clearances([domain])[domain.pk]


def clearances(domains: Iterable[SendingDomain]) -> dict[int, Clearance]:
    """The same for several domains, in one query."""
    domains = list(domains)
    checks: dict[int, list[DomainCheck]] = {domain.pk: [] for domain in domains}
    for check in DomainCheck.objects.filter(domain__in=list(checks)):
        checks[check.domain_id].append(check)
    now = timezone.now()
    return {domain.pk: _judge(domain, checks[domain.pk], now) for domain in domains}


def name_of(check_name: str) -> str:
    """How a check is called on the page."""
    return NAMES.get(check_name, check_name)


def _judge(domain: SendingDomain, checks: list[DomainCheck], now: datetime) -> Clearance:
    checks.sort(key=lambda check: CHECKS.index(check.check_name) if check.check_name in CHECKS else len(CHECKS))
    known = tuple(checks)
    if not known:
        return Clearance(False, Status.UNKNOWN, "We have not looked in DNS yet.")
    measured_at = max(check.measured_at for check in known)

    def verdict(ready: bool, status: Status, summary: str) -> Clearance:
        return Clearance(ready, status, summary, known, measured_at)

    failed = [check for check in known if check.status == Status.FAIL]
    hard = [check for check in failed if not _in_grace(domain, check, now)]
    if hard:
        names = ", ".join(name_of(check.check_name) for check in hard)
        return verdict(False, Status.FAIL, f"Not right in DNS: {names}.")
    if failed:
        until = min(check.since for check in failed) + GRACE
        names = ", ".join(name_of(check.check_name) for check in failed)
        return verdict(
            True, Status.WARN, f"{names} is gone from DNS; mail stops at {until:%d %b, %H:%M} UTC unless it is back."
        )
    if domain.state == DomainState.PENDING:
        return verdict(False, Status.UNKNOWN, "A name server did not answer. We keep asking.")
    if any(check.status in (Status.WARN, Status.UNKNOWN) for check in known if check.check_name != "dkim2"):
        return verdict(True, Status.WARN, "Ready to send, with something to look at.")
    return verdict(True, Status.PASS, "Ready to send.")


def _in_grace(domain: SendingDomain, check: DomainCheck, now: datetime) -> bool:
    return domain.verified_at is not None and check.check_name in ("dkim", "spf", "mx") and now - check.since < GRACE
