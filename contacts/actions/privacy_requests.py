"""Requests under privacy law, from their coming in to the closing record.

Policy: nothing is shown, changed or erased before somebody proved that the mailbox is theirs, by the link that we mail to the
address on file; or before an admin says that they know who asks. Each deed that closes a request is audited.
"""

import calendar
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Brand, Organization, User
from accounts.tenancy import cross_tenant, tenant_scope_id
from contacts import addresses, fingerprints, links
from contacts.actions import address_changes, erasure, request_mails, suppressions
from contacts.adapters import signup_limits
from contacts.enums import RequestChannel, RequestKind, RequestState
from contacts.errors import BadAddress, NotThisWay
from contacts.models import Contact, HouseSuppression, PrivacyRequest, Suppression
from contacts.queries import personal_data

HOUR_MOST, DAY_MOST = 3, 10  # links mailed to one person
UNUSED = timedelta(days=1)  # then a request by the page that nobody confirmed is over
SWEEP_BATCH = 200


class Asked(Enum):
    """What became of somebody's wish on the page."""

    MAILED = "mailed"
    ENOUGH = "enough"  # links went out a moment ago
    BY_HAND = "by_hand"  # no mail goes to this address, so a member answers


@transaction.atomic
def ask(*, contact: Contact, brand: Brand, kind: RequestKind) -> Asked:
    """Somebody with the token of a mail wants what it may not do: mail the link to the address on file."""
    contact = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    if contact.erased_at is not None:
        return Asked.ENOUGH
    now = timezone.now()
    earlier = PrivacyRequest.objects.filter(contact=contact, channel=RequestChannel.PAGE)
    if (
        earlier.filter(received_at__gt=now - timedelta(hours=1)).count() >= HOUR_MOST
        or earlier.filter(received_at__gt=now - timedelta(days=1)).count() >= DAY_MOST
    ):
        return Asked.ENOUGH
    # The newest of a kind counts; its forerunners that nobody used are over.
    earlier.filter(kind=kind, state=RequestState.RECEIVED).update(state=RequestState.EXPIRED, closed_at=now)
    can_be_mailed = gets_app_mail(contact)
    if not can_be_mailed and earlier.filter(kind=kind, state=RequestState.OPEN).exists():
        return Asked.BY_HAND
    request = PrivacyRequest.objects.create(
        organization_id=contact.organization_id,
        kind=kind,
        state=RequestState.RECEIVED if can_be_mailed else RequestState.OPEN,
        channel=RequestChannel.PAGE,
        contact=contact,
        address=contact.address,
        address_hash=fingerprints.of(contact.address_key),
        received_at=now,
        due_at=a_month_after(now),
    )
    if not can_be_mailed:
        return Asked.BY_HAND
    request_mails.link(request=request, contact=contact, brand=brand)
    return Asked.MAILED


@transaction.atomic
def receive(
    *,
    organization: Organization,
    kind: RequestKind,
    channel: RequestChannel,
    address: str,
    note: str,
    received_at: datetime,
    actor: User,
) -> PrivacyRequest:
    """Note a request that came by letter, phone or mail. Raises BadAddress. `contact` stays empty when we know nobody."""
    try:
        parsed = addresses.parse(address)
    except addresses.InvalidAddress as refused:
        raise BadAddress(str(refused)) from refused
    contact = Contact.objects.filter(organization=organization, address_key=parsed.key, erased_at=None).first()
    request = PrivacyRequest.objects.create(
        organization=organization,
        kind=kind,
        state=RequestState.OPEN,
        channel=channel,
        contact=contact,
        address=parsed.address,
        address_hash=fingerprints.of(parsed.key),
        note=note.replace("\x00", "").strip(),
        handled_by=actor,
        received_at=received_at,
        due_at=a_month_after(received_at),
    )
    _audit(request, actor, "received")
    return request


