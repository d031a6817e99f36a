"""Somebody gets it."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "audience", "Audience"


def check(facts: Facts) -> Result:
    if not facts.topic_name:
        return Result(
            NAME, TITLE, "fail", "No topic is chosen yet.", "Choose the topic whose people get this.", "audience"
        )
    if facts.audience_problem:
        return Result(
            NAME, TITLE, "fail", facts.audience_problem, "Choose another segment, or mend this one.", "audience"
        )
    if facts.audience is None:
        return Result(NAME, TITLE, "unknown", "The audience could not be counted.", "Reload this page.", "audience")
    chosen = f"“{facts.topic_name}”"
    if facts.segment_name:
        chosen += f" within “{facts.segment_name}”"
    if facts.excluded_name:
        chosen += f" without “{facts.excluded_name}”"
    if facts.of_earlier:
        chosen += f" {facts.of_earlier}"
    sendable = facts.audience - facts.skipped
    if not facts.audience:
        return Result(
            NAME,
            TITLE,
            "fail",
            f"Nobody is in {chosen}.",
            "Nobody is left to write to." if facts.of_earlier else "Choose another topic or segment, or import people.",
            "audience",
        )
    if not sendable:
        return Result(
            NAME,
            TITLE,
            "fail",
            f"All {facts.audience:,} people in {chosen} are on the do-not-send list.",
            "Choose other people.",
            "audience",
        )
    skipped = f" {facts.skipped:,} of them are on the do-not-send list and will be skipped." if facts.skipped else ""
    people = "person" if facts.audience == 1 else "people"
    return Result(NAME, TITLE, "pass", f"{facts.audience:,} {people} in {chosen}.{skipped}", place="audience")
