"""What a check found: pass, warn, fail or unknown, with what was seen and the record to publish.

Policy: what was not measured is `unknown` and never `pass`; a name server that does not answer is never the sender's fault.
"""

from dataclasses import dataclass
from enum import StrEnum

from sending.dns_records import Record


class Status(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `seen`: lines of evidence, as found in DNS; `fix`: what to do, "" when nothing."""

    check: str
    status: Status
    summary: str
    seen: tuple[str, ...] = ()
    fix: str = ""
    record: Record | None = None
