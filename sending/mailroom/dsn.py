"""Reading delivery status notifications (RFC 3464), those about internationalised addresses too (RFC 6533).

Policy: the status field decides; a report that only says "delayed", "relayed" or "expanded" is no bounce. Trap: reports come
with wrong labels (in multipart/mixed, as text), with groups that no blank line parts, and with made-up actions.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from sending.judging.replies import Reply, printable, quoted
from sending.mailroom.parts import Part

MAX_RECIPIENTS = 50
MAX_FIELD = 998
MAX_FIELDS = 2_000  # lines of all groups together that are looked at

_KINDS = ("message/delivery-status", "message/global-delivery-status")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")
_SPACES = re.compile(r"\s+")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_NAME = re.compile(r"([!-9;-~]{1,60})[ \t]*:(.*)", re.DOTALL)


class Action(StrEnum):
    """What a DSN says happened (RFC 3464, section 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


_BEGINNINGS = (
    ("fail", Action.FAILED),
    ("delay", Action.DELAYED),
    ("deliver", Action.DELIVERED),
    ("relay", Action.RELAYED),
    ("expan", Action.EXPANDED),
)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One recipient's part of a report. `status` is an RFC 3463 code ("5.1.1") or ""; `code` an SMTP reply code or 0.

    `host` is the server that said so, "" when it is not told.
    """

    action: Action
    status: str
    code: int
    text: str
    recipient: str
    host: str = ""

    @property
    def reply(self) -> Reply:
        """What the server said, as judgement wants it."""
        return Reply(self.code, self.status, (quoted(self.text).text,))


def read(message: Part) -> tuple[Notice, ...]:
    """The notices of a report on delivery; empty when the message is no such thing."""
    part = next((p for p in _own_parts(message) if p.kind in _KINDS), None)
    return _notices(part.text()) if part is not None else ()


def _own_parts(message: Part) -> list[Part]:
    """The parts of the message itself, not those of a message that it carries."""
    found = [message]
    for child in message.children if message.kind.startswith("multipart/") else ():
        found.extend(_own_parts(child))
    return found


def _notices(text: str) -> tuple[Notice, ...]:
    of_message: dict[str, str] = {}
    notices: list[Notice] = []
    for group in _groups(text):
        if "final-recipient" not in group and "original-recipient" not in group and "action" not in group:
            of_message = of_message or group  # the per-message fields, which come first
            continue
        notice = _notice(group, of_message)
        if notice is not None:
            notices.append(notice)
            if len(notices) == MAX_RECIPIENTS:
                break
    return tuple(notices)


def _groups(text: str) -> list[dict[str, str]]:
    """The groups of fields, each as lower-case name to value on one line; a second Final-Recipient begins a new group."""
    groups: list[dict[str, str]] = [{}]
    name = ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n", MAX_FIELDS)[:MAX_FIELDS]:
        if not line.strip():
            if groups[-1]:
                groups.append({})
            name = ""
            continue
        if line[0] in " \t":
            if name and len(groups[-1][name]) < MAX_FIELD * 2:
                groups[-1][name] += " " + line.strip()[:MAX_FIELD]
            continue
        match = _NAME.match(line)
        if match is None:
            name = ""
            continue
        name = match.group(1).lower()
        if name == "final-recipient" and name in groups[-1]:
            groups.append({})
        if name in groups[-1]:
            name = ""  # the first one counts
            continue
        groups[-1][name] = match.group(2).strip()[: MAX_FIELD * 2]
    return [group for group in groups if group]


def _notice(fields: dict[str, str], of_message: dict[str, str]) -> Notice | None:
    words = _diagnosis(one_line(fields.get("diagnostic-code", "")))
    told = quoted(words)
    match = _STATUS.search(fields.get("status", ""))
    status = ".".join(match.groups()) if match else ""
    if told.status and (not status or status[1:] == ".0.0"):
        status = told.status
    action = _action(one_line(fields.get("action", "")).lower(), status)
    if action is None:
        return None
    host = fields.get("remote-mta") or of_message.get("reporting-mta", "")
    return Notice(
        action=action,
        status=status,
        code=told.code,
        text=words,
        recipient=_address(fields.get("original-recipient", "")) or _address(fields.get("final-recipient", "")),
        host=_host(host),
    )


def _host(field: str) -> str:
    """`dns; mx.x.example. (192.0.2.1, the server for x.example)` without what some write behind the name."""
    kind, mark, rest = field.partition(";")
    words = one_line(rest if mark else kind).split(" ", 1)
    return words[0].strip("[]().,").lower()[:255]


def _diagnosis(text: str) -> str:
    """Diagnostic-Code without its type (RFC 3464, section 2.3.6): `smtp; 550 no such user`."""
    kind, mark, words = text.partition(";")
    return words.strip() if mark and words.strip() and re.fullmatch(r"[A-Za-z0-9_-]{1,20}", kind.strip()) else text


def _address(field: str) -> str:
    """`rfc822; a@x`, `utf-8; m\\x{FC}ller@x` (RFC 6533, section 3), or the address alone."""
    kind, mark, rest = field.partition(";")
    address = one_line(rest if mark else kind).strip("<> ")[:640]
    if kind.strip().lower() == "utf-8":
        address = _ESCAPED.sub(_unescaped, address)
    return address[:320]


def _unescaped(match: re.Match[str]) -> str:
    number = int(match.group(1), 16)
    return chr(number) if 32 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF else match.group()


def _action(said: str, status: str) -> Action | None:
    for beginning, action in _BEGINNINGS:
        if said.startswith(beginning):
            return action
    # A report without a lawful action: only a permanent status is taken for a failure.
    return Action.FAILED if status.startswith("5") else None


def one_line(text: str) -> str:
    """A field's value without folds and control characters, at most MAX_FIELD characters."""
    text = printable(text[: MAX_FIELD * 4])
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return _SPACES.sub(" ", text).strip()[:MAX_FIELD]
