"""Where ESPs report to: what a good report moves, the same twice, forged ones, strangers' messages, hostile bodies."""

import hashlib
import hmac
import itertools
import json
from base64 import b64encode
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import derived_keys
from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from contacts.models import Suppression
from sending.actions import esp_accounts, esp_reports
from sending.enums import Bucket, DeliveryState, EspKind, EventKind, StreamKind
from sending.models import Delivery, EspAccount, Event, Tally
from sending.queries import ledger as auditing
from sending.relay import verp
from tests.sending import ledger
from tests.sending.accounts import connect, password

NUMBERS = itertools.count()

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(organization: Organization) -> EspAccount:
    return connect(organization)


def handed_over(
    organization: Organization,
    account: EspAccount | None,
    state: DeliveryState = DeliveryState.HANDED_OVER,
    **more: Any,
) -> Delivery:
    with tenant_scope(organization):
        row = ledger.delivery(
            ledger.mailing(organization),
            contact=ledger.contact(organization, f"p{next(NUMBERS)}@elsewhere.example"),
            state=state,
            **more,
        )
        Delivery.objects.filter(pk=row.pk).update(account_id=account.pk if account is not None else None)
    return row


def mark(row: Delivery) -> str:
    return verp.mint(row.pk, secret=derived_keys.keys_for(verp.PURPOSE)[0])


def postmark(kind: str, row: Delivery, **more: Any) -> dict[str, Any]:
    return {
        "RecordType": kind,
        "MessageID": "m1",
        "Recipient": row.address,
        "DeliveredAt": "2026-11-22T10:00:00Z",
        "Details": "250 2.0.0 Taken",
        "Metadata": {"posthouse": mark(row)},
    } | more


def bounce(row: Delivery, kind: str = "HardBounce", words: str = "smtp;550 5.1.1 User unknown") -> dict[str, Any]:
    return postmark("Bounce", row, ID=7, Type=kind, BouncedAt="2026-11-22T10:00:00Z", Details=words, Description="No.")


def report(account: EspAccount, body: Any, *, secret: str | None = None) -> int:
    token = b64encode(f"posthouse:{password(account) if secret is None else secret}".encode()).decode()
    response = Client(enforce_csrf_checks=True).post(
        f"/reports/{account.public_id}",
        body if isinstance(body, bytes) else json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Basic {token}"},
    )
    return response.status_code


def fresh(account: EspAccount) -> None:
    with cross_tenant("test"):
        account.refresh_from_db()


def state_of(row: Delivery) -> DeliveryState:
    with cross_tenant("test"):
        return DeliveryState(Delivery.objects.values_list("state", flat=True).get(pk=row.pk))


def events(row: Delivery) -> list[int]:
    with cross_tenant("test"):
        return list(Event.objects.filter(delivery_id=row.pk).order_by("id").values_list("kind", flat=True))


def tallies(row: Delivery) -> dict[int, int]:
    found: dict[int, int] = {}
    with cross_tenant("test"):
        for kind, n in Tally.objects.filter(mailing_id=row.mailing_id).values_list("kind", "n"):
            found[kind] = found.get(kind, 0) + n
    return {kind: n for kind, n in found.items() if n}


@pytest.mark.parametrize("state", [DeliveryState.HANDED_OVER, DeliveryState.IN_DOUBT, DeliveryState.SENDING])
def test_delivered_is_told_once_however_often_it_is_said(organization, account, state: DeliveryState) -> None:
    row = handed_over(organization, account, state)
    for _ in range(3):
        assert report(account, postmark("Delivery", row)) == 204
    assert state_of(row) is DeliveryState.DELIVERED
    assert events(row) == [EventKind.DELIVERED]
    assert tallies(row) == {Bucket.DELIVERED: 1, EventKind.DELIVERED: 1}
    fresh(account)
    assert account.hook_called_at is not None
    assert account.hook_refused_at is None


def test_a_bounce_is_judged_by_the_book_and_costs_the_address_what_it_says(organization, account) -> None:
    unknown, full, soft = (handed_over(organization, account) for _ in range(3))
    assert report(account, bounce(unknown)) == 204
    assert report(account, bounce(full, "SoftBounce", "smtp;552 5.2.2 Mailbox full")) == 204
    assert report(account, bounce(soft, "Transient", "smtp;451 4.3.0 Try later")) == 204
    assert [state_of(row) for row in (unknown, full, soft)] == [
        DeliveryState.BOUNCED,
        DeliveryState.BOUNCED,
        DeliveryState.HANDED_OVER,
    ]
    with tenant_scope(organization):
        found = Delivery.objects.get(pk=unknown.pk)
        assert (found.code, found.reason) == ("550 5.1.1", "invalid_recipient")
        assert [s.address_key for s in Suppression.objects.all()] == [unknown.address]
    assert events(soft) == [EventKind.DELAYED]
    assert report(account, bounce(unknown)) == 204
    assert events(unknown) == [EventKind.BOUNCED]


