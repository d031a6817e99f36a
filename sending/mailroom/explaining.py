"""Explaining one piece of mail, whoever it is about: what kind it is, of which recipients it speaks, and what would follow.

Needs no keys and no tables, so it trusts the words of the mail; acting on mail is `sorting`'s, which trusts tokens only.
"""

# ruff: noqa: E501  (what stands in a pattern is easier to read on one line)

import re
from dataclasses import dataclass

from sending.judging import trouble
from sending.judging.book import shipped
from sending.mailroom import arf, dsn, sorting, text_bounces
from sending.mailroom.dsn import Action, Notice
from sending.mailroom.parts import Part, open_message

BOUNCE, DELAYED, DELIVERED = "bounce", "delayed", "delivered"
COMPLAINT, UNSUBSCRIBE, AUTO_REPLY, UNKNOWN = "complaint", "unsubscribe", "auto_reply", "unknown"

_ASKS_TO_LEAVE = re.compile(
    r"\s*(?:re: ?)?(?:please )?(?:unsubscribe|remove(?: me)?|stop|opt[ -]?out|abmelden|austragen|d[eé]sabonner|d[eé]sinscri\w+|cancelar|baja|descadastrar"
    r"|u(?:nsubscribe)?[+-].{1,200}|unsubscribe .{0,200})\s*[.!]?\s*",
    re.IGNORECASE,
)
_ACTIONS = {Action.FAILED: BOUNCE, Action.DELAYED: DELAYED}


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """What is said of one recipient. `code` an SMTP reply code or 0, `category` a class of judgement or ""."""

    address: str
    action: str
    status: str = ""
    code: int = 0
    category: str = ""
    suppress: bool = False


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """`feedback_type` is that of a complaint report (RFC 5965), else ""."""

    kind: str
    recipients: tuple[Recipient, ...] = ()
    feedback_type: str = ""


def explain(raw: bytes) -> Explanation:
    """What a mail is. Never raises for what a stranger wrote."""
    message = open_message(raw)
    complaint = arf.read(message)
    if complaint is not None:
        return _complaint(complaint)
    notices = dsn.read(message)
    if notices:
        return _notices(notices)
    if message.kind == "multipart/report":
        receipt = any(p.kind == "message/disposition-notification" for p in message.children)
        if receipt:  # RFC 8098
            return Explanation(kind=AUTO_REPLY, recipients=_of(message, "auto_reply"))
    words = text_bounces.words_of(message)
    answered = sorting.auto_reply(message)
    if not answered and text_bounces.is_bounce(message, words):
        notices = text_bounces.read(message, words)
        return _notices(notices) if notices else Explanation(kind=BOUNCE)
    if answered:
        return Explanation(kind=AUTO_REPLY, recipients=_of(message, "auto_reply"))
    if _leaves(message, words):
        return Explanation(kind=UNSUBSCRIBE, recipients=_of(message, "unsubscribe", suppress=True))
    return Explanation(kind=UNKNOWN)


def judged(notice: Notice) -> Recipient:
    """One notice with its class, as a live reply would be judged."""
    if notice.action in (Action.DELIVERED, Action.RELAYED, Action.EXPANDED):
        return Recipient(address=notice.recipient, action=str(notice.action), status=notice.status, code=notice.code)
    provider = shipped().provider_of(host=notice.host, address=notice.recipient)
    judgement = trouble.judge_report(notice.reply, provider=provider)
    failed = notice.action is Action.FAILED
    return Recipient(
        address=notice.recipient,
        action=str(notice.action),
        status=notice.status,
        code=notice.code,
        category=judgement.category,
        suppress=failed and bool(judgement.suppress),
    )


def _notices(notices: tuple[Notice, ...]) -> Explanation:
    actions = {notice.action for notice in notices}
    kind = next((name for action, name in _ACTIONS.items() if action in actions), DELIVERED)
    return Explanation(kind=kind, recipients=tuple(judged(notice) for notice in notices))


def _complaint(complaint: arf.Complaint) -> Explanation:
    if complaint.is_complaint:
        kind, category = COMPLAINT, "complaint"
    elif complaint.is_opt_out:
        kind, category = UNSUBSCRIBE, "unsubscribe"
    else:
        return Explanation(kind=UNKNOWN, feedback_type=complaint.kind)
    addresses = complaint.recipients or ("",)
    return Explanation(
        kind=kind,
        recipients=tuple(Recipient(address=a, action=kind, category=category, suppress=True) for a in addresses),
        feedback_type=complaint.kind,
    )


def _of(message: Part, action: str, *, suppress: bool = False) -> tuple[Recipient, ...]:
    found = re.search(text_bounces.ADDRESS, message.header("from"))
    address = found.group() if found else ""
    return (Recipient(address=address, action=action, category=action, suppress=suppress),) if address else ()


def _leaves(message: Part, words: str) -> bool:
    boxes = re.findall(
        text_bounces.ADDRESS, " ".join(message.header(n) for n in ("to", "delivered-to", "x-original-to"))
    )
    if any(box.lower().startswith((sorting.OPT_OUT_PREFIX, "unsubscribe")) for box in boxes):
        return True
    first = words.strip().split("\n", 1)[0][:200]
    subject = message.words("subject")
    return bool(_ASKS_TO_LEAVE.fullmatch(subject) or (not subject and _ASKS_TO_LEAVE.fullmatch(first)))