@transaction.atomic
def mail_link(*, request: PrivacyRequest, brand: Brand, actor: User) -> None:
    """Ask the person to prove that the mailbox is theirs. Raises NotThisWay when that cannot be."""
    request, contact = _open(request)
    if contact is None:
        raise NotThisWay("We know nobody with this address, so there is nothing to show, change or erase. Answer so.")
    if not gets_app_mail(contact):
        raise NotThisWay("All mail to this address is stopped. Find out in another way who asks.")
    request_mails.link(request=request, contact=contact, brand=brand)
    PrivacyRequest.objects.filter(pk=request.pk, verified_at=None).update(state=RequestState.RECEIVED)
    _audit(request, actor, "link mailed")


@transaction.atomic
def verified(*, request: PrivacyRequest) -> None:
    """The link was used: whoever asks has the mailbox."""
    PrivacyRequest.objects.filter(pk=request.pk, verified_at=None).update(verified_at=timezone.now())


@transaction.atomic
def give(*, request: PrivacyRequest, actor: User | None = None) -> dict[str, Any]:
    """Everything that we hold about the person (contacts/queries/personal_data.py); closes the request. Raises NotThisWay."""
    request = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
    contact = Contact.objects.filter(pk=request.contact_id or 0, erased_at=None).first()
    if contact is None:
        raise NotThisWay("We know nobody with this address any more.")
    held = personal_data.held(contact)
    if request.kind == RequestKind.ACCESS and request.closed_at is None:
        counts = {name: len(value) for name, value in held.items() if isinstance(value, list)}
        _close(request, RequestState.DONE, actor, {"given": counts})
    if actor is not None:
        _audit(request, actor, "data exported")
    return held


@transaction.atomic
def erase(*, request: PrivacyRequest, actor: User | None = None) -> dict[str, Any]:
    """Erase the person who asked; gives the closing record. Raises NotThisWay when we know nobody or it is closed."""
    request, contact = _open(request)
    if request.kind != RequestKind.ERASURE:
        raise NotThisWay("This is no request to be forgotten.")
    if contact is None:
        raise NotThisWay("We know nobody with this address, so there is nothing to erase. Answer so.")
    return erasure.erase(contact=contact, request=request, actor=actor)


@transaction.atomic
def propose_address(*, request: PrivacyRequest, address: str, brand: Brand) -> str:
    """The new address of somebody who proved the old one: mail a link there too. Gives the new address.

    Raises BadAddress, NotThisWay.
    """
    request, contact = _open(request)
    if contact is None or request.kind != RequestKind.ADDRESS:
        raise NotThisWay("This is no request to change an address.")
    try:
        parsed = addresses.parse(address)
    except addresses.InvalidAddress as refused:
        raise BadAddress(str(refused)) from refused
    if request.record.get("mailed", 0) >= HOUR_MOST:
        raise NotThisWay("That is enough links for one request. Ask anew.")
    # The mailbox may be a stranger's: as few mails as a sign-up may cause, and one answer for all reasons.
    if suppressions.is_erased(parsed.key) or not signup_limits.address_may_get_mail(address_key=parsed.key):
        raise NotThisWay("No mail goes to that address at present. Give another one, or try it again tomorrow.")
    request.record = {**request.record, "mailed": request.record.get("mailed", 0) + 1}
    request.new_address = parsed.address
    request.save(update_fields=["new_address", "record"])
    request_mails.confirm_address(request=request, contact=contact, brand=brand)
    return parsed.address


@transaction.atomic
def change_address(*, request: PrivacyRequest) -> address_changes.Change:
    """Both mailboxes are proved: the new address counts from now on. Raises NotThisWay."""
    request, contact = _open(request)
    if contact is None or request.kind != RequestKind.ADDRESS or not request.new_address:
        raise NotThisWay("This is no request to change an address.")
    change = address_changes.change(contact=contact, address=request.new_address)
    _close(request, RequestState.DONE, None, {"changed": change.value})
    # The old address stays with the request until the person is erased: by it we find what else bears it.
    PrivacyRequest.objects.filter(pk=request.pk).update(new_address="")
    _audit(request, None, "done")
    return change


