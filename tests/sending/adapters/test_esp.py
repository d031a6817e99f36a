"""ESPs' APIs through django-anymail's own backends, against a server on loopback: what is sent, and what each end comes to."""

import asyncio
import email.policy
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from functools import partial

import pytest

from posthouse.sandbox.esps import Esps
from sending.adapters import esp, esp_http
from sending.adapters.esp import Access, AnymailApi, Health, is_well
from sending.esps import ESPS
from sending.judging.trouble import Outcome
from sending.relay.accounts import Answer, judge
from sending.relay.addresses import Reach
from sending.relay.ports import Letter
from sending.relay.transactions import NoLeave

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
        (500, Outcome.DEFERRED, "server_trouble"),
        (503, Outcome.DEFERRED, "server_trouble"),
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
