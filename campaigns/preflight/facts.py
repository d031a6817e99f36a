"""What the checks look at: frozen facts about one campaign, gathered before."""

from dataclasses import dataclass, field

from campaigns.designs.findings import Compiled, Finding
from campaigns.preflight.results import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A field used without a fallback: how many of the audience have nothing in it. None: not counted."""

    field: str
    people: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`compiled` is None when the design is missing or has `errors`. Counts are None when they could not be made."""

    subject: str = ""
    subject_problems: tuple[str, ...] = ()
    preheader: str = ""
    from_name: str = ""
    from_address: str = ""
    reply_to: str = ""
    domain_name: str = ""
    domain_status: Status = "unknown"
    domain_evidence: str = ""
    domain_fix: str = ""
    topic_name: str = ""
    segment_name: str = ""
    excluded_name: str = ""
    audience: int | None = None
    skipped: int = 0
    audience_problem: str = ""
    has_design: bool = False
    compiled: Compiled | None = None
    errors: tuple[Finding, ...] = ()
    names: frozenset[str] = field(default_factory=frozenset)
    gaps: tuple[Gap, ...] = ()
    postal_address: str = ""