@transaction.atomic
def refuse(*, request: PrivacyRequest, why: str, actor: User) -> None:
    """Close a request without doing it; the person must be told why (article 12(4)). Raises NotThisWay."""
    request, _contact = _open(request)
    why = " ".join(why.replace("\x00", "").split())[:1_000]
    if not why:
        raise NotThisWay("Say why. The person has a right to know (GDPR, article 12(4)).")
    _close(request, RequestState.REFUSED, actor, {"refused_because": why})
    _audit(request, actor, "refused")


@transaction.atomic
def close(*, request: PrivacyRequest, how: str, actor: User) -> None:
    """Close a request that was answered by hand; `how` goes into the record. Raises NotThisWay."""
    request, _contact = _open(request)
    how = " ".join(how.replace("\x00", "").split())[:1_000]
    if not how:
        raise NotThisWay("Say how it was answered. It goes into the closing record.")
    _close(request, RequestState.DONE, actor, {"answered": how})
    _audit(request, actor, "done")


def sweep() -> None:
    """Close what nobody confirmed, and blank what was on the line when somebody was erased."""
    now = timezone.now()
    with cross_tenant("sweep the privacy requests of all organizations"):
        unused = PrivacyRequest.objects.filter(
            state=RequestState.RECEIVED, channel=RequestChannel.PAGE, received_at__lt=now - UNUSED
        ).values_list("pk", flat=True)[:SWEEP_BATCH]
        PrivacyRequest.objects.filter(pk__in=list(unused)).update(
            state=RequestState.EXPIRED, closed_at=now, address="", new_address=""
        )
        moving = list(
            PrivacyRequest.objects.filter(closed_at__gt=now - timedelta(days=8), record__in_motion__gt=0).values_list(
                "organization_id", "pk"
            )[:SWEEP_BATCH]
        )
    for organization_id, pk in moving:
        with tenant_scope_id(organization_id):
            erasure.finish(request=PrivacyRequest.objects.get(pk=pk))


def is_for(request: PrivacyRequest, contact: Contact | None, link: links.Link) -> bool:
    """Whether the link was mailed to the address that counts: the one on file, or the new one that it confirms."""
    if link.step == links.NEW:
        return bool(request.new_address) and link.was_mailed_to(addresses.key_of(request.new_address) or "")
    return contact is not None and link.was_mailed_to(contact.address_key)


def gets_app_mail(contact: Contact) -> bool:
    """Whether mail that a person asks for goes to this address at all."""
    stopped = Suppression.objects.filter(
        organization_id=contact.organization_id,
        address_key=contact.address_key,
        lifted_at=None,
        topic=None,
        marketing_only=False,
    )
    return not stopped.exists() and not HouseSuppression.objects.filter(address_key=contact.address_key).exists()


def a_month_after(at: datetime) -> datetime:
    """The same day of the next month, or its last: GDPR, article 12(3) and Regulation 1182/71, article 3(2)(c)."""
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))


def _open(request: PrivacyRequest) -> tuple[PrivacyRequest, Contact | None]:
    """The request, locked after its person; raises NotThisWay when it is closed."""
    contact = (
        Contact.objects.select_for_update(no_key=True).filter(pk=request.contact_id, erased_at=None).first()
        if request.contact_id
        else None
    )
    request = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
    if request.closed_at is not None:
        raise NotThisWay("This request is closed.")
    return request, contact


def _close(request: PrivacyRequest, state: RequestState, actor: User | None, record: dict[str, Any]) -> None:
    request.state, request.closed_at, request.handled_by = state, timezone.now(), actor
    request.record = {**request.record, **record}
    request.save(update_fields=["state", "closed_at", "handled_by", "record"])


def _audit(request: PrivacyRequest, actor: User | None, what: str) -> None:
    audit.record(
        organization=request.organization,
        actor=actor,
        verb=f"contacts.privacy_request_{what.replace(' ', '_')}",
        target=request,
        data={"kind": request.get_kind_display(), "channel": request.get_channel_display()},
    )
