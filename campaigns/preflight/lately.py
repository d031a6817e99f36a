"""People who got something else from us just now tire of it, and say so with the spam button."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "lately", "Got something lately"
MUCH = 0.1  # of those who get it


def check(facts: Facts) -> Result:
    if facts.audience is None or facts.lately is None:
        return Result(
            NAME, TITLE, "unknown", "It could not be counted just now.", "Look again later.", "audience", optional=True
        )
    if not facts.lately:
        return Result(
            NAME,
            TITLE,
            "pass",
            f"None of them got another campaign in the last {facts.lately_days} days.",
            place="audience",
        )
    got = "got" if facts.lately != 1 else "person got"
    said = f"{facts.lately:,} of {facts.sendable:,} {got} another campaign in the last {facts.lately_days} days."
    if facts.lately > facts.sendable * MUCH:
        return Result(NAME, TITLE, "warn", said, "Wait a few days, or leave them out by a segment.", "audience")
    return Result(NAME, TITLE, "pass", said, place="audience")
