"""Nobody reads "Hello ,": fields used without a fallback, and how many people have nothing in them."""

from campaigns.preflight.facts import Facts
from campaigns.preflight.results import Result

NAME, TITLE = "merge_gaps", "Missing values"


def check(facts: Facts) -> Result:
    if facts.compiled is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    if not facts.gaps:
        return Result(NAME, TITLE, "pass", "Every field has a fallback, or is always filled.", place="content")
    if any(gap.people is None for gap in facts.gaps):
        return Result(NAME, TITLE, "unknown", "The gaps could not be counted.", "Choose an audience first.", "audience")
    gaps = [gap for gap in facts.gaps if gap.people]
    if not gaps:
        return Result(NAME, TITLE, "pass", "Everybody in the audience has every field that is used.", place="content")
    worst = max(gaps, key=lambda gap: gap.people or 0)
    people = "1 person has" if worst.people == 1 else f"{worst.people:,} people have"
    fix = f'Give a fallback: {{{{ contact.{worst.field} | default: "…" }}}}.'
    return Result(NAME, TITLE, "warn", f"{people} no {worst.field}: there will be a gap.", fix, "content")
