""" "I never signed up": believed at once. Nothing is sent any more, and whatever brought the address in is flagged.

The entry on the do-not-send list names the import or the form (`about`), so that `queries/disputes.py` can count them also
after the person is erased.
"""

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from contacts import ports
from contacts.actions import subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentAction, SuppressionReason
from contacts.models import Contact, Suppression

SOURCE = "page"  # of the entry on the do-not-send list; together with MANUAL it means a dispute
EVIDENCE = "They say that they never signed up."


@transaction.atomic
def never_signed_up(*, contact: Contact, statement: Statement) -> bool:
    """Stop everything to a person who says so, and flag what brought them in. False if they had said so."""
    subscriptions.unsubscribe_all(contact=contact, statement=statement)  # locks the person
    new = suppressions.suppress(
        organization=contact.organization,
        address=contact.address_key,
        reason=SuppressionReason.MANUAL,
        source=SOURCE,
        evidence=f"{EVIDENCE} Unsubscribe page, {timezone.now():%Y-%m-%d %H:%M} UTC: “{statement.wording}”",
        about=brought_by(contact),
    )
    if not new:
        return False
    subscriptions.note(contact=contact, action=ConsentAction.DISPUTED, statement=statement)
    audit.record(
        organization=contact.organization,
        verb="contacts.signup_disputed",
        target=contact,
        data={"brought by": brought_by(contact) or contact.source or "unknown"},
    )
    ports.mail.left(about=statement.about)
    return True


@transaction.atomic
def took_back(*, contact: Contact, statement: Statement) -> bool:
    """It was a slip, says the person: as it was before. Lifts no entry but the one of `never_signed_up`."""
    subscriptions.resubscribe(contact=contact, topic=None, statement=statement)
    standing = Suppression.objects.filter(
        address_key=contact.address_key, reason=SuppressionReason.MANUAL, source=SOURCE, lifted_at=None
    )
    lifted = standing.update(lifted_at=timezone.now(), lifted_why="They took it back on the unsubscribe page.")
    if lifted:
        ports.mail.came_back(about=statement.about)
        audit.record(organization=contact.organization, verb="contacts.dispute_taken_back", target=contact)
    return bool(lifted)


def brought_by(contact: Contact) -> str:
    """What brought a person in, as the do-not-send list keeps it: "import 12", "form 3", or ""."""
    if contact.import_id:
        return f"import {contact.import_id}"
    return f"form {contact.form_id}" if contact.form_id else ""
