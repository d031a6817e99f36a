"""Everything that we hold about one person, for their own eyes: GDPR, articles 15 and 20.

Plain JSON: dicts, lists, text, numbers; times in ISO 8601 with their zone. It is complete: whatever table of ours names a
person is in it, also what servers answered and which device opened a mail.
"""

from datetime import datetime
from typing import Any

from django.utils import timezone

from contacts import ports
from contacts.enums import SubscriptionState
from contacts.models import (
    ConsentRecord,
    Contact,
    Import,
    ImportRow,
    Preference,
    PrivacyRequest,
    Signup,
    SignupForm,
    Subscription,
    Suppression,
    Tagging,
)
from contacts.queries import fields, merged

# How people came, where neither the import nor the form is known any more.
ORIGINS = {"manual": "Entered by a member", "api": "API", "import": "Import", "form": "Sign-up form"}


def held(contact: Contact) -> dict[str, Any]:
    """Call inside of the organization's scope. `other_entries`: whoever was found to be the same person."""
    others = Contact.objects.filter(pk__in=merged.all_of(contact), erased_at=None).exclude(pk=contact.pk)
    return {**_held(contact), "other_entries": [_held(other) for other in others.order_by("pk")]}


def _held(contact: Contact) -> dict[str, Any]:
    organization = contact.organization
    labels = {field.key: field.label for field in fields.known(organization)}
    return {
        "made_at": _time(timezone.now()),
        "held_by": {"name": organization.name, "postal_address": organization.postal_address},
        "person": {
            "address": contact.address,
            "language": contact.locale,
            "known_since": _time(contact.created_at),
            "changed_at": _time(contact.updated_at),
            "archived_at": _time(contact.archived_at),
            "came_by": _origin(contact),
            "fields": [
                {"name": labels.get(key, key), "key": key, "value": value}
                for key, value in sorted(contact.values.items())
            ],
            "tags": list(
                Tagging.objects.filter(contact=contact).order_by("tag__name").values_list("tag__name", flat=True)
            ),
        },
        "preferences": _preferences(contact),
        "topics": [
            {"topic": row.topic.name, "state": SubscriptionState(row.state).label, "since": _time(row.changed_at)}
            for row in Subscription.objects.filter(contact=contact).select_related("topic").order_by("topic__name")
        ],
        "consent": [
            {
                "at": _time(record.at),
                "topic": record.topic.name if record.topic else None,
                "what": record.get_action_display(),
                "where": record.get_source_display(),
                "words": record.wording,
                "ip_address": record.ip,
                "device": record.user_agent,
            }
            for record in ConsentRecord.objects.filter(contact=contact).select_related("topic").order_by("at", "pk")
        ],
        "sign_ups": [
            {"at": _time(row.at), "form": row.form.name, "state": row.get_state_display(), "given": row.values}
            for row in Signup.objects.filter(contact=contact).select_related("form").order_by("pk")
        ],
        "do_not_send_list": [
            {
                "since": _time(row.created_at),
                "reason": row.reason_words,
                "how": row.source_words,
                "evidence": row.evidence,
                "topic": row.topic.name if row.topic else None,
                "lifted_at": _time(row.lifted_at),
                "lifted_because": row.lifted_why,
            }
            for row in Suppression.objects.filter(
                organization_id=contact.organization_id, address_key=contact.address_key
            )
            .select_related("topic")
            .order_by("pk")
        ],
        "imported_rows": [
            {"file": row.source.file_name, "line": row.line, "values": row.values, "as_it_stood": row.raw}
            for row in ImportRow.objects.filter(
                organization_id=contact.organization_id, address_key=contact.address_key
            )
            .select_related("source")
            .order_by("source_id", "line")
        ],
        "requests": [
            {"received_at": _time(row.received_at), "kind": row.get_kind_display(), "state": row.get_state_display()}
            for row in PrivacyRequest.objects.filter(contact=contact).order_by("pk")
        ],
        "messages": ports.mail.held(contact_id=contact.pk, address=contact.address_key),
    }


def _preferences(contact: Contact) -> dict[str, Any]:
    own = Preference.objects.filter(contact=contact).first()
    if own is None:
        return {}
    return {
        "paused_until": _time(own.paused_until),
        "how_often": own.get_cap_display() if own.cap else "",
        "language": own.language,
    }


def _origin(contact: Contact) -> str:
    if contact.import_id and (found := Import.objects.filter(pk=contact.import_id).first()):
        return f"Import of the file {found.file_name}, {found.created_at:%Y-%m-%d}"
    if contact.form_id and (form := SignupForm.objects.filter(pk=contact.form_id).first()):
        return f"Sign-up form {form.name}"
    return ORIGINS.get(contact.source, contact.source)


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None
