"""The mails that answer a sign-up, in the visitor's language: please confirm, what you agreed to, you get it already.

Policy: no advertising (a confirm mail with it is spam to who never asked), and nothing that the visitor typed but the
address: a name field is where robots put the text that they want delivered.
"""

from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from contacts import languages, ports, tokens
from contacts.enums import SignupState
from contacts.models import Contact, Signup, Topic
from contacts.queries import signup_forms, signups

TEMPLATES = {SignupState.WAITING: "confirm", SignupState.SUBSCRIBED: "receipt", SignupState.AGAIN: "again"}


def answer(*, signup: Signup, contact: Contact, topics: Sequence[Topic]) -> str:
    """Store the mail that belongs to the sign-up's state; returns what tokens call it."""
    brand = signup.form.brand
    link = tokens.mint(organization_id=signup.organization_id, contact_id=contact.pk, about=signups.about_of(signup))
    preferences = tokens.mint(organization_id=signup.organization_id, contact_id=contact.pk)
    with translation.override(languages.best(known=signup.locale)):
        named = signup_forms.names(list(topics))
        context = {
            "brand": brand,
            "address": contact.address,
            "topics": topics,
            "names": named,
            "wording": signup.wording,
            "at": signup.settled_at or timezone.now(),
            "confirm_url": f"{brand.link_base}/s/{link}",
            "preferences_url": f"{brand.link_base}/p/{preferences}",
            "unsubscribe_url": f"{brand.link_base}/u/{preferences}",
            "postal_address": brand.postal_address or signup.organization.postal_address,
        }
        name = TEMPLATES[SignupState(signup.state)]
        return ports.post.send(
            organization=signup.organization,
            brand=brand,
            to=contact.address,
            subject=_subject(signup, named),
            text=render_to_string(f"contacts/signups/mail/{name}.txt", context),
            html=render_to_string(f"contacts/signups/mail/{name}.html", context),
        )


def _subject(signup: Signup, names: str) -> str:
    words = {"topics": names, "brand": signup.form.brand.name}
    if signup.state == SignupState.WAITING:
        return _("Please confirm: %(topics)s from %(brand)s") % words
    if signup.state == SignupState.AGAIN:
        return _("You get %(topics)s from %(brand)s already") % words
    return _("You are subscribed: %(topics)s from %(brand)s") % words
