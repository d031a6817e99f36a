"""Nobody reads "Hello ,": the fields that are used, how many people have nothing in them, and what these read instead."""

from campaigns.preflight.facts import Facts, Gap
from campaigns.preflight.results import Result

NAME, TITLE = "merge_gaps", "Missing values"
MOST_NAMED = 3


def check(facts: Facts) -> Result:
    if facts.compiled is None:
        return Result(NAME, TITLE, "unknown", "Not checked: the content does not compile.", place="content")
    if not facts.gaps:
        return Result(NAME, TITLE, "pass", "Every field has a fallback, or is always filled.", place="content")
    bare = [gap for gap in facts.gaps if not gap.fallback]
    if any(gap.people is None for gap in bare):
        return Result(NAME, TITLE, "unknown", "The gaps could not be counted.", "Choose an audience first.", "audience")
    if worst := sorted((gap for gap in bare if gap.people), key=lambda gap: -(gap.people or 0)):
        fix = f'Give a fallback: {{{{ contact.{worst[0].field} | default: "…" }}}}.'
        said = "; ".join(f"{_have_no(gap, facts)}: there will be a gap" for gap in worst[:MOST_NAMED])
        return Result(NAME, TITLE, "warn", f"{said}.", fix, "content")
    if filled := sorted((gap for gap in facts.gaps if gap.fallback and gap.people), key=lambda gap: -(gap.people or 0)):
        said = "; ".join(f"{_have_no(gap, facts)}: they will read “{gap.fallback}”" for gap in filled[:MOST_NAMED])
        return Result(NAME, TITLE, "pass", f"{said}.", place="content")
    if any(gap.people is None for gap in facts.gaps):
        return Result(NAME, TITLE, "pass", "Every field has a fallback, or is always filled.", place="content")
    return Result(NAME, TITLE, "pass", "Everybody in the audience has every field that is used.", place="content")


def _have_no(gap: Gap, facts: Facts) -> str:
    """ "214 of 9,800 have no first name"."""
    of = f" of {facts.sendable:,}" if facts.sendable >= (gap.people or 0) > 0 and facts.sendable > 1 else ""
    label = gap.label or gap.field.replace("_", " ")
    return f"{gap.people:,}{of} {'has' if gap.people == 1 else 'have'} no {label[:1].lower() + label[1:]}"
