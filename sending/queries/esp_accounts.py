"""Accounts with ESPs as their pages show them: how they are, what they have, which streams go by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from accounts.models import Organization
from sending.enums import DeliveryState, StreamKind
from sending.esps import ESPS, Esp
from sending.models import Delivery, EspAccount, Stream


@dataclass(frozen=True, slots=True)
class Row:
    """`with_them`: messages that it took and has not reported on, `eldest` since when."""

    account: EspAccount
    esp: Esp
    status: str
    words: str
    with_them: int
    eldest: datetime | None
    streams: tuple[str, ...]
    reports: str


@dataclass(frozen=True, slots=True)
class Route:
    """One stream's way now. `account` None: our own relay."""

    kind: StreamKind
    label: str
    account: EspAccount | None
    has_failover: bool
    failover_account: EspAccount | None
    failed_over_at: datetime | None
    why: str
    not_back_before: datetime | None


def rows(organization: Organization) -> list[Row]:
    """Those that are connected, and those whose reports are still awaited."""
    found = list(EspAccount.objects.filter(organization=organization).order_by("-disconnected_at", "pk"))
    return [row for row in _rows(organization, found) if row.account.disconnected_at is None or row.with_them]


def names(organization: Organization, *, but: EspAccount | None = None) -> list[str]:
    """What the accounts are called that are connected, `but` one."""
    found = EspAccount.objects.filter(organization=organization, disconnected_at=None)
    return list((found.exclude(pk=but.pk) if but is not None else found).values_list("name", flat=True))


def row(account: EspAccount) -> Row:
    """One of them, whatever its state."""
    return _rows(account.organization, [account])[0]


def _rows(organization: Organization, found: list[EspAccount]) -> list[Row]:
    having = {
        row["account_id"]: row
        for row in Delivery.objects.filter(
            organization=organization, state=DeliveryState.HANDED_OVER, account_id__in=[a.pk for a in found]
        )
        .values("account_id")
        .annotate(n=Count("pk"), eldest=Min("changed_at"))
    }
    routes_ = routes(organization)
    return [_row(account, having.get(account.pk, {}), routes_) for account in found]


def _row(account: EspAccount, having: Mapping[str, object], routes_: list[Route]) -> Row:
    status, words = health(account)
    eldest = having.get("eldest")
    streams = []
    for route in routes_:
        if route.account == account:
            streams.append(route.label)
        elif route.failover_account == account:
            streams.append(f"{route.label} if the first way fails")
    return Row(
        account,
        ESPS[account.kind],
        status,
        words,
        int(str(having.get("n", 0))),
        eldest if isinstance(eldest, datetime) else None,
        tuple(streams),
        reports(account),
    )


def health(account: EspAccount) -> tuple[str, str]:
    """(level for kit/status, words)."""
    if account.disconnected_at is not None:
        return "", "Disconnected"
    if account.refused_at is not None:
        return "fail", "Refuses us"
    if account.failing_since is not None:
        return "warn", "In trouble"
    if account.ok_at is not None:
        return "pass", "Works"
    return "", "Not used yet"


def reports(account: EspAccount) -> str:
    """ "never", "refused" (they come, and not as they should) or "come"."""
    if account.hook_refused_at and (account.hook_called_at is None or account.hook_refused_at > account.hook_called_at):
        return "refused"
    return "come" if account.hook_called_at else "never"


def routes(organization: Organization) -> list[Route]:
    """The two streams whose way can be chosen; as they are without a row, too."""
    found = {
        stream.kind: stream
        for stream in Stream.objects.filter(organization=organization).select_related("account", "failover_account")
    }
    names = {StreamKind.MARKETING: "Marketing mail", StreamKind.APP: "App mail"}
    listed = []
    for kind, label in names.items():
        stream = found.get(kind) or Stream(kind=kind)
        listed.append(
            Route(
                kind,
                label,
                stream.account,
                stream.has_failover,
                stream.failover_account,
                stream.failed_over_at,
                stream.failed_over_why,
                stream.not_back_before,
            )
        )
    return listed


def in_trouble(organization: Organization, *, kind: str = "") -> list[EspAccount]:
    """Accounts that mail goes by now and that do not take it: mail of one stream's `kind`, or of any."""
    found = []
    for route in routes(organization):
        account = route.failover_account if route.failed_over_at else route.account
        if account is not None and (account.refused_at or account.failing_since) and kind in ("", route.kind):
            found.append(account)
    return list(dict.fromkeys(found))


def to_tell(*, since: timedelta = timedelta(minutes=2)) -> list[EspAccount]:
    """Accounts that have refused us for a while and whose admins have not been told. Call inside of cross_tenant."""
    return list(
        EspAccount.objects.filter(
            disconnected_at=None, told_at=None, refused_at__lt=timezone.now() - since
        ).select_related("organization")[:100]
    )
