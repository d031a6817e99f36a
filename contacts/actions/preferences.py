"""What a recipient does by the links in a mail: leave, take that back, choose topics. The person and the mail in one step.

Policy: leaving never needs more than the token; it is noted for the mail that it came by only when it changed something.
Nothing here can do more than the person's own wish: complaints, bounces and members' entries stay.
"""

from collections.abc import Collection

from django.db import transaction

from contacts import ports
from contacts.actions import subscriptions
from contacts.actions.subscriptions import Statement
from contacts.models import Contact, Topic
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