def test_a_delay_is_told_once_and_the_message_stays_with_them(organization, account) -> None:
    row = handed_over(organization, account)
    for _ in range(2):
        report(account, bounce(row, "Transient", "smtp;451 4.3.0 Try later"))
    report(account, bounce(row, "Transient", "smtp;451 4.3.0 Try later") | {"ID": 8})
    assert events(row) == [EventKind.DELAYED] * 2
    report(account, postmark("Delivery", row))
    assert state_of(row) is DeliveryState.DELIVERED
    report(account, bounce(row, "Transient"))
    assert events(row) == [EventKind.DELAYED, EventKind.DELAYED, EventKind.DELIVERED]


def test_a_bounce_after_the_delivery_is_a_late_one(organization, account) -> None:
    row = handed_over(organization, account)
    report(account, postmark("Delivery", row))
    report(account, bounce(row))
    assert state_of(row) is DeliveryState.BOUNCED
    assert events(row) == [EventKind.DELIVERED, EventKind.LATE_BOUNCE]


def test_a_spam_report_confirms_and_stops_marketing_mail(organization, account) -> None:
    row = handed_over(organization, account)
    for _ in range(2):
        report(account, postmark("SpamComplaint", row, Type="SpamComplaint", Email=row.address))
    assert state_of(row) is DeliveryState.DELIVERED
    assert events(row) == [EventKind.DELIVERED, EventKind.COMPLAINED]
    with tenant_scope(organization):
        assert Suppression.objects.get().reason == "complained"


def test_who_leaves_at_the_esp_has_left(organization, account) -> None:
    row = handed_over(organization, account)
    body = postmark(
        "SubscriptionChange", row, SuppressSending=True, SuppressionReason="ManualSuppression", Origin="Recipient"
    )
    assert report(account, body) == 204
    with tenant_scope(organization):
        assert Suppression.objects.get().reason == "unsubscribed"


def test_opens_and_clicks_are_ours_already(organization, account) -> None:
    row = handed_over(organization, account)
    for kind in ("Open", "Click"):
        assert (
            report(account, postmark(kind, row, ReceivedAt="2026-11-22T10:00:00Z", OriginalLink="https://x.example"))
            == 204
        )
    assert events(row) == []
    assert state_of(row) is DeliveryState.HANDED_OVER


def test_forged_reports_change_nothing(organization, other_organization, account) -> None:
    row = handed_over(organization, account)
    stranger = connect(other_organization)
    assert report(account, postmark("Delivery", row), secret="guessed") == 401
    assert report(account, postmark("Delivery", row), secret=password(stranger)) == 401
    assert Client().post(f"/reports/{account.public_id}", "{}", content_type="application/json").status_code == 401
    # Another organization's own account, with its own password, about a message that is not its.
    assert report(stranger, postmark("Delivery", row)) == 204
    assert report(stranger, bounce(row)) == 204
    assert report(account, postmark("Delivery", row, Metadata={"posthouse": "b1-aaaaaaaaaaaaaaaaaaaa"})) == 204
    assert report(account, postmark("Delivery", row, Metadata={"posthouse": str(row.pk)})) == 204
    assert report(account, postmark("Delivery", row, Metadata={})) == 204
    assert events(row) == []
    assert state_of(row) is DeliveryState.HANDED_OVER
    fresh(account)
    assert account.hook_refused_at is not None


def test_what_another_way_carried_is_none_of_its_business(organization, account) -> None:
    by_relay = handed_over(organization, None, DeliveryState.DELIVERED)
    by_another = handed_over(organization, connect(organization, goes=False))
    waiting = handed_over(organization, account, DeliveryState.DEFERRED)
    for row in (by_relay, by_another, waiting):
        assert report(account, bounce(row)) == 204
        assert report(account, postmark("Delivery", row)) == 204
        assert events(row) == []


def test_after_a_disconnection_reports_about_what_it_still_has_are_taken(organization, account, owner) -> None:
    row = handed_over(organization, account)
    with tenant_scope(organization):
        esp_accounts.disconnect(account=account, actor=owner)
    fresh(account)
    assert bytes(account.secrets) == b""
    assert report(account, postmark("Delivery", row)) == 204
    assert state_of(row) is DeliveryState.DELIVERED


