"""Our message as an ESP's API takes it: fields and parts instead of octets on a wire.

Trap: app mail names all of its recipients in To and Cc, and each is a message of its own here. An API would write to all of
them each time, so only the one whom it is for is named.
"""

import email
import email.policy
from email import encoders
from email.headerregistry import AddressHeader
from email.message import EmailMessage, MIMEPart
from email.mime.base import MIMEBase
from email.utils import formataddr

from django.core.mail import EmailMultiAlternatives

from sending.esps import Esp

MARK = "posthouse"  # the name of our mark among the metadata
# What the API writes itself, or what only holds for the octets that we would have sent.
_OURS = frozenset(
    "from to cc bcc subject date message-id mime-version dkim-signature return-path received reply-to sender "
    "cfbl-address".split()
)


def message_of(content: bytes, address: str, *, mark: str, esp: Esp) -> EmailMultiAlternatives:
    """A message for django-anymail. `mark` comes back with each report. ValueError for content that cannot be read."""
    parsed = email.message_from_bytes(content, policy=email.policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    message = EmailMultiAlternatives(
        subject=str(parsed.get("Subject", "")),
        body=_text(text) if text is not None else "",
        from_email=str(parsed.get("From", "")),
        to=[_named(parsed, address)],
        reply_to=[str(parsed["Reply-To"])] if parsed["Reply-To"] else None,
        headers={
            name: str(value)
            for name, value in parsed.items()
            if name.lower() not in _OURS and not name.lower().startswith("content-")
        },
    )
    if html is not None:
        message.attach_alternative(_text(html), "text/html")
    for part in parsed.walk():
        if not part.is_multipart() and part is not text and part is not html:
            message.attach(_attached(part))
    message.metadata = {MARK: mark}  # type: ignore[attr-defined]  # django-anymail's
    if esp.mutes:  # opens and clicks are counted by our own links
        message.track_opens = False  # type: ignore[attr-defined]
        message.track_clicks = False  # type: ignore[attr-defined]
    return message


def _text(part: MIMEPart) -> str:
    return str(part.get_content())


def _named(parsed: EmailMessage, address: str) -> str:
    """The recipient, with the name that the message gives them."""
    found = parsed["To"]
    if isinstance(found, AddressHeader):
        for each in found.addresses:
            if each.addr_spec.lower() == address.lower() and each.display_name:
                return formataddr((each.display_name, address), charset="utf-8")
    return address


def _attached(part: EmailMessage) -> MIMEBase:
    attached = MIMEBase(part.get_content_maintype(), part.get_content_subtype())
    octets = part.get_payload(decode=True)
    attached.set_payload(octets if isinstance(octets, bytes) else b"")
    encoders.encode_base64(attached)
    disposition = part.get_content_disposition() or "attachment"
    if name := part.get_filename():
        attached.add_header("Content-Disposition", disposition, filename=name)
    else:
        attached.add_header("Content-Disposition", disposition)
    if part["Content-ID"]:
        attached["Content-ID"] = str(part["Content-ID"])
    return attached
