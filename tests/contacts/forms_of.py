"""Sign-up forms for tests, and the mails that answer them."""

import email
import email.policy
import re
from email.message import EmailMessage
from typing import Any

from accounts.models import Brand, Organization
from contacts.models import SignupForm, Topic
from sending.models import StoredMessage


def topic(organization: Organization, name: str = "Tea news", *, double: bool = True, **facts: Any) -> Topic:
    return Topic.objects.create(
        organization=organization, brand=Brand.objects.get(), name=name, double_opt_in=double, **facts
    )


def form(organization: Organization, *topics: Topic, **facts: Any) -> SignupForm:
    facts = {"name": "Website", "title": "Tea by mail", "wording": "Yes, send me tea news."} | facts
    return SignupForm.objects.create(
        organization=organization, brand=Brand.objects.get(), topic_ids=[one.pk for one in topics], **facts
    )


def mails() -> list[EmailMessage]:
    """What was stored to be sent, oldest first. In the organization's scope."""
    return [
        email.message_from_bytes(bytes(kept.raw), policy=email.policy.default)  # type: ignore[misc]
        for kept in StoredMessage.objects.order_by("pk")
    ]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def confirm_path(mail: EmailMessage) -> str:
    """The path of the confirm link in a mail."""
    found = re.search(r"https?://[^/\s]+(/s/\S+)", text_of(mail))
    assert found is not None
    return found[1]
