"""Who was found to be whom: entries that were put together stay on file, and one of them stands for all.

Mail that went to one of the others keeps its links for ever: what somebody says by them is said by the one who stays.
"""

from django.db.models import Q

from contacts.models import Contact


def one_who_stays(contact_id: int) -> Contact | None:
    """The person whom a contact stands for now: themselves, unless they were put away as a part of somebody else."""
    contact = Contact.objects.filter(pk=contact_id).first()
    if contact is None or contact.merged_into is None or contact.archived_at is None:
        return contact
    return Contact.objects.filter(pk=contact.merged_into).first() or contact


def all_of(contact: Contact) -> list[int]:
    """The ids of everybody who was found to be this person, and of this one, in their order. Asks anew."""
    people = Contact.objects.filter(organization_id=contact.organization_id)
    stays = people.filter(pk=contact.pk).values_list("merged_into", flat=True).first() or contact.pk
    return sorted({contact.pk, *people.filter(Q(pk=stays) | Q(merged_into=stays)).values_list("pk", flat=True)})
