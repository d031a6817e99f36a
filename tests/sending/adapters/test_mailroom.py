"""The mailroom from its door to the ledger: real SMTP, real tables, our own tokens."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import OperationalError

from accounts import derived_keys
from accounts.models import Organization
from accounts.tenancy import tenant_scope
from contacts import tokens
from contacts.models import Suppression
from posthouse.sandbox import reports
from sending.adapters import mailroom
from sending.enums import DeliveryState
from sending.mailroom.reception import Reception
from sending.mailroom.signatures import DnsAway
from sending.mailroom.sorting import Finding, Kind
from sending.models import Delivery
from sending.relay import verp
from tests.sending import ledger

NAME, RECORD = reports.key_record("mx.x.example")
KEYS = {f"{NAME}.": RECORD.encode(), NAME: RECORD.encode()}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def row(organization: Organization) -> Delivery:
    with tenant_scope(organization):
        return ledger.delivery(ledger.mailing(organization), contact=ledger.contact(organization))


def mark(row: Delivery) -> str:
    return verp.mint(row.pk, secret=derived_keys.keys_for(verp.PURPOSE)[0])


@pytest.fixture
async def port() -> AsyncIterator[int]:
    clerk = mailroom.MailroomClerk(host_name="mail.test.example", lookup=KEYS.get)
    reception = Reception(clerk, host_name="mail.test.example")
    yield await reception.open("127.0.0.1", 0)
    await reception.close(patience=2)
    await asyncio.to_thread(clerk.close)


async def send(port: int, sender: str, to: str, message: bytes) -> dict[str, Any]:
    """What was refused, by recipient."""

    def talk() -> dict[str, Any]:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            try:
                return client.sendmail(sender, [to], message)
            except smtplib.SMTPRecipientsRefused as refused:
                return refused.recipients
            except smtplib.SMTPDataError as refused:
                return {"data": refused.args}

    return await asyncio.to_thread(talk)


def state(organization: Organization, row: Delivery) -> int:
    with tenant_scope(organization):
        return Delivery.objects.get(pk=row.pk).state


async def test_a_bounce_to_our_return_path_moves_the_message(
    organization: Organization, row: Delivery, port: int
) -> None:
    to = f"{mark(row).upper()}@bounces.kettle.example"
    raw = reports.bounce(
        host="mx.x.example",
        to=to,
        rcpt=row.address,
        status="5.1.1",
        reply="550 5.1.1 gone",
        original=b"Subject: x\r\n\r\n",
    )
    assert await send(port, "", to, raw) == {}
    assert await asyncio.to_thread(state, organization, row) == DeliveryState.BOUNCED


async def test_a_complaint_with_our_mark_suppresses(organization: Organization, row: Delivery, port: int) -> None:
    original = f"To: x\r\nCFBL-Feedback-ID: {mark(row)}\r\n\r\nhello".encode()
    raw = reports.complaint(host="mx.x.example", to="fbl@bounces.kettle.example", original=original)
    assert await send(port, "feedback@x.example", "fbl@bounces.kettle.example", raw) == {}

    def look() -> list[str]:
        with tenant_scope(organization):
            return list(Suppression.objects.values_list("reason", flat=True))

    assert await asyncio.to_thread(look) == ["complained"]


async def test_a_mail_to_the_opt_out_address_of_a_real_token_opts_out(
    organization: Organization, row: Delivery, port: int
) -> None:
    token = tokens.for_address(
        tokens.mint(organization_id=organization.pk, contact_id=row.contact_id or 0, about=f"d{row.pk}")
    )
    assert await send(port, "a@x.example", f"u+{token}@bounces.kettle.example", b"Subject: unsubscribe\r\n\r\n") == {}

    def look() -> list[str]:
        with tenant_scope(organization):
            return list(Suppression.objects.values_list("reason", flat=True))

    assert await asyncio.to_thread(look) == ["unsubscribed"]


@pytest.mark.parametrize("local", ["b1-forgedforgedforged", "u+forged", "info", "postmaster"])
async def test_what_we_did_not_sign_is_refused_at_the_door(port: int, local: str) -> None:
    refused = await send(port, "", f"{local}@bounces.kettle.example", b"Subject: x\r\n\r\n")
    assert refused[f"{local}@bounces.kettle.example"][0] == 550


async def test_a_forged_mark_in_a_complaint_changes_nothing(
    organization: Organization, row: Delivery, port: int
) -> None:
    forged = mark(row)[:-1] + ("a" if mark(row)[-1] != "a" else "b")
    original = f"To: {row.address}\r\nCFBL-Feedback-ID: {forged}\r\n\r\nhello".encode()
    raw = reports.complaint(host="mx.x.example", to="fbl@bounces.kettle.example", original=original)
    assert await send(port, "feedback@x.example", "fbl@bounces.kettle.example", raw) == {}

    def look() -> bool:
        with tenant_scope(organization):
            return Suppression.objects.exists()

    assert not await asyncio.to_thread(look)


async def test_when_the_database_is_away_the_sender_is_asked_to_come_back(
    row: Delivery, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(finding: Finding, waves: object) -> bool:
        raise OperationalError("the database is away")

    monkeypatch.setattr(mailroom, "act", away)
    to = f"{mark(row)}@bounces.kettle.example"
    refused = await send(port, "", to, b"Subject: x\r\n\r\n")
    assert refused["data"][0] == 451


@pytest.mark.parametrize(
    ("code", "status", "text", "invalid"),
    [
        (550, "5.1.1", "no such user", True),
        (0, "5.1.1", "no such user", True),
        (552, "5.2.2", "mailbox full", False),
        (554, "5.7.1", "blocked using a blocklist", False),
        (550, "", "message refused", False),
    ],
)
def test_late_bounces_are_judged_like_replies(code: int, status: str, text: str, *, invalid: bool) -> None:
    finding = Finding(kind=Kind.BOUNCED, delivery_id=1, code=code, status=status, text=text)
    assert bool(mailroom.blame(finding).suppress) is invalid


async def test_an_unsigned_complaint_to_the_known_box_changes_nothing(
    organization: Organization, row: Delivery, port: int
) -> None:
    original = f"To: x\r\nCFBL-Feedback-ID: {mark(row)}\r\n\r\nhello".encode()
    signed = reports.complaint(host="mx.x.example", to="fbl@bounces.kettle.example", original=original)
    raw = signed[signed.index(b"From:") :]
    assert await send(port, "feedback@x.example", "fbl@bounces.kettle.example", raw) == {}

    def look() -> bool:
        with tenant_scope(organization):
            return Suppression.objects.exists()

    assert not await asyncio.to_thread(look)


async def test_a_silent_dns_asks_the_sender_to_come_back(
    row: Delivery, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(name: str, default: object = None) -> bytes:
        raise DnsAway(name)

    monkeypatch.setattr(mailroom, "signed_by", lambda raw, lookup: away("x"))
    original = f"To: x\r\nCFBL-Feedback-ID: {mark(row)}\r\n\r\nhello".encode()
    raw = reports.complaint(host="mx.x.example", to="fbl@bounces.kettle.example", original=original)
    refused = await send(port, "feedback@x.example", "fbl@bounces.kettle.example", raw)
    assert refused["data"][0] == 451


async def test_after_the_database_failed_nobody_is_let_in_for_a_moment(
    row: Delivery, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(finding: Finding, waves: object) -> bool:
        raise OperationalError("could not extend file: No space left on device")

    to = f"{mark(row)}@bounces.kettle.example"
    with monkeypatch.context() as patched:
        patched.setattr(mailroom, "act", full)
        assert (await send(port, "", to, b"Subject: x\r\n\r\n"))["data"][0] == 451
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            await send(port, "", to, b"Subject: x\r\n\r\n")
        assert refused.value.smtp_code == 421
    monkeypatch.setattr(mailroom.time, "monotonic", lambda: 1e9)
    assert await send(port, "", to, b"Subject: x\r\n\r\n") == {}


async def test_an_opt_out_report_leaves_like_the_button(organization: Organization, row: Delivery, port: int) -> None:
    original = f"To: x\r\nCFBL-Feedback-ID: {mark(row)}\r\n\r\nhello".encode()
    raw = reports.complaint(host="mx.x.example", to=f"{mark(row)}@bounces.kettle.example", original=original)
    raw = raw.replace(b"Feedback-Type: abuse", b"Feedback-Type: opt-out")
    assert await send(port, "feedback@x.example", f"{mark(row)}@bounces.kettle.example", raw) == {}

    def look() -> list[str]:
        with tenant_scope(organization):
            return list(Suppression.objects.values_list("reason", flat=True))

    assert await asyncio.to_thread(look) == ["unsubscribed"]
