"""What the checks look at: frozen facts about one campaign, gathered before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from campaigns.ab_testing import Settings
from campaigns.designs.findings import Compiled, Finding
from campaigns.preflight.markup import Markup
from campaigns.preflight.results import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A field that is used: how many of those who get the mail have nothing in it (None: not counted), and what they read
    instead. `label`: as people call the field.
    """

    field: str
    people: int | None
    fallback: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an address answered. `is_known`: it was asked at least once; `is_due`: it is about to be asked."""

    status: Literal["pass", "warn", "fail", ""]
    detail: str = ""
    size: int | None = None
    is_known: bool = True
    is_due: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one mailbox provider gets, and how many connections at once it lets us have.

    Of providers that are not known `people` are those of the largest site, and `together` those of all of them.
    """

    provider: str
    people: int
    connections: int
    together: int = 0
    is_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """When all of it will have left: `words` ("on Tuesday about 14:00") by the clocks of `zone`.

    `is_warming`: because of the day's budget of our addresses at `provider`, of which `today` is left and which is `a_day` now.
    `may_overflow`: the organization may let the rest go by shared addresses.
    """

    words: str
    zone: str
    is_warming: bool = False
    provider: str = ""
    today: int | None = None
    a_day: int = 0
    days: int = 0
    may_overflow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spam:
    """What a spam filter says; `trouble` when it could not be asked."""

    score: float = 0
    limit: float = 0
    rules: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """How many versions are tried, and how. `usual`: the rate that is expected; `same`: versions that do not differ."""

    settings: Settings
    versions: int
    usual: float
    same: tuple[tuple[str, str], ...] = ()
    is_careful: bool = False
    their_zones: bool = False
    is_spread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Of a campaign; where versions are tested, of A, and `versions` has the facts of each one with its name as `version`.

    `compiled` and `markup` are None when the design is missing or has `errors`. Counts are None when they could not be
    made (in time). `asked` None: links are not asked here. `spam` None: no filter is configured.
    """

    subject: str = ""
    subject_shown: str = ""  # as somebody of whom nothing is known reads it
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
    of_earlier: str = ""  # of a resend or a correction: "who did not open “Spring letter”"
    audience: int | None = None
    skipped: int = 0
    audience_problem: str = ""
    reasons: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    lately: int | None = None
    lately_days: int = 3
    loads: tuple[Load, ...] | None = None
    done: Done | None = None
    spread_minutes: int = 0
    has_design: bool = False
    compiled: Compiled | None = None
    markup: Markup | None = None
    errors: tuple[Finding, ...] = ()
    names: frozenset[str] = field(default_factory=frozenset)
    gaps: tuple[Gap, ...] = ()
    postal_address: str = ""
    asked: Mapping[str, Asked] | None = None
    picture_sizes: Mapping[str, int] = field(default_factory=dict)
    spam: Spam | None = None
    test: Test | None = None
    version: str = ""
    versions: tuple["Facts", ...] = ()

    @property
    def sendable(self) -> int:
        """How many get it."""
        return (self.audience or 0) - self.skipped
