"""Pauses and "less often": what people asked for themselves is kept, and those are skipped."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "wishes", "Pauses and “less often”"
MUCH = 0.25


def check(facts: Facts) -> Result:
    if facts.audience is None:
        return Result(NAME, TITLE, "unknown", "The audience could not be counted.", "Look again later.", "audience")
    paused, less = facts.reasons.get("paused", 0), facts.reasons.get("less_often", 0)
    if not paused and not less:
        return Result(
            NAME, TITLE, "pass", "Nobody in the audience has paused, or has had enough for now.", place="audience"
        )
    said = []
    if paused:
        said.append(f"{paused:,} {'has' if paused == 1 else 'have'} paused their mail")
    if less:
        said.append(f"{less:,} {'wants' if less == 1 else 'want'} mail less often and had some")
    evidence = f"{' and '.join(said)}: they are skipped."
    if paused + less > facts.audience * MUCH:
        return Result(NAME, TITLE, "warn", evidence, "That is many. Write less often, or to fewer.", "audience")
    return Result(NAME, TITLE, "pass", evidence, place="audience")