def test_mailgun_signs(organization) -> None:
    account = connect(organization, kind=EspKind.MAILGUN)
    row = handed_over(organization, account)

    def signed(key: bytes) -> dict[str, Any]:
        token, at = "t" * 50, str(int(timezone.now().timestamp()))
        return {
            "signature": {
                "token": token,
                "timestamp": at,
                "signature": hmac.new(key, f"{at}{token}".encode(), hashlib.sha256).hexdigest(),
            },
            "event-data": {
                "event": "delivered",
                "timestamp": 1763800000.1,
                "recipient": row.address,
                "user-variables": {"posthouse": mark(row)},
                "message": {"headers": {"message-id": "m"}},
                "delivery-status": {"message": "OK", "code": 250},
            },
        }

    assert report(account, signed(b"guessed")) == 401
    assert report(account, signed(b"signs"), secret="guessed") == 401
    assert state_of(row) is DeliveryState.HANDED_OVER
    assert report(account, signed(b"signs")) == 204
    assert state_of(row) is DeliveryState.DELIVERED


def test_many_in_one_request(organization) -> None:
    account = connect(organization, kind=EspKind.SENDGRID)
    rows = [handed_over(organization, account) for _ in range(3)]
    body = [
        {"event": what, "email": row.address, "timestamp": 1763800000, "posthouse": mark(row), "sg_event_id": f"e{n}"} | more
        for n, (row, what, more) in enumerate(
            [(rows[0], "delivered", {"response": "250 OK"}), (rows[1], "dropped", {"reason": "Bounced Address"}),
             (rows[2], "deferred", {"response": "451 later"})]
        )
    ]  # fmt: skip
    assert report(account, body) == 204
    assert [state_of(row) for row in rows] == [
        DeliveryState.DELIVERED,
        DeliveryState.BOUNCED,
        DeliveryState.HANDED_OVER,
    ]
    with tenant_scope(organization):
        assert not Suppression.objects.exists()  # their list is theirs


def test_the_address_itself(organization, account) -> None:
    url = f"/reports/{account.public_id}"
    assert Client().head(url).status_code == 200
    assert Client().get(url).status_code == 405
    assert Client().post("/reports/nobody", "{}", content_type="application/json").status_code == 404
    assert report(account, b"x" * (2 * 1024 * 1024 + 1)) == 413
    for body in (b"", b"[]", b"nonsense", b"{}", b'{"RecordType": []}', b"[" * 100_000, b"\xff\xfe"):
        assert report(account, body) in (204, 400), body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["RecordType", "Type", "Metadata", "Details", "event", "event-data", "signature", "msys", "type", "data"]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON | st.dictionaries(NAMES, JSON) | st.lists(st.dictionaries(NAMES, JSON)))
def test_whatever_it_is_it_is_no_error_of_ours(organization, body: Any) -> None:
    if not hasattr(organization, "all_accounts"):
        organization.all_accounts = [
            connect(organization, kind=kind, goes=False)
            for kind in (
                EspKind.POSTMARK,
                EspKind.SENDGRID,
                EspKind.BREVO,
                EspKind.MAILJET,
                EspKind.SPARKPOST,
                EspKind.RESEND,
            )
        ]
    for account in organization.all_accounts:
        assert report(account, body) in (204, 400)


def test_what_moves_keeps_the_ledger_in_order(organization, account) -> None:
    """Through the verbs only: a message that the log knows from its beginning."""
    from sending.adapters import esp_sql
    from tests.sending.adapters.town import build

    town = build(organization, people=4)
    town.rows(
        "UPDATE sending_delivery SET state = 2, relay_id = NULL, account_id = %(a)s WHERE mailing_id = %(m)s",
        a=account.pk, m=town.mailing,
    )  # fmt: skip
    rows = town.rows("SELECT id FROM sending_delivery WHERE mailing_id = %(m)s ORDER BY id", m=town.mailing)
    for (pk,), what in zip(rows[:2], (esp_reports.What.DELIVERED, esp_reports.What.BOUNCED), strict=True):
        assert esp_reports.take(
            organization_id=organization.pk,
            account_id=account.pk,
            esp="Postmark",
            report=esp_reports.Report(what, pk, "550 5.7.1 policy"),
        )
    town.rows(
        """
        WITH moved AS (UPDATE sending_delivery SET state = 4, attempts = 1, changed_at = now() - interval '80 hours'
                       WHERE state = 2 RETURNING id, organization_id, mailing_id),
        told AS (INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, variant, provider)
                 SELECT organization_id, mailing_id, id, 109, 0, '' FROM moved)
        INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
        SELECT organization_id, mailing_id, 0, '', x.kind, -1, x.n, now()
        FROM moved CROSS JOIN (VALUES (1, -1), (10, 1), (109, 1)) x (kind, n)
        """
    )
    assert town.rows(esp_sql.OVERDUE, hours=81) == [(0,)]
    assert town.rows(esp_sql.OVERDUE, hours=72) == [(2,)]
    assert town.states() == {DeliveryState.DELIVERED: 1, DeliveryState.BOUNCED: 1, DeliveryState.IN_DOUBT: 2}
    assert town.rows("SELECT DISTINCT reason FROM sending_delivery WHERE state = 31") == [("no_report",)]
    assert sum(town.buckets().values()) == 4
    with cross_tenant("test"):
        assert list(auditing.audit()) == []
    # A report that comes after all settles it.
    pk = rows[2][0]
    late = esp_reports.Report(esp_reports.What.DELIVERED, pk, "250 OK")
    assert esp_reports.take(organization_id=organization.pk, account_id=account.pk, esp="Postmark", report=late)
    assert not esp_reports.take(organization_id=organization.pk, account_id=account.pk, esp="Postmark", report=late)
    with cross_tenant("test"):
        assert list(auditing.audit()) == []


