"""Forgetting a person: scrubbed in place, so that every sum stays, and a closing record of what went, what stays and why.

Policy (GDPR, article 17): whatever names them goes, in every table of ours. What stays are counts of which nobody can tell
whose they are, and one keyed hash of the address, so that nobody brings it back unawares. Erasing again is harmless.

The person is locked first and their messages after, as everywhere else.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from contacts import fingerprints, ports
from contacts.enums import RequestChannel, RequestKind, RequestState, SubscriptionState, SuppressionReason
from contacts.models import (
    ConsentRecord,
    Contact,
    ImportChange,
    ImportRow,
    Preference,
    PrivacyRequest,
    Signup,
    Subscription,
    Suppression,
    Tagging,
)

KEPT = (
    "Counts: in how many sends, clicks and topics somebody was. Nobody can tell who.",
    "The consent ledger without addresses of devices: that somebody agreed, when, and to which words.",
    "A keyed hash of the address on the do-not-send list, so that no import brings it back (article 21).",
    "This record: that it was done, and when.",
)


@transaction.atomic
def erase(*, contact: Contact, request: PrivacyRequest | None = None, actor: User | None = None) -> dict[str, Any]:
    """Erase a person and give the closing record: {"erased": {"what": how many}, "kept": [...], "backups_until": date,
    "in_motion": messages that were on the line at that moment; `finish` blanks them}.

    `request`: what asked for it; closed with the record. None: a member does it unasked, and a closed one is written, so that
    the record stands. `actor` None: the person did it by the link that we mailed.
    """
    contact = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    names = _names(contact)
    if request is None:
        request = PrivacyRequest.objects.create(
            organization_id=contact.organization_id,
            kind=RequestKind.ERASURE,
            channel=RequestChannel.OTHER,
            contact=contact,
            address_hash=fingerprints.of(contact.address_key),
            received_at=timezone.now(),
            due_at=timezone.now(),
        )
    erased = _scrub_what_surrounds(contact, names)
    erased |= _hash_suppressions(contact, names, actor)
    mail = ports.mail.forget(organization_id=contact.organization_id, contact_id=contact.pk, addresses=names)
    erased |= mail.erased
    now = timezone.now()
    contact.address, contact.address_key, contact.domain = "", f"erased:{contact.pk}", ""
    contact.values, contact.locale, contact.source = {}, "", ""
    contact.archived_at, contact.erased_at = contact.archived_at or now, contact.erased_at or now
    contact.save()
    erased["address, name and fields"] = 1
    erased["entries of the audit log"] = audit.forget(
        organization=contact.organization, target=contact, addresses=names
    )
    record = {
        "erased": {what: count for what, count in erased.items() if count},
        "kept": list(KEPT),
        "backups_until": (now + timedelta(days=settings.BACKUP_DAYS)).date().isoformat(),
        "in_motion": mail.in_motion,
    }
    PrivacyRequest.objects.filter(pk=request.pk).update(
        state=RequestState.DONE, closed_at=now, handled_by=actor, record=record
    )
    audit.record(
        organization=contact.organization,
        actor=actor,
        verb="contacts.person_erased",
        data={"contact": contact.pk, "request": request.public_id, "erased": record["erased"]},
    )
    return record


@transaction.atomic
def finish(*, request: PrivacyRequest) -> bool:
    """Blank what was on the line when the person was erased. True when nothing is left in motion."""
    request = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
    if request.contact_id is None or not request.record.get("in_motion"):
        return True
    mail = ports.mail.forget(organization_id=request.organization_id, contact_id=request.contact_id, addresses=())
    erased = dict(request.record["erased"])
    for what, count in mail.erased.items():
        erased[what] = erased.get(what, 0) + count
    request.record = {**request.record, "erased": erased, "in_motion": mail.in_motion}
    request.save(update_fields=["record"])
    return not mail.in_motion


def _names(contact: Contact) -> list[str]:
    """Every spelling of the address that we have; the normalised one first. None for somebody who is erased already."""
    names = [contact.address_key, contact.address.lower()] if contact.erased_at is None else []
    return [name for name in dict.fromkeys(names) if "@" in name]


def _scrub_what_surrounds(contact: Contact, names: list[str]) -> dict[str, int]:
    subscriptions = Subscription.objects.filter(contact=contact).exclude(state=SubscriptionState.UNSUBSCRIBED)
    consent = ConsentRecord.objects.filter(contact=contact).exclude(ip=None, user_agent="")
    requests = PrivacyRequest.objects.filter(contact=contact).exclude(address="", new_address="", note="")
    signups = Signup.objects.filter(contact=contact).exclude(values={})
    rows, changes = ImportRow.objects.none(), ImportChange.objects.none()
    if names:
        in_raw = Q()
        for name in names:
            in_raw |= Q(raw__icontains=name)
        ours = ImportRow.objects.filter(organization_id=contact.organization_id)
        rows = ours.filter(Q(address_key=names[0]) | in_raw)
        changes = ImportChange.objects.filter(organization_id=contact.organization_id, contact_id=contact.pk)
    return {
        "subscriptions": subscriptions.update(state=SubscriptionState.UNSUBSCRIBED, changed_at=timezone.now()),
        "addresses and devices in the consent ledger": consent.update(ip=None, user_agent=""),
        "tags": Tagging.objects.filter(contact=contact).delete()[0],
        "preferences": Preference.objects.filter(contact=contact).delete()[0],
        "sign-ups": signups.update(values={}),
        "rows of imports": rows.update(
            address="", address_key="", domain="", locale="", values={}, extra=None, problem="", raw=""
        ),
        "changes by imports": changes.delete()[0],
        "requests": requests.update(address="", new_address="", note=""),
    }


def _hash_suppressions(contact: Contact, names: list[str], actor: User | None) -> dict[str, int]:
    """The entries of the do-not-send list go by the hash from now on, and one says that the person asked to be forgotten."""
    if not names:
        return {}
    hashed = fingerprints.PREFIX + fingerprints.of(names[0])
    entries = Suppression.objects.select_for_update().filter(
        organization_id=contact.organization_id, address_key__in=names
    )
    scrubbed = 0
    for entry in entries:
        double = Suppression.objects.filter(
            organization_id=contact.organization_id,
            address_key=hashed,
            reason=entry.reason,
            topic=entry.topic_id,
            lifted_at=None,
        )
        if entry.lifted_at is None and double.exists():
            entry.lifted_at, entry.lifted_why = timezone.now(), "Twice: erased before."
        entry.address_key, entry.evidence = hashed, ""
        entry.save()
        scrubbed += 1
    Suppression.objects.bulk_create(
        [
            Suppression(
                organization_id=contact.organization_id,
                address_key=hashed,
                reason=SuppressionReason.ERASED,
                source="member" if actor else "page",
                actor=actor,
            )
        ],
        ignore_conflicts=True,
    )
    return {"entries of the do-not-send list": scrubbed}
