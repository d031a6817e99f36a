"""ESPs' APIs through django-anymail's own backends, against a server on loopback: what is sent, and what each end comes to."""

import asyncio
import email.policy
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from functools import partial

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tenancy import cross_tenant, daemon_dsn, tenant_scope
from posthouse.sandbox.esps import Esps
from sending.actions import esp_accounts
from sending.actions.esp_accounts import RELAY, Way
from sending.adapters import esp, esp_http
from sending.adapters import esp_sql as sql
from sending.adapters.esp import Access, AnymailApi, AnymailPosting, Health, is_well
from sending.enums import StreamKind
from sending.esps import ESPS
from sending.judging.trouble import Outcome
from sending.models import EspAccount, Stream
from sending.queries.esp_accounts import to_tell as esp_accounts_told
from sending.relay.accounts import Answer, Closed, judge
from sending.relay.addresses import Reach
from sending.relay.ports import Letter
from sending.relay.transactions import NoLeave
from tests.sending import ledger
from tests.sending.accounts import connect

MARK = "b1-aabbccddeeff22"
KEYS = {"api_key": "good", "server_token": "good", "secret_key": "good"}


@pytest.fixture
def esps(settings) -> Iterator[Esps]:
    with Esps() as server:
        settings.ESP_SANDBOX = server.url
        yield server


def api(kind: str = "postmark", **changed: str) -> AnymailApi:
    return AnymailApi(Access(ESPS[kind], "", KEYS | changed, "Ours", "kettle.example.com"), reach=Reach.LOOPBACK)


def content(*, to: str = "Zoë <zoe@example.net>") -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Kettle <news@kettle.example.com>"
    message["To"] = to
    message["Cc"] = "another@example.net"
    message["Reply-To"] = "hello@kettle.example.com"
    message["Subject"] = "Grüße"
    message["Message-ID"] = "<x@kettle.example.com>"
    message["List-Unsubscribe"] = "<https://kettle.example.com/u/token>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["DKIM-Signature"] = "v=1; b=x"
    message.set_content("Hello")
    message.add_alternative("<p>Hello</p>", subtype="html")
    message.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="a.pdf")
    return message.as_bytes()


def post(one: AnymailApi, leave=lambda: None) -> Answer:  # type: ignore[no-untyped-def]
    return one.post_now(content(), "zoe@example.net", mark=MARK, leave=leave)


@pytest.mark.parametrize("kind", list(ESPS))
def test_every_kind_is_taken_with_our_mark_and_only_for_its_recipient(esps: Esps, kind: str) -> None:
    answer = post(api(kind))
    assert judge(answer).outcome is Outcome.HANDED_OVER, answer
    (call,) = esps.taken
    assert (call.kind, call.key, call.mark) == (kind, "good", MARK)
    assert "zoe@example.net" in call.body.replace("%40", "@")
    assert "another@example.net" not in call.body.replace("%40", "@")
    assert "One-Click" in call.body
    assert "DKIM-Signature" not in call.body


def test_what_is_sent_in_full(esps: Esps) -> None:
    post(api("postmark", message_stream="broadcast"))
    sent = json.loads(esps.taken[0].body)
    assert sent["From"] == "Kettle <news@kettle.example.com>"
    assert sent["ReplyTo"] == "hello@kettle.example.com"
    assert sent["Subject"] == "Grüße"
    assert (sent["TextBody"].strip(), sent["HtmlBody"].strip()) == ("Hello", "<p>Hello</p>")
    assert [(a["Name"], a["ContentType"]) for a in sent["Attachments"]] == [("a.pdf", "application/pdf")]
    assert sent["MessageStream"] == "broadcast"
    assert (sent["TrackOpens"], sent["TrackLinks"]) == (False, "None")
    assert "Cc" not in sent


INACTIVE = "You tried to send to a recipient that has been marked as inactive."
FOUND = " Found inactive addresses: zoe@example.net. Inactive recipients are ones that have generated a hard bounce."


@pytest.mark.parametrize(
    ("what", "outcome", "category"),
    [
        (401, Outcome.DEFERRED, "esp_account"),
        (403, Outcome.DEFERRED, "esp_account"),
        (404, Outcome.DEFERRED, "esp_account"),
        (302, Outcome.DEFERRED, "esp_account"),
        (429, Outcome.DEFERRED, "rate_limit"),
        (503, Outcome.DEFERRED, "server_trouble"),
        (500, Outcome.IN_DOUBT, "network"),
        (502, Outcome.IN_DOUBT, "network"),
        (504, Outcome.IN_DOUBT, "network"),
        (400, Outcome.FAILED, "esp_refused"),
        (422, Outcome.BOUNCED, "invalid_recipient"),
        ("cut", Outcome.IN_DOUBT, "network"),
        ("garbage", Outcome.IN_DOUBT, "network"),
    ],
)
def test_each_answer(esps: Esps, what: int | str, outcome: Outcome, category: str) -> None:
    esps.decide = lambda call: what
    answer = post(api("resend"))
    judgement = judge(answer)
    assert (judgement.outcome, judgement.category) == (outcome, category), answer
    assert not judgement.suppress
    assert len(esps.calls) == 1  # a call is made once, whatever comes of it
    assert "good" not in answer.text


