"""How sessions with other domains' servers went, counted in memory for the daily reports to them (RFC 8460)."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from sending.relay.ports import Clock

MOST = 20_000  # different counts in one second; what is more is not counted


class PolicyType(StrEnum):
    """What a session was measured by (RFC 8460, section 4.4)."""

    DANE = "tlsa"
    STS = "sts"
    NONE = "no-policy-found"


class Result(StrEnum):
    """How it went (RFC 8460, section 4.3); "" is success."""

    SUCCESS = ""
    NO_STARTTLS = "starttls-not-supported"
    HOST_MISMATCH = "certificate-host-mismatch"
    EXPIRED = "certificate-expired"
    NOT_TRUSTED = "certificate-not-trusted"
    FAILED = "validation-failure"
    TLSA_INVALID = "tlsa-invalid"
    DNSSEC_INVALID = "dnssec-invalid"
    DANE_REQUIRED = "dane-required"
    STS_FETCH = "sts-policy-fetch-error"
    STS_INVALID = "sts-policy-invalid"
    STS_WEBPKI = "sts-webpki-invalid"


@dataclass(frozen=True, slots=True)
class Session:
    """Sessions that went alike. `policy_text`: the policy's lines; `host`: the mail exchanger; `source`: our own address."""

    day: date
    domain: str
    policy: PolicyType
    result: Result
    host: str = ""
    address: str = ""
    source: str = ""


@dataclass(slots=True)
class Counted:
    """How many there were, and what was last said about them."""

    n: int = 0
    policy_text: str = ""
    why: str = ""


@dataclass(slots=True)
class TlsCounts:
    """Counts since they were last taken."""

    clock: Clock
    _counts: dict[Session, Counted] = field(default_factory=dict)

    def add(
        self,
        domain: str,
        policy: PolicyType,
        result: Result,
        *,
        host: str = "",
        address: str = "",
        source: str = "",
        lines: tuple[str, ...] = (),
        why: str = "",
    ) -> None:
        """Count one session that was opened for mail to a domain, or could not be."""
        day = datetime.fromtimestamp(self.clock.wall(), UTC).date()
        session = Session(day, domain, policy, result, host, address, source)
        counted = self._counts.get(session)
        if counted is None:
            if len(self._counts) >= MOST:
                return
            counted = self._counts[session] = Counted()
        counted.n += 1
        counted.policy_text = "\n".join(lines)
        counted.why = why[:200]

    def take(self) -> dict[Session, Counted]:
        """All counts; they begin anew."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, taken: dict[Session, Counted]) -> None:
        """They could not be written down."""
        for session, counted in taken.items():
            now = self._counts.setdefault(session, Counted(0, counted.policy_text, counted.why))
            now.n += counted.n
