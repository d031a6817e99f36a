"""What a recipient does by the links in a mail: leave, take that back, choose topics, pause, less often, the language.

Policy: leaving never needs more than the token; it is noted for the mail that it came by only when it changed something.
Nothing here can do more than the person's own wish: complaints, bounces and members' entries stay.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from contacts import ports
from contacts.actions import subscriptions
from contacts.actions.subscriptions import Statement
from contacts.enums import Cap
from contacts.models import Contact, Preference, Topic
from contacts.queries.recipients import Recipient


@transaction.atomic
def leave(*, contact: Contact, topic: Topic | None, statement: Statement) -> bool:
    """Stop mail on one topic, or (None) all marketing mail. False if it was so."""
    if topic is None:
        left = subscriptions.unsubscribe_all(contact=contact, statement=statement)
    else:
        left = subscriptions.unsubscribe(contact=contact, topic=topic, statement=statement)
    if left:
        ports.mail.left(about=statement.about)
    return left


@transaction.atomic
def come_back(*, contact: Contact, topic: Topic | None, statement: Statement) -> bool:
    """Take back having left a topic, or (None) everything; recorded as fresh consent. False if nothing changed."""
    back = subscriptions.resubscribe(contact=contact, topic=topic, statement=statement)
    if back:
        ports.mail.came_back(about=statement.about)
    return back


@transaction.atomic
def choose(*, recipient: Recipient, wanted: Collection[str], statement: Statement) -> bool:
    """Subscribe to the topics whose public ids are `wanted` and leave the other ones that the page showed.

    False if nothing changed. The last topic that is left is noted as leaving by this mail.
    """
    contact = recipient.contact
    if contact is None:
        return False
    changed = left = False
    for choice in recipient.choices:
        chosen = choice.topic.public_id in wanted
        if chosen and not choice.subscribed:
            changed |= subscriptions.resubscribe(contact=contact, topic=choice.topic, statement=statement)
        elif not chosen and choice.subscribed:
            left |= subscriptions.unsubscribe(contact=contact, topic=choice.topic, statement=statement)
    if left and not any(choice.topic.public_id in wanted for choice in recipient.choices):
        ports.mail.left(about=statement.about)
    return changed or left


def pause(*, contact: Contact, days: int) -> datetime | None:
    """No marketing mail for so many days from now; 0: start again. Gives until when, None when there is no pause."""
    until = timezone.now() + timedelta(days=days) if days > 0 else None
    _keep(contact, paused_until=until)
    return until


def set_cap(*, contact: Contact, cap: str) -> None:
    """At most one marketing mail in the time of a contacts.enums.Cap; "": as often as there is something."""
    _keep(contact, cap=Cap(cap).value if cap else "")


def set_language(*, contact: Contact, language: str, locale: str | None = None) -> None:
    """The language that they want to be spoken to in; "": their browser's. Members see it as theirs (Contact.locale), which
    `locale` sets otherwise: to take the choice back."""
    _keep(contact, language=language)
    known = (language or contact.locale) if locale is None else locale
    Contact.objects.filter(pk=contact.pk).exclude(locale=known).update(locale=known, updated_at=timezone.now())


def put_back(*, contact: Contact, paused_until: datetime | None, cap: str) -> None:
    """Pause and cap as they were before; a pause that would be over is none."""
    is_over = paused_until is not None and paused_until <= timezone.now()
    _keep(contact, paused_until=None if is_over else paused_until, cap=Cap(cap).value if cap else "")


@transaction.atomic
def _keep(contact: Contact, **changes: Any) -> None:
    """Change a person's row of preferences; who wants nothing special has none."""
    Contact.objects.select_for_update(no_key=True).only("pk").get(pk=contact.pk)
    row = Preference.objects.filter(contact=contact).first() or Preference(
        organization_id=contact.organization_id, contact=contact
    )
    for name, value in changes.items():
        setattr(row, name, value)
    if row.paused_until or row.cap or row.language:
        row.save()
    else:
        Preference.objects.filter(contact=contact).delete()
