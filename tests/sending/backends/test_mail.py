"""Mail of our own: stored whole, one row of the ledger a recipient, fit for the wire."""

import email
import email.policy

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection

from accounts.actions import organizations
from accounts.models import Organization
from accounts.tenancy import tenant_scope
from contacts.addresses import InvalidAddress
from sending.backends.mail import HouseBackend
from sending.enums import DeliveryState, StreamKind
from sending.models import Mailing, StoredMessage

pytestmark = pytest.mark.django_db


def send(message: EmailMessage, **options: bool) -> int:
    return int(HouseBackend(**options).send_messages([message]) or 0)


def stored() -> list[StoredMessage]:
    with tenant_scope(organizations.house()):
        return list(StoredMessage.objects.select_related("delivery__mailing__stream", "domain").order_by("pk"))


def test_it_is_the_backend_that_django_uses(settings) -> None:
    settings.EMAIL_BACKEND = "sending.backends.mail.HouseBackend"
    assert isinstance(get_connection(), HouseBackend)


def test_a_mail_is_stored_and_queued_in_the_houses_app_stream() -> None:
    assert (
        send(EmailMessage("Your code", "It is 12", "Posthouse <hello@posthouse.example>", ["Anna@Inbox.example"])) == 1
    )
    (kept,) = stored()
    assert kept.delivery.state == DeliveryState.QUEUED
    assert kept.delivery.address == "anna@inbox.example"
    assert kept.delivery.contact_id is None
    assert kept.delivery.mailing.stream.kind == StreamKind.APP
    assert kept.delivery.mailing.sealed_at is None
    assert kept.domain is not None
    assert kept.domain.name == "posthouse.example"
    message = email.message_from_bytes(bytes(kept.raw), policy=email.policy.default)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{kept.message_id}>"
    assert message["Subject"] == "Your code"


def test_what_is_stored_is_seven_bit_with_crlf_and_no_bcc() -> None:
    mail = EmailMultiAlternatives(
        "Grüße aus Köln " * 20,
        "Zeile eins\nZoë\n" + "x" * 3000,
        "hello@posthouse.example",
        ["a@inbox.example"],
        ["b@inbox.example"],
    )
    mail.attach_alternative("<p>Zoë</p>", "text/html")
    assert send(mail) == 1
    first, second = stored()
    raw = bytes(first.raw)
    assert raw == bytes(second.raw)
    assert {first.delivery.address, second.delivery.address} == {"a@inbox.example", "b@inbox.example"}
    assert b"b@inbox.example" not in raw
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"].strip() == ("Grüße aus Köln " * 20).strip()
    text = message.get_body(("plain",))
    assert text is not None
    assert "Zoë" in text.get_content()


def test_the_same_recipient_twice_is_one_message() -> None:
    send(EmailMessage("S", "T", "hello@posthouse.example", ["a@inbox.example"], cc=["A@inbox.example"]))
    assert len(stored()) == 1


def test_what_is_no_address_is_refused() -> None:
    bad = EmailMessage("S", "T", "hello@posthouse.example", ["nobody"])
    with pytest.raises(InvalidAddress):
        send(bad)
    assert send(bad, fail_silently=True) == 0
    assert stored() == []


@pytest.mark.django_db(transaction=True)
def test_inside_of_a_tenants_scope_it_waits_for_the_commit(organization: Organization) -> None:
    with tenant_scope(organization):
        send(EmailMessage("S", "T", "hello@posthouse.example", ["a@inbox.example"]))
        assert not Mailing.objects.exists()
    assert len(stored()) == 1

    def fail_after_sending() -> None:
        with tenant_scope(organization):
            send(EmailMessage("S", "T", "hello@posthouse.example", ["a@inbox.example"]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_sending()
    assert len(stored()) == 1


def test_a_new_line_in_the_subject_makes_no_header() -> None:
    from django.core.mail import BadHeaderError

    with pytest.raises(BadHeaderError):
        send(EmailMessage("S\nBcc: x@y.example", "T", "hello@posthouse.example", ["a@inbox.example"]))
