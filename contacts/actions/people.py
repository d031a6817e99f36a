"""People one by one: adding by hand, correcting what we know, archiving and bringing back."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts import addresses
from contacts.actions import suppressions
from contacts.errors import AlreadyThere, BadAddress
from contacts.models import Contact


@transaction.atomic
def add(
    *,
    organization: Organization,
    address: str,
    values: Mapping[str, Any],
    locale: str,
    actor: User | None,
) -> Contact:
    """Add a person; `values` are typed already (contacts.values). Raises BadAddress, AlreadyThere."""
    try:
        parsed = addresses.parse(address)
    except addresses.InvalidAddress as refused:
        raise BadAddress(str(refused)) from refused
    if suppressions.is_erased(parsed.key):
        raise BadAddress("The person of this address asked to be forgotten. Nobody may add it again.")
    contact, is_new = Contact.objects.get_or_create(
        organization=organization,
        address_key=parsed.key,
        defaults={
            "address": parsed.address,
            "domain": parsed.domain,
            "values": dict(values),
            "locale": locale,
            "source": "manual",
        },
    )
    if not is_new:
        raise AlreadyThere(f"{parsed.address} is there already.")
    audit.record(organization=organization, actor=actor, verb="contacts.person_added", target=contact)
    return contact


@transaction.atomic
def correct(*, contact: Contact, values: Mapping[str, Any], locale: str, actor: User | None) -> list[str]:
    """Set typed values (None removes one) and the language; the keys that changed. Other values stay."""
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    kept = {key: value for key, value in {**contact.values, **values}.items() if value is not None}
    changed = sorted(key for key in kept.keys() | contact.values.keys() if kept.get(key) != contact.values.get(key))
    if locale != contact.locale:
        changed.append("language")
    if changed:
        contact.values, contact.locale = kept, locale
        contact.save(update_fields=["values", "locale", "updated_at"])
        audit.record(
            organization=contact.organization,
            actor=actor,
            verb="contacts.person_corrected",
            target=contact,
            data={"fields": changed},
        )
    return changed


def archive(*, contact: Contact, actor: User | None) -> None:
    """Put a person away: out of lists, segments and sends; nothing is lost."""
    _set_archived(contact, actor, archived=True)


def restore(*, contact: Contact, actor: User | None) -> None:
    """Bring an archived person back, with subscriptions and do-not-send entries as they were."""
    _set_archived(contact, actor, archived=False)


@transaction.atomic
def _set_archived(contact: Contact, actor: User | None, *, archived: bool) -> None:
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    if (contact.archived_at is not None) == archived:
        return
    contact.archived_at = timezone.now() if archived else None
    contact.save(update_fields=["archived_at", "updated_at"])
    audit.record(
        organization=contact.organization,
        actor=actor,
        verb="contacts.person_archived" if archived else "contacts.person_restored",
        target=contact,
    )
