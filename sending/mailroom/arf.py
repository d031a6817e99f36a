"""Reading complaint reports in the Abuse Reporting Format (RFC 5965) and the places of our own marks in the copied message.

Trap: providers blank out the recipient, so who complained is known only by a token that we put into the message ourselves.
"""

import re
from dataclasses import dataclass
from email.parser import HeaderParser
from email.policy import compat32

from sending.mailroom.parts import Part, open_message

KINDS = ("abuse", "fraud", "virus", "other", "not-spam", "opt-out", "opt-out-list", "auth-failure")
MARKED_HEADERS = ("CFBL-Feedback-ID", "X-Posthouse-Ref", "Return-Path", "Message-ID", "List-Unsubscribe")

_FIELDS = HeaderParser(policy=compat32)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One feedback report. `marks` are header values of the copied message in which our own token may stand, best first."""

    kind: str
    agent: str
    marks: tuple[str, ...]

    @property
    def is_complaint(self) -> bool:
        """Whether a person (or their provider for them) said: this is spam."""
        return self.kind in ("abuse", "fraud", "virus", "other")


def read(message: Part) -> Complaint | None:
    """The report in a `multipart/report; report-type=feedback-report`; None when the message is no such thing."""
    if message.kind != "multipart/report":
        return None
    report = next((p for p in message.children if p.kind == "message/feedback-report"), None)
    if report is None:
        return None
    fields = _FIELDS.parsestr(report.text()[:16_384].lstrip("\r\n"))
    kind = _one_line(str(fields.get("feedback-type", ""))).lower()
    marks: list[str] = []
    for copied in _copies(message):
        for name in MARKED_HEADERS:
            value = copied.header(name)
            if value:
                marks.append(value)
    for name in ("original-mail-from", "removal-recipient"):
        value = _one_line(str(fields.get(name, "")))
        if value:
            marks.append(value)
    # RFC 5965, section 3.1: an unknown type is to be treated as "other".
    return Complaint(
        kind=kind if kind in KINDS else "other",
        agent=_one_line(str(fields.get("user-agent", "")))[:120],
        marks=tuple(marks[:20]),
    )


def _copies(message: Part) -> list[Part]:
    copies: list[Part] = []
    for part in message.children:
        if part.kind in ("message/rfc822", "message/global") and part.children:
            copies.append(part.children[0])
        elif part.kind in ("text/rfc822-headers", "message/global-headers"):
            copies.append(open_message(part.body))
    return copies[:5]


def _one_line(text: str) -> str:
    return _SPACES.sub(" ", "".join(c if c.isprintable() else " " for c in text[:4000])).strip()[:998]