def test_app_mail_that_an_esp_may_have_is_not_sent_again_by_itself(organization, account) -> None:
    from sending.adapters import ledger_sql

    with tenant_scope(organization):
        mailing = ledger.mailing(organization, kind=StreamKind.APP)
        mailing.stream.retry_in_doubt = True
        mailing.stream.save()
        ours, theirs = (ledger.delivery(mailing, state=DeliveryState.IN_DOUBT, attempts=1) for _ in range(2))
        long_ago = timezone.now() - timezone.timedelta(minutes=5)
        Delivery.objects.filter(pk__in=[ours.pk, theirs.pk]).update(changed_at=long_ago, attempts=1)
        Delivery.objects.filter(pk=theirs.pk).update(account_id=account.pk)
    import psycopg

    from accounts.tenancy import daemon_dsn

    with psycopg.connect(daemon_dsn(), autocommit=True) as line:
        line.execute(ledger_sql.REQUEUE_DOUBTFUL)
    assert state_of(ours) is DeliveryState.DEFERRED
    assert state_of(theirs) is DeliveryState.IN_DOUBT


def bodies(kind: EspKind, row: Delivery, *, bounced: bool) -> Any:
    """A report as each kind writes it, about a delivery or about an address that does not exist."""
    ours, words = {"posthouse": mark(row)}, "550 5.1.1 User unknown"
    if kind == EspKind.BREVO:
        what = {"event": "hard_bounce", "reason": words} if bounced else {"event": "delivered"}
        return what | {
            "email": row.address, "id": 1, "ts_event": 1763800000, "message-id": "<m>", "X-Mailin-custom": json.dumps(ours)
        }  # fmt: skip
    if kind == EspKind.MAILJET:
        what = {"event": "bounce", "hard_bounce": True, "error": "user unknown", "error_related_to": "recipient"}
        common = {"time": 1763800000, "MessageID": 1, "email": row.address, "Payload": json.dumps(ours)}
        return [common | (what if bounced else {"event": "sent", "smtp_reply": "sent (250 OK)"})]
    if kind == EspKind.SPARKPOST:
        what = {"type": "bounce", "bounce_class": "10", "raw_reason": words} if bounced else {"type": "delivery"}
        common = {
            "timestamp": "1763800000",
            "rcpt_to": row.address,
            "rcpt_meta": ours,
            "event_id": "1",
            "message_id": "m",
        }
        return [{"msys": {"message_event": common | what}}, {"msys": {}}]
    at = "2026-11-22T10:00:00.000Z"
    data = {
        "created_at": at,
        "email_id": "m",
        "to": [row.address],
        "headers": [{"name": "X-Metadata", "value": json.dumps(ours)}],
        "bounce": {"message": words, "type": "Permanent", "subType": "General"},
    }
    return {"type": "email.bounced" if bounced else "email.delivered", "created_at": at, "data": data}


@pytest.mark.parametrize("kind", [EspKind.BREVO, EspKind.MAILJET, EspKind.SPARKPOST, EspKind.RESEND])
def test_each_kind_brings_our_mark_back(organization, kind: EspKind) -> None:
    account = connect(organization, kind=kind, given={"api_key": "good", "secret_key": "good"})
    arrived, unknown = (handed_over(organization, account) for _ in range(2))
    assert report(account, bodies(kind, arrived, bounced=False)) == 204
    assert report(account, bodies(kind, unknown, bounced=True)) == 204
    assert (state_of(arrived), state_of(unknown)) == (DeliveryState.DELIVERED, DeliveryState.BOUNCED)
    with tenant_scope(organization):
        assert Delivery.objects.get(pk=unknown.pk).reason == "invalid_recipient"
        assert [s.address_key for s in Suppression.objects.all()] == [unknown.address]
