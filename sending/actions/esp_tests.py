"""Trying an account with an ESP before mail depends on it: is its key good, and does it take a message of ours.

A test is made in the request of the person who asks for it, is in no ledger and in no number, and its reports are about
nothing of ours. Nothing is retried.
"""

import email.message
import email.policy
from dataclasses import dataclass
from email.utils import formataddr, formatdate

from django.conf import settings

from accounts.actions import audit
from accounts.models import Brand, User
from sending import keys
from sending.actions import esp_accounts
from sending.adapters.esp import Access, AnymailApi, is_well
from sending.enums import EspKind
from sending.esps import ESPS, Esp
from sending.judging.trouble import Outcome
from sending.models import EspAccount, SendingDomain
from sending.relay.accounts import Answer, judge
from sending.relay.addresses import Reach

SECONDS = 10.0
MARK = "b1-test"  # shaped like ours, and signed by nobody


@dataclass(frozen=True, slots=True)
class Found:
    """`level`: pass, warn or fail; `words`: what happened, what it means, what to do."""

    level: str
    words: str


def key(*, kind: EspKind, region: str, given: dict[str, str], home: str) -> Found:
    """How the API answers an empty message, by which nothing can be sent. `home`: a domain of the organization."""
    esp = ESPS[kind]
    answer = _api(Access(esp, region, given, esp.label, home)).ask_now()
    if is_well(answer):
        return Found("pass", f"{esp.label} knows the key.")
    return Found("fail", _in_words(esp, answer, taken=""))


def message(*, account: EspAccount, brand: Brand, domain: SendingDomain, to: str, actor: User) -> Found:
    """One short mail to the person who asks."""
    esp = ESPS[account.kind]
    try:
        access = Access(esp, account.region, esp_accounts.access_of(account), account.name, domain.name)
    except keys.Unreadable:
        return Found("fail", "The stored key cannot be read any more. Enter it again.")
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail["From"] = formataddr((brand.from_name or brand.name, f"{brand.from_local}@{domain.name}"), charset="utf-8")
    mail["To"] = to
    mail["Date"] = formatdate()
    mail["Subject"] = f"A test through {account.name}"
    mail.set_content(f"This is a test of Posthouse through {esp.label}. You can delete it.\n")
    answer = _api(access).post_now(mail.as_bytes(), to, mark=MARK)
    found = judge(answer)
    audit.record(
        organization=account.organization,
        actor=actor,
        verb="sending.esp_tested",
        target=account,
        data={"outcome": str(found.outcome), "class": found.category},
    )
    taken = f"{esp.label} took it. Look whether it reaches {to}, and on this page whether {esp.label} reports on it."
    level = {Outcome.HANDED_OVER: "pass", Outcome.IN_DOUBT: "warn"}.get(found.outcome, "fail")
    return Found(level, _in_words(esp, answer, taken=taken))


def _api(access: Access) -> AnymailApi:
    return AnymailApi(access, reach=Reach.LOOPBACK if settings.SANDBOX else Reach.INTERNET, seconds=SECONDS)


def _in_words(esp: Esp, answer: Answer, *, taken: str) -> str:
    judgement = judge(answer)
    said = f" It says: {answer.text}" if answer.text else ""
    if judgement.outcome is Outcome.HANDED_OVER:
        return taken
    if not answer.written and answer.status == 0:
        return f"{esp.label} could not be reached ({answer.text}). Nothing was sent. Try again in a few minutes."
    if judgement.outcome is Outcome.IN_DOUBT:
        may = "A test may still arrive." if taken else "Try again in a few minutes."
        if answer.status:
            return f"{esp.label} has trouble of its own (HTTP {answer.status}).{said} {may}"
        return f"{esp.label} got the call and gave no answer to it ({answer.text}). {may}"
    if judgement.category == "esp_account":
        return (
            f"{esp.label} refuses us (HTTP {answer.status}).{said} Look whether the key is whole and may send, whether the "
            "account is in this region, and whether the sender's domain is verified there."
        )
    if judgement.category == "rate_limit":
        return f"{esp.label} asks us to wait before we call again (HTTP 429).{said}"
    if judgement.category == "server_trouble":
        return f"{esp.label} has trouble of its own (HTTP {answer.status}).{said} Try again in a few minutes."
    return f"{esp.label} refused the message (HTTP {answer.status}).{said}"
