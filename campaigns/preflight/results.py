"""What a check of the checklist says."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "warn", "fail", "unknown"]
# Where the fix is made; the page knows the address of each.
Place = Literal["", "audience", "sender", "content", "domain", "brand"]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the checklist: status, what was found (evidence), what to do, and where. Never pass for what was not measured."""

    name: str
    title: str
    status: Status
    evidence: str
    fix: str = ""
    place: Place = ""
