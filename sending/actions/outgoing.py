"""Mail of our own making as it goes over the wire: from Django's message to RFC 5322."""

import email
import email.message
import email.policy
from email.utils import formatdate

from django.core.mail import EmailMessage

from accounts import public_ids

# 7-bit needs no server's consent; long header fields are folded where they may be, and never encoded for their length.
WIRE = email.policy.SMTP.clone(cte_type="7bit", max_line_length=998)
NEVER = ("bcc", "dkim-signature", "return-path")


def wire_form(message: EmailMessage, *, domain: str) -> email.message.Message:
    """The message as it will be sent: marked as automatic (RFC 3834), without what recipients must not see.

    `domain`: of its Message-ID; "" gives localhost.
    """
    content = email.message_from_bytes(message.message().as_bytes(), policy=WIRE)
    for name in NEVER:
        del content[name]
    if "date" not in content:
        content["Date"] = formatdate()
    del content["message-id"]  # Django's names this computer
    content["Message-ID"] = f"<{public_ids.new()}{public_ids.new()}@{domain or 'localhost'}>"
    if "auto-submitted" not in content:
        content["Auto-Submitted"] = "auto-generated"
        content["X-Auto-Response-Suppress"] = "All"
    return content
