"""What somebody should know about a segment that still works: it asks about things that were archived since."""

from contacts.segments import tree
from contacts.segments.knowledge import Catalogue
from contacts.segments.tree import Activity, Condition, Consent, Rule


def of(rule: Rule, known: Catalogue) -> dict[tuple[int, ...], str]:
    """By the path of the condition."""
    found = {}
    for path, one in tree.walk(rule):
        if isinstance(one, Condition) and (words := _notice(one, known)):
            found[path] = words
    return found


def _notice(rule: Condition, known: Catalogue) -> str:
    if rule.about.startswith("field:") and rule.key in known.archived:
        return f"The field “{known.labels[rule.key]}” is archived. People keep what was in it, and this goes on."
    value = rule.value
    if isinstance(value, Consent):
        value = value.topic
    if isinstance(value, Activity) or not isinstance(value, str):
        return ""
    if rule.kind in ("topic", "consent") and value and known.topics[value].archived:
        return (
            f"The topic “{known.topics[value].name}” is archived. Nobody joins it any more; who is in it stays counted."
        )
    if rule.kind == "form" and known.forms[value].archived:
        return f"The form “{known.forms[value].name}” is archived. Nobody comes by it any more."
    if rule.kind == "segment" and known.segments[value].archived:
        return f"The segment “{known.segments[value].name}” is archived. It goes on being asked as it was."
    return ""
