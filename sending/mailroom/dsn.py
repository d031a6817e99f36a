"""Reading delivery status notifications (RFC 3464), and the plain-text bounces of servers that write none.

Policy: the status field decides; a report that only says "delayed", "relayed" or "expanded" is no bounce.
"""

import re
from dataclasses import dataclass
from email.parser import HeaderParser
from email.policy import compat32
from enum import StrEnum

from sending.mailroom.parts import Part

MAX_RECIPIENTS = 50
MAX_FIELD = 998

_FIELDS = HeaderParser(policy=compat32)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?:[ -]|$)")
_SPACES = re.compile(r"\s+")
_DELAY_WORDS = (
    "delayed",
    "will retry",
    "still being retried",
    "warning message only",
    "not yet been delivered",
    "do not need to resend",
)


class Action(StrEnum):
    """What a DSN says happened (RFC 3464, section 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One recipient's part of a report. `status` is an RFC 3463 code ("5.1.1") or ""; `code` an SMTP reply code or 0."""

    action: Action
    status: str
    code: int
    text: str
    recipient: str


def read(message: Part) -> tuple[Notice, ...]:
    """The notices of a `multipart/report; report-type=delivery-status`; empty when the message is no such thing."""
    if message.kind != "multipart/report":
        return ()
    for part in message.children:
        if part.kind in ("message/delivery-status", "message/global-delivery-status"):
            return _notices(part)
    return ()


def read_text(message: Part) -> Notice | None:
    """What a plain-text bounce says, from the first reply or status code in it; None when it has none or only warns."""
    words = message.header("subject") + "\n"
    for part in message.walk():
        if part.kind in ("text/plain", "text/html"):
            words += part.text()[:16_384]
            break
    low = words.lower()
    if any(word in low for word in _DELAY_WORDS):
        return None
    status = _STATUS.search(words)
    reply = _REPLY.search(words)
    if status is None and reply is None:
        return None
    found = ".".join(status.groups()) if status else ""
    code = int(reply.group(1)) if reply else 0
    if found.startswith("2"):
        return None
    at = min(m.start() for m in (status, reply) if m is not None)
    line = words[words.rfind("\n", 0, at) + 1 :].split("\n", 1)[0]
    return Notice(action=Action.FAILED, status=found, code=code, text=_one_line(line), recipient="")


def _notices(part: Part) -> tuple[Notice, ...]:
    text = part.text().replace("\r\n", "\n").replace("\r", "\n")
    groups = [group for group in re.split(r"\n[ \t]*\n", text.strip("\n")) if group.strip()][: MAX_RECIPIENTS + 1]
    notices = []
    for group in groups:
        fields = _FIELDS.parsestr(group)
        said = _one_line(str(fields.get("action", ""))).lower().split(" ")[0].strip(";,.")
        if "action" not in fields and "final-recipient" not in fields:
            continue  # the per-message fields, which come first
        status_match = _STATUS.search(str(fields.get("status", "")))
        diagnostic = _one_line(str(fields.get("diagnostic-code", "")))
        kind, _, words = diagnostic.partition(";")
        words = words.strip() if words and kind.strip().lower() in ("smtp", "x-unix", "lmtp", "unknown") else diagnostic
        reply = _REPLY.search(words)
        status = ".".join(status_match.groups()) if status_match else ""
        if not status or status in ("5.0.0", "4.0.0"):
            better = _STATUS.search(words)
            status = ".".join(better.groups()) if better else status
        action = _action(said, status)
        if action is None:
            continue
        recipient = str(fields.get("original-recipient") or fields.get("final-recipient") or "")
        notices.append(
            Notice(
                action=action,
                status=status,
                code=int(reply.group(1)) if reply else 0,
                text=words,
                recipient=_one_line(recipient.partition(";")[2] or recipient)[:320],
            )
        )
    return tuple(notices[:MAX_RECIPIENTS])


def _action(said: str, status: str) -> Action | None:
    try:
        return Action(said)
    except ValueError:
        # A report without a lawful action: only a permanent status is taken for a failure.
        return Action.FAILED if status.startswith("5") else None


def _one_line(text: str) -> str:
    return _SPACES.sub(" ", "".join(c if c.isprintable() else " " for c in text[: MAX_FIELD * 4])).strip()[:MAX_FIELD]
