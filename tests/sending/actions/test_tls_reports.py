"""Daily reports on TLS: once to each that asks, whoever is killed in between."""

import email
import email.policy
import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.actions import organizations
from accounts.tenancy import cross_tenant, tenant_scope
from sending.actions import tls_reports
from sending.models import Mailing, StoredMessage, TlsCount, TlsReport
from sending.relay.dns import Answer, NoSuchDomain, Unknown
from tests.sending.relay.test_https import NAMES, asked, web

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)  # every domain's minute has come
YESTERDAY = NOW.date() - timedelta(days=1)
RECORDS = {
    "_smtp._tls.one.example": b"v=TLSRPTv1;rua=mailto:tls@one.example",
    "_smtp._tls.two.example": b"v=TLSRPTv1;rua=mailto:tls@two.example,https://mta-sts.example/tls",
    "_smtp._tls.odd.example": b"v=TLSRPTv1;rua=mailto:tls@localhost",
}


class Names:
    """A resolver of a dictionary; `broken` cannot be asked."""

    broken: set[str] = set()

    def __init__(self, *_: object, **__: object) -> None: ...

    async def txt(self, name: str) -> Answer:
        if name in self.broken:
            raise Unknown(name)
        if name not in RECORDS:
            raise NoSuchDomain(name)
        return Answer((RECORDS[name],), 60.0)


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> type[Names]:
    monkeypatch.setattr(tls_reports, "Resolver", Names)
    monkeypatch.setattr(Names, "broken", set())
    return Names


