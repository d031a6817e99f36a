"""Forgetting a person: scrubbed in place, so that every sum stays, and a closing record of what went, what stays and why.

Policy (GDPR, article 17): whatever names them goes, in every table of ours. What stays are counts of which nobody can tell
whose they are, and one keyed hash of the address, so that nobody brings it back unawares. Erasing again is harmless.

Whoever was found to be the same person (queries/merged.py) is erased with them, and what bears an address that they had
before. The people are locked first, in the order of their ids, and their messages after, as everywhere else.
"""

from collections import Counter
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from contacts import addresses, fingerprints, ports
from contacts.actions import traces
from contacts.enums import (
    RequestChannel,
    RequestKind,
    RequestState,
    RowVerdict,
    SubscriptionState,
    SuppressionReason,
)
from contacts.models import (
    ConsentRecord,
    Contact,
    Import,
    ImportChange,
    ImportRow,
    Preference,
    PrivacyRequest,
    Signup,
    Subscription,
    Suppression,
    Tagging,
)
from contacts.queries import merged

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
    people = _locked(contact)
    contact = next(one for one in people if one.pk == contact.pk)
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
    erased: Counter[str] = Counter()
    in_motion = 0
    for one in people:
        in_motion += _erase_one(one, erased, actor)
    now = timezone.now()
    record = {
        "erased": {what: count for what, count in erased.items() if count},
        "kept": list(KEPT),
        "backups_until": (now + timedelta(days=settings.BACKUP_DAYS)).date().isoformat(),
        "in_motion": in_motion,
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


def _locked(contact: Contact) -> list[Contact]:
    """Everybody who is this person."""
    people = Contact.objects.select_for_update(no_key=True).filter(pk__in=merged.all_of(contact))
    return list(people.order_by("pk"))


def _erase_one(contact: Contact, erased: Counter[str], actor: User | None) -> int:
    """Erase one entry and add to what was erased; how many of its messages are in motion."""
    names = _names(contact)
    erased.update(_scrub_what_surrounds(contact, names))
    erased.update(_hash_suppressions(contact, names, actor))
    mail = ports.mail.forget(organization_id=contact.organization_id, contact_id=contact.pk, addresses=names)
    erased.update(mail.erased)
    now = timezone.now()
    contact.address, contact.address_key, contact.domain = "", f"erased:{contact.pk}", ""
    contact.values, contact.locale, contact.source = {}, "", ""
    contact.archived_at, contact.erased_at = contact.archived_at or now, contact.erased_at or now
    contact.save()
    erased["address, name and fields"] += 1
    erased["entries of the audit log"] += audit.forget(
        organization=contact.organization, target=contact, addresses=names
    )
    erased["questions and views that named them"] += traces.forget(organization=contact.organization, names=names)
    return mail.in_motion


@transaction.atomic
def finish(*, request: PrivacyRequest) -> bool:
    """Blank what was on the line when the person was erased. True when nothing is left in motion."""
    request = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
    if request.contact_id is None or not request.record.get("in_motion"):
        return True
    erased, in_motion = Counter(request.record["erased"]), 0
    for pk in merged.all_of(Contact.objects.get(pk=request.contact_id)):
        mail = ports.mail.forget(organization_id=request.organization_id, contact_id=pk, addresses=())
        erased.update(mail.erased)
        in_motion += mail.in_motion
    request.record = {**request.record, "erased": dict(erased), "in_motion": in_motion}
    request.save(update_fields=["record"])
    return not in_motion


def _names(contact: Contact) -> list[str]:
    """Every spelling of the address that we have, and of those before it; the normalised one first. None for somebody who is
    erased already."""
    if contact.erased_at is not None:
        return []
    names = [contact.address_key, contact.address.lower()]
    for former in PrivacyRequest.objects.filter(contact=contact).exclude(address="").values_list("address", flat=True):
        names += [addresses.key_of(former) or former.lower(), former.lower()]
    return [name for name in dict.fromkeys(names) if "@" in name]


def _scrub_what_surrounds(contact: Contact, names: list[str]) -> dict[str, int]:
    subscriptions = Subscription.objects.filter(contact=contact).exclude(state=SubscriptionState.UNSUBSCRIBED)
    consent = ConsentRecord.objects.filter(contact=contact).exclude(ip=None, user_agent="")
    requests = PrivacyRequest.objects.filter(contact=contact).exclude(address="", new_address="", note="")
    signups = Signup.objects.filter(contact=contact).exclude(values={})
    rows, changes = ImportRow.objects.none(), ImportChange.objects.none()
    if names:
        # By the index of addresses, and what stands in rows that could not be read: those of each file, not all there are.
        in_raw = Q()
        for name in names:
            in_raw |= Q(raw__icontains=name)
        files = Import.objects.filter(organization_id=contact.organization_id, rows_staged__gt=0).values_list(
            "pk", flat=True
        )
        bad = ImportRow.objects.filter(source_id__in=list(files), verdict=RowVerdict.INVALID)
        read = ImportRow.objects.filter(organization_id=contact.organization_id, address_key__in=names)
        ids = {*read.values_list("pk", flat=True), *bad.filter(in_raw).values_list("pk", flat=True)}
        rows = ImportRow.objects.filter(pk__in=ids)
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
    scrubbed = 0
    for key in dict.fromkeys(addresses.key_of(name) or name for name in names):
        hashed = fingerprints.PREFIX + fingerprints.of(key)
        entries = Suppression.objects.select_for_update().filter(
            organization_id=contact.organization_id, address_key=key
        )
        for entry in entries.order_by("pk"):
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