def test_how_long_an_api_asks_us_to_wait_is_obeyed(esps: Esps) -> None:
    esps.decide = lambda call: 429
    (action,) = judge(post(api())).actions
    assert action.seconds == 2


@pytest.mark.parametrize("asked", ["\xb2", "1\xb9", "-1", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "soon"])
def test_a_wait_that_cannot_be_read_is_none(esps: Esps, monkeypatch, asked: str) -> None:
    monkeypatch.setattr("posthouse.sandbox.esps.RETRY_AFTER", asked)
    esps.decide = lambda call: 429
    answer = post(api())
    assert (answer.status, answer.retry_after) == (429, 0)


def test_no_answer_is_in_doubt_and_a_line_that_never_stood_is_not(esps: Esps, settings, monkeypatch) -> None:
    monkeypatch.setattr(esp, "READ_SECONDS", 0.3)
    esps.decide = lambda call: "hang"
    answer = post(api())
    assert answer.written
    assert judge(answer).outcome is Outcome.IN_DOUBT
    settings.ESP_SANDBOX = "http://127.0.0.1:9/"
    answer = post(api())
    assert not answer.written
    assert judge(answer).outcome is Outcome.DEFERRED


@pytest.mark.parametrize("words", [INACTIVE, INACTIVE + FOUND])
def test_an_inactive_recipient_bounces_and_nobody_is_listed_for_it(esps: Esps, monkeypatch, words: str) -> None:
    body = {"ErrorCode": 406, "Message": words}
    monkeypatch.setattr("posthouse.sandbox.esps._good", lambda call, number: (422, body))
    judgement = judge(post(api()))
    assert (judgement.outcome, judgement.category, judgement.suppress) == (Outcome.BOUNCED, "esp_suppressed", "")


def test_without_leave_not_an_octet_is_written(esps: Esps) -> None:
    def no() -> None:
        raise NoLeave

    one = api()
    with pytest.raises(NoLeave):
        post(one, no)
    assert not one.written
    assert esps.calls == []


def test_what_was_given_up_is_not_written_though_leave_comes(esps: Esps) -> None:
    one = api()
    answer = post(one, one.abort)
    assert (answer.status, answer.written) == (0, False)
    assert esps.calls == []


def test_with_the_sandbox_on_no_call_leaves_the_computer(settings) -> None:
    settings.ESP_SANDBOX = "http://192.0.2.1:80/"
    answer = post(api())
    assert (answer.status, answer.written) == (0, False)
    assert "this computer only" in answer.text


def test_hosts_are_fixed_and_public(settings) -> None:
    settings.SANDBOX = False
    hosts = {
        AnymailApi(Access(each, r.name, KEYS, ""), reach=Reach.INTERNET).host
        for each in ESPS.values()
        for r in each.regions
    }
    assert "api.mailgun.net" in hosts and "api.eu.mailgun.net" in hosts
    assert all("." in host and not host.replace(".", "").isdigit() for host in hosts)
    wire = esp_http.Wire(Reach.INTERNET)
    with pytest.raises(OSError, match="no address"):
        wire.connect("localhost", 80)


async def test_a_call_that_takes_too_long_is_cut(esps: Esps, monkeypatch) -> None:
    monkeypatch.setattr(esp, "WHOLE_CALL", 0.3)
    esps.decide = lambda call: "hang"
    with ThreadPoolExecutor(1) as threads:
        one = AnymailApi(Access(ESPS["mailgun"], "", KEYS, "Ours"), reach=Reach.LOOPBACK, threads=threads)
        began = time.monotonic()
        answer = await one.post(Letter("b1-x@y", content()), "zoe@example.net", mark=MARK, leave=lambda: None)
        assert time.monotonic() - began < 4
        assert (answer.status, answer.written) == (0, True)


async def test_the_empty_message_tells_a_good_key_from_a_bad_one(esps: Esps) -> None:
    for kind in ESPS:
        assert is_well(await api(kind).ask()), kind
        answer = await api(kind, api_key="refused", server_token="refused").ask()
        assert not is_well(answer), kind
    assert esps.taken == []
    esps.decide = lambda call: 500
    assert not is_well(await api().ask())