@pytest.fixture
def handed_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Targets at which something was handed in; what is in `trouble` is refused."""
    targets: list[str] = []

    async def hand_in(target: str, body: bytes, **_: object) -> str:
        assert json.loads(gzip.decompress(body))["policies"]
        targets.append(target)
        return trouble[0] if trouble else ""

    trouble.clear()
    monkeypatch.setattr(tls_reports, "hand_in", hand_in)
    return targets


trouble: list[str] = []


def count(domain: str, *, day=YESTERDAY, n: int = 5) -> None:  # type: ignore[no-untyped-def]
    with cross_tenant("a test counts"):
        TlsCount.objects.create(day=day, domain=domain, policy="sts", result="", host="mx", policy_text="", why="", n=n)


def mails() -> list[StoredMessage]:
    with tenant_scope(organizations.house()):
        return list(StoredMessage.objects.select_related("delivery", "domain").order_by("pk"))


def reports() -> list[tuple[str, str, str, bool]]:
    with cross_tenant("a test looks"):
        return [(r.domain, r.target, r.outcome, r.done_at is not None) for r in TlsReport.objects.order_by("id")]


def test_a_report_is_mailed_once_from_the_houses_domain() -> None:
    count("one.example")
    assert tls_reports.send_due(now=NOW) == 1
    assert tls_reports.send_due(now=NOW) == 0
    (mail,) = mails()
    assert mail.delivery.address == "tls@one.example"
    with cross_tenant(
        "a test looks"
    ):  # not with the house's other mail: what the domain demands of TLS does not count for it
        mailing = Mailing.objects.get(pk=mail.delivery.mailing_id)
    assert (mailing.name, mailing.letter_id) == ("TLS reports", None)
    assert mail.domain is not None and mail.domain.name == "posthouse.example"
    message = email.message_from_bytes(bytes(mail.raw), policy=email.policy.SMTP)
    assert message["TLS-Report-Domain"] == "one.example"
    assert message["TLS-Report-Submitter"] == "posthouse.example"
    assert message["From"].addresses[0].addr_spec == "tls-reports@posthouse.example"
    data = json.loads(gzip.decompress(list(message.iter_parts())[1].get_payload(decode=True)))
    assert data["policies"][0]["summary"]["total-successful-session-count"] == 5
    assert reports() == [("one.example", "mailto:tls@one.example", "mailed", True)]


def test_who_does_not_ask_gets_none_and_is_asked_once() -> None:
    count("silent.example")
    count("odd.example")
    tls_reports.send_due(now=NOW)
    assert mails() == []
    quiet, odd = sorted(reports(), key=lambda row: row[0], reverse=True)
    assert quiet == ("silent.example", "", "nobody asks for reports", True)
    assert odd[2].startswith("no address to send to")
    assert tls_reports.send_due(now=NOW) == 0


def test_a_dns_without_answer_is_asked_again(names: type[Names]) -> None:
    count("one.example")
    names.broken = {"_smtp._tls.one.example"}
    tls_reports.send_due(now=NOW)
    assert reports() == []
    names.broken = set()
    tls_reports.send_due(now=NOW)
    assert len(mails()) == 1


def test_a_worker_that_is_killed_sends_all_or_nothing(monkeypatch: pytest.MonkeyPatch, handed_in: list[str]) -> None:
    count("two.example")
    note, noted = tls_reports._note, []

    def killed(*given: object) -> None:
        note(*given)  # type: ignore[arg-type]
        noted.append(given[-1])
        if len(noted) == 2:
            raise SystemExit("killed")

    monkeypatch.setattr(tls_reports, "_note", killed)
    with pytest.raises(SystemExit):
        tls_reports.send_due(now=NOW)
    assert (mails(), reports()) == ([], [])
    tls_reports.send_due(now=NOW)
    assert len(mails()) == 1
    assert handed_in == ["https://mta-sts.example/tls"]


def test_who_was_slower_sends_nothing() -> None:
    count("one.example")
    with cross_tenant("a test is the faster worker"):
        TlsReport.objects.create(day=YESTERDAY, domain="one.example", target="mailto:tls@one.example", outcome="mailed")
        found = tls_reports.reading.unreported
    original = found
    tls_reports.reading.unreported = lambda **_: [(YESTERDAY, "one.example")]  # type: ignore[assignment]  # seen before the other wrote
    try:
        tls_reports.send_due(now=NOW)
    finally:
        tls_reports.reading.unreported = original
    assert mails() == []


def test_a_web_server_that_does_not_take_it_is_asked_again_for_a_day(handed_in: list[str]) -> None:
    count("two.example")
    trouble.append("mta-sts.example answers 503")
    tls_reports.send_due(now=NOW)
    tls_reports.send_due(now=NOW + timedelta(minutes=5))
    assert len(mails()) == 1  # the mail beside it went once
    assert handed_in == ["https://mta-sts.example/tls"] * 2
    assert reports()[1][2:] == ("mta-sts.example answers 503", False)
    with connection.cursor() as cursor, cross_tenant("a test makes a day pass"):
        cursor.execute("UPDATE sending_tlsreport SET at = %s", [NOW - timedelta(days=2)])
    tls_reports.send_due(now=NOW)
    assert reports()[1][2:] == ("mta-sts.example answers 503", True)
    tls_reports.send_due(now=NOW)
    assert len(handed_in) == 3


def test_a_web_server_that_takes_it_is_left_alone(handed_in: list[str]) -> None:
    count("two.example")
    tls_reports.send_due(now=NOW)
    tls_reports.send_due(now=NOW)
    assert handed_in == ["https://mta-sts.example/tls"]
    assert reports()[1][2:] == ("taken", True)


def test_today_and_long_ago_are_not_reported_and_each_domain_has_its_minute() -> None:
    count("one.example", day=NOW.date())
    count("one.example", day=NOW.date() - timedelta(days=3))
    assert tls_reports.send_due(now=NOW) == 0
    count("one.example")
    assert tls_reports.send_due(now=NOW.replace(hour=0, minute=4)) == 0
    moments = {tls_reports._moment(YESTERDAY, f"d{number}.example") for number in range(50)}
    assert len(moments) > 40
    assert all(NOW.replace(hour=0, minute=4) < moment < NOW for moment in moments)


@pytest.mark.parametrize("off", [{"TLS_REPORTS": False}, {"HOUSE_DOMAIN": ""}])
def test_reports_can_be_switched_off(off: dict[str, object], settings) -> None:  # type: ignore[no-untyped-def]
    count("one.example")
    for name, value in off.items():
        setattr(settings, name, value)
    assert tls_reports.send_due(now=NOW) == 0
    assert reports() == []


def test_what_is_old_is_forgotten() -> None:
    count("one.example", day=NOW.date() - timedelta(days=30))
    count("one.example")
    tls_reports.forget_old(now=NOW)
    with cross_tenant("a test looks"):
        assert TlsCount.objects.count() == 1


async def test_a_report_is_handed_in_at_a_real_web_server() -> None:
    for answer, says in (
        (b"HTTP/1.1 201 Created\r\n\r\n", ""),
        (b"HTTP/1.1 500 No\r\n\r\n", "mta-sts.example answers 500"),
    ):
        async with web(answer) as limits:
            told = await tls_reports.hand_in("https://mta-sts.example/tls", b"report", dns=NAMES, limits=limits)
            assert told == says
            assert asked[0].endswith(b"\r\n\r\nreport")
    assert await tls_reports.hand_in("mailto:x@y.example", b"", dns=NAMES, limits=limits) != ""
