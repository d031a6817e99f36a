"""Accounts with ESPs: connecting one, its keys, which stream goes by it, disconnecting it.

Policy: keys go in and never come out again, not even to those who typed them in. What a stream has waiting is bound to no
way: whatever is changed here holds for what is claimed from then on. Call inside of the tenant's scope.
"""

import json
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.actions import audit
from accounts.enums import Role
from accounts.models import Membership, Organization, User
from accounts.tenancy import tenant_scope_id
from sending import keys
from sending.actions import mailings, streams
from sending.enums import EspKind, StreamKind
from sending.errors import Refused
from sending.esps import ESPS
from sending.models import EspAccount, Stream

REPORTS_USER = "posthouse"
MOST_ACCOUNTS = 10
MOST_TOLD = 20
CHOSEN = (StreamKind.MARKETING, StreamKind.APP)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a stream's mail goes: an account, or our own relay (None)."""

    account: EspAccount | None = None


RELAY = Way()


@transaction.atomic
def connect(
    *, organization: Organization, kind: EspKind, name: str, region: str, given: Mapping[str, str], actor: User | None
) -> EspAccount:
    """A new account, spoken to with `given` (by the names of the ESP's fields). Raises Refused."""
    if EspAccount.objects.filter(organization=organization, disconnected_at=None).count() >= MOST_ACCOUNTS:
        raise Refused(f"{MOST_ACCOUNTS} accounts are connected. Disconnect one that is not needed first.")
    access, reports = _split(kind, given)
    account = EspAccount.objects.create(
        organization=organization,
        kind=kind,
        name=name,
        region=ESPS[kind].region(region).name,
        secrets=_seal(access, keys.ESP),
        hook_secrets=_seal({"password": randomness.token_urlsafe(24), **reports}, keys.ESP_REPORTS),
    )
    audit.record(
        organization=organization, actor=actor, verb="sending.esp_connected", target=account, data={"kind": str(kind)}
    )
    return account


@transaction.atomic
def change(*, account: EspAccount, name: str, given: Mapping[str, str], actor: User) -> None:
    """Another name, other keys: those that are not given stay as they are. Relays begin anew with it."""
    account = _locked(account)
    access, reports = _split(EspKind(account.kind), {k: v for k, v in given.items() if v})
    account.name = name
    account.secrets = _seal({**_open(account.secrets, keys.ESP), **access}, keys.ESP)
    account.hook_secrets = _seal({**_open(account.hook_secrets, keys.ESP_REPORTS), **reports}, keys.ESP_REPORTS)
    account.version += 1
    account.failing_since = account.refused_at = account.told_at = None
    account.words = ""
    account.save()
    audit.record(
        organization=account.organization,
        actor=actor,
        verb="sending.esp_changed",
        target=account,
        data={"fields": sorted([*access, *reports])},
    )
    mailings.tell_relays()


@transaction.atomic
def choose(
    *, organization: Organization, kind: StreamKind, first: Way, failover: Way | None, actor: User | None
) -> Stream:
    """Which way a stream goes, and which while that is out of order (None: then it waits). Raises Refused."""
    if kind not in CHOSEN:
        raise Refused("Tests always go by our own relay.")
    for way in (first, failover):
        account = way.account if way is not None else None
        if account is not None and (account.organization_id != organization.pk or account.disconnected_at is not None):
            raise Refused("That account is not connected any more.")
    if failover == first:
        raise Refused("The other way must be another one than the first.")
    streams.ensure(organization=organization, kind=kind)
    stream = Stream.objects.select_for_update().get(organization=organization, kind=kind)
    stream.account = first.account
    stream.has_failover = failover is not None
    stream.failover_account = failover.account if failover is not None else None
    stream.failed_over_at, stream.failed_over_why, stream.not_back_before, stream.fail_overs = None, "", None, 0
    stream.save()
    audit.record(
        organization=organization,
        actor=actor,
        verb="sending.route_chosen",
        target=stream,
        data={
            "first": str(first.account or "relay"),
            "failover": str(failover.account or "relay") if failover is not None else "",
        },
    )
    mailings.tell_relays(at_once=True)
    return stream