async def test_many_at_once(esps: Esps) -> None:
    with ThreadPoolExecutor(4) as threads:
        ones = [
            AnymailApi(Access(ESPS["brevo"], "", KEYS, "Ours"), reach=Reach.LOOPBACK, threads=threads) for _ in range(8)
        ]
        send = partial(AnymailApi.post, letter=Letter("b1-x@y", content()), address="z@example.net", leave=lambda: None)
        answers = await asyncio.gather(*[send(one, mark=MARK) for one in ones])
    assert {answer.status for answer in answers} == {201}
    assert len(esps.taken) == 8


def test_health_begins_with_the_first_failure_and_ends_with_a_success() -> None:
    health = Health()
    for second in range(3):
        health.note(False, refused=False, words="no", now=100.0 + second)
    assert health.since == 100
    assert not health.is_down(150, 300)
    assert health.is_down(401, 300)
    health.note(True, refused=False, words="", now=402)
    assert health.since == 100  # most of the last ones failed
    for second in range(4):
        health.note(True, refused=False, words="", now=403.0 + second)
    assert health.since == 0
    assert not health.is_down(1000, 300)


def test_who_refuses_us_is_down_at_once_and_one_refusal_is_none() -> None:
    health = Health()
    health.note(False, refused=True, words="401", now=1)
    assert not health.is_down(1, 300)
    health.note(False, refused=True, words="401", now=2)
    assert health.is_down(2, 300)


@pytest.fixture
def posting(organization, esps: Esps, monkeypatch) -> tuple[AnymailPosting, EspAccount]:
    """An account with a failover, seen by a relay that looks at every call."""
    monkeypatch.setattr(esp, "WRITE_EVERY", 0.0)
    monkeypatch.setattr(esp, "LOOK_EVERY", 0.0)
    account = connect(organization, failover=RELAY)
    return AnymailPosting(daemon_dsn(), reach=Reach.LOOPBACK), account


def stream(organization) -> Stream:  # type: ignore[no-untyped-def]
    with cross_tenant("test"):
        return Stream.objects.select_related("account").get(organization=organization, kind="marketing")


async def called(posting: AnymailPosting, account: EspAccount, *answers: Answer) -> bool:
    for answer in answers:
        posting.note(account.pk, answer, judge(answer))
    return await posting.watch()


REFUSED, GOOD = Answer(401, "no such key"), Answer(200)


@pytest.mark.django_db(transaction=True)
async def test_a_stream_goes_the_other_way_and_comes_back_when_the_account_is_well(
    organization, esps: Esps, posting
) -> None:
    relay, account = posting
    look = sync_to_async(partial(stream, organization))
    assert not await called(relay, account, REFUSED)
    assert (await look()).failed_over_at is None
    assert await called(relay, account, REFUSED)
    found = await look()
    assert found.failed_over_at is not None
    assert "HTTP 401" in found.failed_over_why
    assert (found.not_back_before - found.failed_over_at).total_seconds() == 300
    assert not await called(relay, account)  # once is enough, and it is too early to go back
    esps.decide = lambda call: 401
    await sync_to_async(rewind)(organization)
    for _ in range(4):
        assert not await relay.watch()
    assert (await look()).failed_over_at is not None
    esps.decide = lambda call: 200
    assert not await relay.watch()  # well once
    assert await relay.watch()
    assert (await look()).failed_over_at is None
    assert esps.calls == []  # nothing was sent to find that out
    await sync_to_async(say)(organization, ["sending.route_failed_over", "sending.route_went_back"])
    # It fails again on the same day: back twice as late.
    assert await called(relay, account, REFUSED, REFUSED)
    found = await look()
    assert (found.not_back_before - found.failed_over_at).total_seconds() == 600
    # Somebody leads it back to an account that refuses us still.
    await sync_to_async(choose)(organization, account, None)
    await sync_to_async(choose)(organization, account, RELAY)
    assert not await relay.watch()
    assert await called(relay, account, REFUSED)
    await relay.close()


async def test_many_that_hang_keep_nobody_waiting_one_after_the_other(esps: Esps, monkeypatch) -> None:
    monkeypatch.setattr(esp, "ASK_SECONDS", 0.5)
    esps.decide = lambda call: "hang"
    relay = AnymailPosting("", reach=Reach.LOOPBACK)

    async def access(account_id: int) -> Access:
        return Access(ESPS["postmark"], "", KEYS, "Ours")

    async def rows(statement: str, given: object = None) -> list[tuple[int]]:
        return [(n,) for n in range(8)] if statement is sql.MISSED else []

    monkeypatch.setattr(relay._line, "rows", rows)
    monkeypatch.setattr(relay, "_access", access)
    began = time.monotonic()
    assert not await relay._go_back()
    assert time.monotonic() - began < 2.5
    await relay.close()


