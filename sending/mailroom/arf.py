"""Reading complaint reports in the Abuse Reporting Format (RFC 5965) and the places of our own marks in the copied message.

Trap: providers blank out the recipient, so who complained is known only by a token that we put into the message ourselves.
"""

import re
from dataclasses import dataclass
from email.parser import HeaderParser
from email.policy import compat32

from sending.mailroom.dsn import one_line
from sending.mailroom.parts import Part, open_message

KINDS = (
    "abuse",
    "fraud",
    "virus",
    "other",
    "not-spam",
    "opt-out",
    "opt-out-list",
    "auth-failure",
    "miscategorized",
    "dmarc",
)
MARKED_HEADERS = ("CFBL-Feedback-ID", "X-Posthouse-Ref", "Return-Path", "Message-ID", "List-Unsubscribe")
MAX_RECIPIENTS = 20

_FIELDS = HeaderParser(policy=compat32)
_ADDRESS = re.compile(r"[^\s<>()\",;:@]{1,64}@[^\s<>()\",;:@]{1,255}")
_REDACTED = re.compile(r"redacted|x{4,}|\*{3,}|hidden|removed|undisclosed", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One feedback report. `marks` are header values of the copied message in which our own token may stand, best first.

    `recipients`: whom the report names, redacted ones left out. `message_id`, `feedback_id` of the copied message, for
    RFC 9477, section 3.2; "" when they are not there.
    """

    kind: str
    agent: str
    marks: tuple[str, ...]
    recipients: tuple[str, ...] = ()
    message_id: str = ""
    feedback_id: str = ""

    @property
    def is_complaint(self) -> bool:
        """Whether a person (or their provider for them) said: this is spam."""
        return self.kind in ("abuse", "fraud", "virus", "other")

    @property
    def is_opt_out(self) -> bool:
        """Whether a person wants no more of this, and does not call it spam."""
        return self.kind in ("opt-out", "opt-out-list")


def read(message: Part) -> Complaint | None:
    """The report in a `multipart/report; report-type=feedback-report`; None when the message is no such thing."""
    if not message.kind.startswith("multipart/"):
        return None
    report = next((p for p in message.children if p.kind == "message/feedback-report"), None)
    if report is None:
        return None
    fields = _FIELDS.parsestr(report.text()[:16_384].lstrip("\r\n"))
    kind = one_line(str(fields.get("feedback-type", ""))).lower()
    marks: list[str] = []
    named: list[str] = []
    for name in ("original-rcpt-to", "removal-recipient"):
        named += _addresses(*(str(value) for value in fields.get_all(name, [])[:MAX_RECIPIENTS]))
    copies = _copies(message)
    for copied in copies:
        for name in MARKED_HEADERS:
            value = copied.header(name)
            if value:
                marks.append(value)
        if not named:
            named += _addresses(copied.header("to"))
    for name in ("original-mail-from", "removal-recipient"):
        value = one_line(str(fields.get(name, "")))
        if value:
            marks.append(value)
    # RFC 5965, section 3.1: an unknown type is to be treated as "other".
    return Complaint(
        kind=kind if kind in KINDS else "other",
        agent=one_line(str(fields.get("user-agent", "")))[:120],
        marks=tuple(marks[:20]),
        recipients=tuple(dict.fromkeys(named))[:MAX_RECIPIENTS],
        message_id=next((v for v in (c.header("message-id") for c in copies) if v), ""),
        feedback_id=next((v for v in (c.header("cfbl-feedback-id") for c in copies) if v), ""),
    )


def _addresses(*values: str) -> list[str]:
    found = [a for value in values for a in _ADDRESS.findall(one_line(value))]
    return [a for a in found if not _REDACTED.search(a)]


def _copies(message: Part) -> list[Part]:
    copies: list[Part] = []
    for part in message.children:
        if part.kind in ("message/rfc822", "message/global") and part.children:
            copies.append(part.children[0])
        elif part.kind in ("text/rfc822-headers", "message/global-headers"):
            copies.append(open_message(part.body))
    return copies[:5]