@transaction.atomic
def disconnect(*, account: EspAccount, actor: User) -> None:
    """Forget its keys. Streams that went by it go by our relay from now on, with all that waits; reports about what it
    still has are taken as before.
    """
    account = _locked(account)
    back = {"failed_over_at": None, "failed_over_why": "", "not_back_before": None, "fail_overs": 0}
    Stream.objects.filter(account=account).update(account=None, has_failover=False, failover_account=None, **back)
    Stream.objects.filter(failover_account=account).update(has_failover=False, failover_account=None, **back)
    account.secrets = b""
    account.disconnected_at = timezone.now()
    account.version += 1
    account.save(update_fields=["secrets", "disconnected_at", "version"])
    audit.record(organization=account.organization, actor=actor, verb="sending.esp_disconnected", target=account)
    mailings.tell_relays(at_once=True)


def reported(*, account_id: int, organization_id: int, well: bool) -> None:
    """Note that a report came, and whether it proved itself; once a minute, so that a forger writes next to nothing."""
    name = "hook_called_at" if well else "hook_refused_at"
    now = timezone.now()
    with tenant_scope_id(organization_id):
        late = Q(**{name: None}) | Q(**{f"{name}__lt": now - timedelta(minutes=1)})
        EspAccount.objects.filter(late, pk=account_id).update(**{name: now})


@transaction.atomic
def tell(*, account_id: int) -> int:
    """Mail the admins that an account refuses us, once for each time that it began to; how many were told."""
    account = EspAccount.objects.select_for_update().select_related("organization").get(pk=account_id)
    if account.refused_at is None or account.told_at is not None or account.disconnected_at is not None:
        return 0
    account.told_at = timezone.now()
    account.save(update_fields=["told_at"])
    members = Membership.objects.filter(organization=account.organization, role__gte=Role.ADMIN, user__is_active=True)
    addresses = list(members.order_by("pk").values_list("user__email", flat=True)[:MOST_TOLD])
    esp = ESPS[account.kind].label
    path = reverse("sending:service", kwargs={"org": account.organization.public_id, "account": account.public_id})
    text = (
        f"{esp} refuses the account “{account.name}” of {account.organization} since "
        f"{account.refused_at:%Y-%m-%d %H:%M} UTC. It says: {account.words or 'nothing'}\n\n"
        "Mail that goes by it waits, unless another way is chosen for it. Nothing is lost.\n\n"
        f"Look at its key here: {settings.BASE_URL}{path}\n"
    )
    for address in addresses:
        send_mail(f"{esp} refuses your account", text, None, [address])
    return len(addresses)


@transaction.atomic
def reseal(*, organization: Organization) -> int:
    """Seal what was sealed with an older SECRET_KEY anew; how many accounts."""
    done = 0
    for account in EspAccount.objects.select_for_update().filter(organization=organization):
        stale = [bool(sealed) and keys.is_stale(sealed) for sealed in (account.secrets, account.hook_secrets)]
        if any(stale):
            if account.secrets:
                account.secrets = _seal(_open(account.secrets, keys.ESP), keys.ESP)
            account.hook_secrets = _seal(_open(account.hook_secrets, keys.ESP_REPORTS), keys.ESP_REPORTS)
            account.save(update_fields=["secrets", "hook_secrets"])
            done += 1
    return done


def access_of(account: EspAccount) -> dict[str, str]:
    """What its API is spoken to with. Raises keys.Unreadable."""
    return _open(account.secrets, keys.ESP)


def report_secrets_of(account: EspAccount) -> dict[str, str]:
    """What its reports are known by: `password`, and the ESP's own fields. Raises keys.Unreadable."""
    return _open(account.hook_secrets, keys.ESP_REPORTS)


def _locked(account: EspAccount) -> EspAccount:
    found = EspAccount.objects.select_for_update().select_related("organization").get(pk=account.pk)
    if found.disconnected_at is not None:
        raise Refused("This account is disconnected.")
    return found


def _split(kind: EspKind, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What is for calls, and what is for reports."""
    fields = {field.name: field for field in ESPS[kind].fields}
    known = {name: value.strip() for name, value in given.items() if name in fields}
    return (
        {name: value for name, value in known.items() if not fields[name].in_reports},
        {name: value for name, value in known.items() if fields[name].in_reports},
    )


def _seal(values: Mapping[str, str], purpose: str) -> bytes:
    return keys.encrypt(json.dumps(values).encode(), purpose=purpose)


def _open(sealed: bytes | memoryview, purpose: str) -> dict[str, str]:
    found = json.loads(keys.decrypt(sealed, purpose=purpose))
    assert isinstance(found, dict)
    return found