@pytest.mark.django_db(transaction=True)
async def test_a_stream_does_not_go_to_an_account_that_is_out_of_order_too(organization, esps: Esps, posting) -> None:
    relay, account = posting
    other = await sync_to_async(connect)(organization, goes=False)
    await sync_to_async(choose)(organization, account, other)
    await called(relay, other, Answer(500, "broken"))
    assert not await called(relay, account, REFUSED, REFUSED)
    assert (await sync_to_async(stream)(organization)).failed_over_at is None
    await relay.close()


@pytest.mark.django_db(transaction=True)
async def test_without_a_failover_it_waits_and_the_admins_are_told_once(
    organization, owner, mailoutbox, esps: Esps, posting
) -> None:
    relay, account = posting
    await sync_to_async(choose)(organization, account, None)
    assert not await called(relay, account, REFUSED, REFUSED)
    assert (await sync_to_async(stream)(organization)).failed_over_at is None

    def tell() -> tuple[int, int]:
        with cross_tenant("test"):
            EspAccount.objects.update(refused_at=timezone.now() - timedelta(minutes=3))
            (found,) = esp_accounts_told()
        with tenant_scope(organization):
            told = esp_accounts.tell(account_id=found.pk), esp_accounts.tell(account_id=found.pk)
        with cross_tenant("test"):
            assert not esp_accounts_told()
        (mail,) = mailoutbox
        assert mail.to == [owner.email]
        assert "no such key" in mail.body
        return told

    assert await sync_to_async(tell)() == (1, 0)
    await called(relay, account, GOOD)
    with_words = await sync_to_async(account_now)(account)
    assert (with_words.refused_at, with_words.told_at) == (None, None)
    assert with_words.ok_at is not None
    await relay.close()


@pytest.mark.django_db(transaction=True)
async def test_what_was_disconnected_or_cannot_be_read_is_closed(organization, esps: Esps, posting) -> None:
    relay, account = posting
    with pytest.raises(Closed, match="disconnected"):
        await relay.open(account.pk + 1)

    def spoil() -> None:
        with cross_tenant("test"):
            EspAccount.objects.update(secrets=b"nonsense")

    await (await relay.open(account.pk)).close()
    await sync_to_async(spoil)()
    with pytest.raises(Closed, match="cannot be read"):  # at once: what was changed or forgotten is not used again
        await relay.open(account.pk)
    await relay.close()


def rewind(organization) -> None:  # type: ignore[no-untyped-def]
    with cross_tenant("test"):
        Stream.objects.update(not_back_before=timezone.now())


def say(organization, verbs: list[str]) -> None:  # type: ignore[no-untyped-def]
    with tenant_scope(organization):
        assert list(AuditEntry.objects.filter(target_kind="sending.stream", actor_name="").exclude(
            verb="sending.route_chosen").order_by("id").values_list("verb", flat=True)) == verbs  # fmt: skip


def choose(organization, first: EspAccount, other: EspAccount | Way | None) -> None:  # type: ignore[no-untyped-def]
    with tenant_scope(organization):
        esp_accounts.choose(
            organization=organization,
            kind=StreamKind.MARKETING,
            first=Way(first),
            failover=Way(other) if isinstance(other, EspAccount) else other,
            actor=None,
        )


def account_now(account: EspAccount) -> EspAccount:
    with cross_tenant("test"):
        return EspAccount.objects.get(pk=account.pk)


@pytest.mark.django_db(transaction=True)
async def test_our_own_relay_is_left_for_an_account_only_when_nothing_gets_through(
    organization, settings, esps: Esps, posting
) -> None:
    relay, account = posting

    def first_ours() -> int:
        with tenant_scope(organization):
            stream = esp_accounts.choose(
                organization=organization, kind=StreamKind.MARKETING, first=RELAY, failover=Way(account), actor=None
            )
            row = ledger.delivery(ledger.mailing(organization))
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, at) "
                    "VALUES (%s, %s, %s, 101, now() - interval '2 minutes')",
                    [organization.pk, row.mailing_id, row.pk],
                )
        return stream.pk

    def sick(refused: bool) -> None:
        with cross_tenant("test"):
            EspAccount.objects.update(refused_at=timezone.now() if refused else None)

    stream_id = await sync_to_async(first_ours)()
    assert not await relay.leave_own(stream_id, "held")  # somebody got one through two minutes ago
    settings.ESP_FAILOVER_MINUTES = 1
    await sync_to_async(sick)(True)
    assert not await relay.leave_own(stream_id, "held")
    await sync_to_async(sick)(False)
    assert await relay.leave_own(stream_id, "held")
    assert not await relay.leave_own(stream_id, "held")
    assert not await relay.watch()
    await sync_to_async(rewind)(organization)
    assert await relay.watch()
    assert (await sync_to_async(stream)(organization)).failed_over_at is None
    await relay.close()
