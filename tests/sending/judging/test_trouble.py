"""Judgement: what real servers say, and that no block of ours ever costs a recipient the address."""

# ruff: noqa: E501  (what stands in tables and SQL is easier to read on one line)

import pytest

from sending.judging import trouble
from sending.judging.book import Action, Effect, Learn, Scope, read_book, shipped
from sending.judging.replies import Reply
from sending.judging.trouble import Outcome, Stage
from sending.relay.replies import ReplyReader


def judge(line: str, *, provider: str = "", stage: Stage = Stage.RCPT) -> trouble.Judgement:
    (reply,) = ReplyReader().feed(line.encode() + b"\r\n")
    return trouble.judge(reply, stage=stage, provider=provider)


CASES = [
    # what a server says, provider, class, outcome, suppresses
    ("550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table", "", "invalid_recipient", "bounced", True),
    ("550-5.1.1 The email account that you tried to reach does not exist. Please try", "Gmail", "invalid_recipient", "bounced", True),
    ("550 No such user here", "", "invalid_recipient", "bounced", True),
    ("554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com) [0]", "Yahoo", "invalid_recipient", "bounced", True),
    ("450 4.1.1 user unknown, try later", "", "user_unknown_temporary", "deferred", False),
    ("550 5.2.1 The email account that you tried to reach is disabled", "Gmail", "inactive", "bounced", True),
    ("550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery", "Gmail", "recipient_busy", "deferred", False),
    ("452 4.2.2 The email account that you tried to reach is over quota", "Gmail", "mailbox_full", "deferred", False),
    ("552 5.2.2 Mailbox full", "", "mailbox_full", "bounced", False),
    ("451 4.7.1 Greylisting in action, please come back later", "", "greylisted", "deferred", False),
    ("421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP", "Gmail", "rate_quota", "deferred", False),
    ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", "Yahoo", "rate_limit", "deferred", False),
    ("553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred", "Yahoo", "ip_reputation", "deferred", False),
    ("550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "", "ip_reputation", "deferred", False),
    ("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3140)", "Outlook.com", "ip_reputation", "deferred", False),
    ("550 5.7.1 user unknown in our blocklist database", "", "ip_reputation", "deferred", False),
    ("550 5.7.26 This mail is unauthenticated, which poses a security risk", "Gmail", "authentication", "bounced", False),
    ("550 5.7.515 Access denied, sending domain example.com does not meet the required authentication level", "Outlook.com", "authentication", "bounced", False),
    ("421 4.3.2 too many concurrent SMTP connections; please try again later", "", "too_many_connections", "deferred", False),
    ("554 5.7.1 Message rejected as spam", "", "content", "bounced", False),
    ("552 5.3.4 Message size exceeds fixed limit", "", "too_large", "bounced", False),
    ("503 5.5.1 Bad sequence of commands", "", "out_of_step", "deferred", False),
    ("554 5.7.1 Relay access denied", "", "policy", "bounced", False),
    ("451 4.3.0 Temporary lookup failure", "", "server_trouble", "deferred", False),
    ("554 transaction failed", "", "unclassified", "bounced", False),
    ("450 hm", "", "server_trouble", "deferred", False),
]  # fmt: skip


@pytest.mark.parametrize(("line", "provider", "category", "outcome", "suppresses"), CASES)
def test_what_servers_say(line: str, provider: str, category: str, outcome: str, suppresses: bool) -> None:
    judgement = judge(line.replace("550-", "550 "), provider=provider)
    assert (judgement.category, str(judgement.outcome), bool(judgement.suppress)) == (category, outcome, suppresses)


def test_only_a_2xx_after_the_content_delivers() -> None:
    assert judge("250 2.0.0 queued", stage=Stage.CONTENT).outcome is Outcome.DELIVERED
    assert judge("250 ok", stage=Stage.RCPT).outcome is Outcome.DEFERRED
    assert judge("354 what", stage=Stage.CONTENT).outcome is Outcome.DEFERRED


def test_a_421_always_ends_the_connection() -> None:
    assert judge("421 bye").effect is Effect.CLOSE


def test_at_the_door_nobody_bounces_and_nobody_is_suppressed() -> None:
    for line in (
        "554 5.7.1 no such user",
        "550 5.1.1 user unknown",
        "421 too busy",
        "554 blocked using zen.spamhaus.org",
    ):
        (reply,) = ReplyReader().feed(line.encode() + b"\r\n")
        judgement = trouble.judge_at_the_door(reply, stage=Stage.GREETING)
        assert judgement.outcome is Outcome.DEFERRED
        assert judgement.suppress == ""
        assert judgement.effect in (Effect.HOLD, Effect.NARROW)


def test_user_unknown_says_nothing_about_the_recipient_before_rcpt() -> None:
    assert judge("550 sender user unknown", stage=Stage.MAIL).suppress == ""


def test_only_classes_about_the_recipient_may_suppress() -> None:
    book = shipped()
    at_once = {name for name, one in book.categories.items() if one.suppress and one.counting is None}
    assert at_once == {"invalid_recipient", "invalid_domain", "inactive"}
    in_time = {name for name, one in book.categories.items() if one.counting is not None}
    assert in_time == {
        "mailbox_full",
        "user_unknown_temporary",
        "policy_recipient",
        "expired",
        "unclassified",
        "no_such_domain",
    }
    assert {len(name) <= 30 for name in book.categories} == {True}  # fits delivery.reason


def test_an_action_is_the_classs_the_rules_or_the_rules_as_well_once_it_has_been_said_often() -> None:
    busy = judge("450 4.7.1 rate limit exceeded, slow down")
    at_once = Action(Effect.HOLD, learn=Learn.PACE)
    assert (busy.effect, busy.actions) == (Effect.HOLD, (at_once,))
    blocked = judge("550 5.7.25 no PTR record", provider="Gmail")
    assert blocked.category == "ip_reputation"
    assert blocked.actions == (Action(Effect.HOLD, Scope.PROVIDER, 3600, moves=True),)
    complained = judge("421 4.7.0 [TSS04] temporarily deferred due to user complaints", provider="Yahoo")
    assert complained.category == "rate_limit"
    assert complained.actions == (
        at_once,
        Action(Effect.HOLD, Scope.PROVIDER, 7200, times=2, within=3600, learn=Learn.PACE),
    )


def test_only_what_is_said_of_our_address_may_be_tried_from_another() -> None:
    book = shipped()
    moving = {name for name, one in book.categories.items() if one.action is not None and one.action.moves}
    assert moving == {"ip_reputation"}
    assert {rule.category for rule in book.rules if rule.action is not None and rule.action.moves} <= moving


def test_a_domain_parks_its_organization_and_a_content_its_campaign() -> None:
    signed = judge("550 5.7.26 This mail is unauthenticated", provider="Gmail").actions
    assert [(one.effect, one.scope, one.times) for one in signed] == [(Effect.PARK, Scope.ORGANIZATION, 5)]
    spam = judge("554 5.7.1 Message rejected as spam").actions
    assert [(one.effect, one.scope, one.times, one.share) for one in spam] == [(Effect.PARK, Scope.CAMPAIGN, 20, 0.2)]
    assert judge("421 4.7.28 unusual rate of mail from your DKIM domain", provider="Gmail").effect is Effect.CLOSE


def test_what_providers_say_of_pace_and_connections() -> None:
    slow = judge("421 4.7.28 unusual rate of mail originating from your IP", provider="Gmail").actions
    assert [(one.effect, one.per_minute, one.times) for one in slow] == [(Effect.HOLD, 0, 1), (Effect.SLOW, 10, 2)]
    (limited,) = judge("451 4.7.650 temporarily rate limited due to IP reputation", provider="Outlook.com").actions
    assert (limited.effect, limited.scope, limited.per_minute) == (Effect.SLOW, Scope.PROVIDER, 2)
    (many,) = judge("421 4.3.2 too many concurrent SMTP connections").actions
    assert (many.effect, many.learn) == (Effect.NARROW, Learn.CONNECTIONS)
    (full,) = judge("421 4.7.0 maximum number of messages per connection", provider="Outlook.com").actions
    assert (full.effect, full.learn) == (Effect.CLOSE, Learn.MESSAGES)


def test_every_code_is_judged() -> None:
    for code in range(400, 600):
        for stage in Stage:
            judgement = trouble.judge(Reply(code, "", ("",)), stage=stage)
            assert judgement.outcome in (Outcome.DEFERRED, Outcome.BOUNCED)
            null_mx = code == 556 and stage in (Stage.RCPT, Stage.DATA, Stage.CONTENT)  # RFC 7504, section 4
            assert judgement.suppress == ("invalid" if null_mx else "")
            if code < 500:
                assert judgement.outcome is Outcome.DEFERRED


@pytest.mark.parametrize(
    "text",
    [
        '[class.a]\n[[rule]]\nclass="b"',
        '[class.unclassified]\n[[rule]]\nclass="x"',
        "[[rule]]",
        '[class.unclassified]\neffect="x"\n[[rule]]\nclass="unclassified"',
        '[class.unclassified]\n[[rule]]\nclass="unclassified"\nduration=5',
        '[class.unclassified]\neffect="slow"\nduration=5\n[[rule]]\nclass="unclassified"',
        '[class.unclassified]\neffect="park"\nduration=5\n[[rule]]\nclass="unclassified"',
        '[class.unclassified]\neffect="hold"\nscope="campaign"\n[[rule]]\nclass="unclassified"',
        '[class.unclassified]\n[[rule]]\nclass="unclassified"\neffects="hold"',
    ],
)
def test_a_malformed_book_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_book(text)
