"""The daily report to a domain on how TLS with its servers went (RFC 8460): whom it asks for it, and what it says. Pure."""

import gzip
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from urllib.parse import unquote, urlsplit

from sending.relay.tls_counts import Counted, PolicyType, Result, Session

MOST_TARGETS = 5
MOST_TARGET = 500
MOST_DETAILS = 1_000  # of one policy
MEDIA_TYPE = "application/tlsrpt+gzip"

_VERSION = re.compile(rb"v=TLSRPTv1[ \t]*(;|\Z)")
_MAIL = re.compile(r"[!-~]+@[!-~]+\Z")
_WIRE = SMTP.clone(cte_type="7bit", max_line_length=998)


def read_record(records: Iterable[bytes]) -> tuple[str, ...]:
    """Where the TXT records at `_smtp._tls.` want reports: `mailto:` and `https:` addresses that can be used.

    () when they ask for none: no record, several, or nonsense (section 3).
    """
    ours = [record for record in records if _VERSION.match(record)]
    if len(ours) != 1 or len(ours[0]) > 4_096:
        return ()
    try:
        fields = ours[0].decode("ascii").split(";")[1:]
    except UnicodeDecodeError:
        return ()
    for field in fields:
        name, _, value = field.partition("=")
        if name.strip() == "rua":
            targets = (target.strip() for target in value.split(","))
            return tuple(dict.fromkeys(target for target in targets if _can_be_used(target)))[:MOST_TARGETS]
    return ()


def _can_be_used(target: str) -> bool:
    if not target.isprintable() or " " in target or len(target) > MOST_TARGET:
        return False
    return bool(mailbox(target)) if target.lower().startswith("mailto:") else bool(place(target))


def mailbox(target: str) -> str:
    """The address of a `mailto:`; "" when it is none. Whether it is one to send to is looked at elsewhere."""
    if not target.lower().startswith("mailto:"):
        return ""
    address = unquote(target[7:].partition("?")[0])
    return address if _MAIL.match(address) else ""


def place(target: str) -> tuple[str, str] | None:
    """(host, path with query) of an `https:` address at the usual port; None for any other."""
    try:
        parts = urlsplit(target)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.port not in (None, 443):
            return None
    except ValueError:
        return None
    return parts.hostname.lower(), (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class Report:
    """One day (UTC) of sessions with one domain. `submitter`: the house's domain; `contact`: where questions go."""

    day: date
    domain: str
    submitter: str
    organization: str
    contact: str
    counts: Sequence[tuple[Session, Counted]]

    @property
    def id(self) -> str:
        """The same however often it is made: receivers know a second copy by it."""
        return f"{self.day:%Y%m%d}.{self.domain}@{self.submitter}"

    @property
    def file(self) -> str:
        """Its file name (section 5.1)."""
        begin, end = (int(moment.timestamp()) for moment in self._range)
        return f"{self.submitter}!{self.domain}!{begin}!{end}!001.json.gz"

    @property
    def _range(self) -> tuple[datetime, datetime]:
        begin = datetime.combine(self.day, time(), UTC)
        return begin, begin + timedelta(days=1) - timedelta(seconds=1)

    def data(self) -> dict[str, Any]:
        """What it says (section 4.4)."""
        begin, end = self._range
        return {
            "organization-name": self.organization,
            "date-range": {
                "start-datetime": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
                "end-datetime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            },
            "contact-info": self.contact,
            "report-id": self.id,
            "policies": [found for policy in PolicyType for found in self._policies(policy)],
        }

    def _policies(self, policy: PolicyType) -> list[dict[str, Any]]:
        """One entry for each text that the policy had on that day."""
        texts: dict[str, list[tuple[Session, Counted]]] = {}
        for session, counted in self.counts:
            if session.policy is policy:
                texts.setdefault(counted.policy_text, []).append((session, counted))
        return [self._entry(policy, text, texts[text]) for text in sorted(texts)]

    def _entry(self, policy: PolicyType, text: str, counts: list[tuple[Session, Counted]]) -> dict[str, Any]:
        about: dict[str, Any] = {"policy-type": str(policy), "policy-domain": self.domain}
        if text:
            about["policy-string"] = text.split("\n")
        hosts = [line[4:] for line in text.split("\n") if line.startswith("mx: ")]
        if hosts:
            about["mx-host"] = hosts
        failed = [(session, counted) for session, counted in counts if session.result is not Result.SUCCESS]
        entry: dict[str, Any] = {
            "policy": about,
            "summary": {
                "total-successful-session-count": sum(c.n for s, c in counts if s.result is Result.SUCCESS),
                "total-failure-session-count": sum(counted.n for _, counted in failed),
            },
        }
        if failed:
            failed.sort(key=lambda row: (-row[1].n, row[0].host, row[0].address, row[0].result))
            entry["failure-details"] = [_detail(session, counted) for session, counted in failed[:MOST_DETAILS]]
        return entry

    def packed(self) -> bytes:
        """As it is handed in: JSON, gzip, the same octets each time."""
        return gzip.compress(json.dumps(self.data(), ensure_ascii=False).encode(), mtime=0)

    def mail(self, *, sender: str, to: str) -> bytes:
        """As it is mailed (section 5.3), for the wire; unsigned."""
        message = EmailMessage(policy=_WIRE)
        message["From"] = f"{self.organization} <{sender}>"
        message["To"] = to
        message["Subject"] = f"Report Domain: {self.domain} Submitter: {self.submitter} Report-ID: <{self.id}>"
        message["Date"] = datetime.now(UTC)
        message["Message-ID"] = f"<tlsrpt.{self.id}>"
        message["TLS-Report-Domain"] = self.domain
        message["TLS-Report-Submitter"] = self.submitter
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            f"This is an aggregate TLS report from {self.submitter} about the mail that it sent to {self.domain} on "
            f"{self.day:%Y-%m-%d} (UTC), as RFC 8460 describes it.\nQuestions go to {self.contact}.\n"
        )
        message.add_attachment(self.packed(), maintype="application", subtype="tlsrpt+gzip", filename=self.file)
        message.set_type("multipart/report")
        message.set_param("report-type", "tlsrpt")
        return message.as_bytes()


def _detail(session: Session, counted: Counted) -> dict[str, Any]:
    known = {
        "sending-mta-ip": session.source,
        "receiving-mx-hostname": session.host,
        "receiving-ip": session.address,
        "failure-reason-code": counted.why,
    }
    return {
        "result-type": str(session.result),
        **{name: value for name, value in known.items() if value},
        "failed-session-count": counted.n,
    }
