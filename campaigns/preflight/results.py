"""What a check of the checklist says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Status = Literal["pass", "warn", "fail", "unknown"]
# Where the fix is made; the page knows the address of each.
Place = Literal["", "audience", "sender", "content", "domain", "brand", "versions"]


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

    @property
    def rank(self) -> int:
        """The worst first."""
        return {"fail": 0, "warn": 1, "unknown": 3 if self.optional else 2, "pass": 4}[self.status]


def together(found: Sequence[tuple[str, Result]]) -> Result:
    """One check of several versions, each with its name, as one line: the worst of them, and which ones that is about."""
    worst = min((result for _, result in found), key=lambda result: result.rank)
    alike: dict[Result, list[str]] = {}
    for name, result in found:
        if result.rank == worst.rank:
            alike.setdefault(result, []).append(name)
    if len(alike) == 1 and len(alike[worst]) == len(found):
        return worst
    first = found[0][0]
    is_of_others = all(first not in names for names in alike.values())
    return replace(
        worst,
        evidence=" ".join(f"{', '.join(names)}: {result.evidence}" for result, names in alike.items()),
        fix=" ".join(dict.fromkeys(result.fix for result in alike if result.fix)),
        place="versions" if is_of_others and worst.place in ("sender", "content") else worst.place,
    )
