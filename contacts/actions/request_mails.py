"""The mails that carry a one-hour link, in the person's language. No advertising, and nothing of what we know about them."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Brand
from contacts import addresses, languages, links, ports
from contacts.enums import RequestKind
from contacts.models import Contact, Preference, PrivacyRequest


def link(*, request: PrivacyRequest, contact: Contact, brand: Brand) -> None:
    """To the address on file: prove that this mailbox is yours."""
    _send(request, contact, brand, to=contact.address, step=links.ON_FILE, name=request.kind)


def confirm_address(*, request: PrivacyRequest, contact: Contact, brand: Brand) -> None:
    """To the new address: prove that this one is yours as well."""
    _send(request, contact, brand, to=request.new_address, step=links.NEW, name="new_address")


def _send(request: PrivacyRequest, contact: Contact, brand: Brand, *, to: str, step: str, name: str) -> None:
    made = links.mint(
        organization_id=request.organization_id,
        request_id=request.pk,
        step=step,
        address_key=addresses.key_of(to) or to,
    )
    with translation.override(_language(contact)):
        context = {
            "brand": brand,
            "name": name,
            "url": f"{brand.link_base}/d/{made}",
            "postal_address": brand.postal_address or request.organization.postal_address,
        }
        ports.post.send(
            organization=request.organization,
            brand=brand,
            to=to,
            subject=_subject(name) % {"brand": brand.name},
            text=render_to_string("contacts/recipients/mail/link.txt", context),
            html=render_to_string("contacts/recipients/mail/link.html", context),
        )


def _subject(name: str) -> str:
    if name == RequestKind.ACCESS:
        return _("Your data at %(brand)s: open within an hour")
    if name == RequestKind.ERASURE:
        return _("Erase your data at %(brand)s: confirm within an hour")
    if name == RequestKind.ADDRESS:
        return _("Your new address for %(brand)s: tell us within an hour")
    return _("Your new address for %(brand)s: confirm within an hour")


def _language(contact: Contact) -> str:
    """Their own choice; else that of the page on which they ask right now, unless a member asks; else what we know."""
    own = Preference.objects.filter(contact=contact).values_list("language", flat=True).first() or ""
    now = translation.get_language() or ""
    return languages.best(chosen=own, accept="" if now == settings.LANGUAGE_CODE else now, known=contact.locale)
