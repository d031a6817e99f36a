"""What a check of the checklist says."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "warn", "fail", "unknown"]
# Where the fix is made; the page knows the address of each.
Place = Literal["", "audience", "sender", "content", "domain", "brand"]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the checklist: status, what was found (evidence), what to do, and where. Never pass for what was not measured.

    `optional`: an unknown that is no reason to stop for, as nobody here asked for this check.
    """

    name: str
    title: str
    status: Status
    evidence: str
    fix: str = ""
    place: Place = ""
    optional: bool = False

    @property
    def wants_tick(self) -> bool:
        """Whether a person has to say that it is right."""
        return self.status == "warn" or (self.status == "unknown" and not self.optional)
