"""What is different between two versions of a segment, in words."""

from collections import Counter

from contacts.segments import tree, wording
from contacts.segments.knowledge import Catalogue
from contacts.segments.reading import BadDefinition
from contacts.segments.tree import Condition, Group

_MATCH = {"all": "all of these", "any": "any of these", "none": "none of these"}


def between(before: object, after: object, known: Catalogue) -> list[str]:
    """Sentences without full stops; at least one. What cannot be understood any more is said to be so."""
    try:
        old = tree.parse(before, known)
    except BadDefinition as bad:
        return [f"What it asked before cannot be told any more: {bad.why.rstrip('.')}"]
    try:
        new = tree.parse(after, known)
    except BadDefinition as bad:
        return [f"What it asks cannot be understood any more: {bad.why.rstrip('.')}"]
    found = []
    had, has = _words(old, known), _words(new, known)
    found += [f"Added: people {words}" for words in (has - had).elements()]
    found += [f"Removed: people {words}" for words in (had - has).elements()]
    if old.match != new.match:
        found.append(f"People fit {_MATCH[new.match]} instead of {_MATCH[old.match]}")
    if not found:
        found.append("The same conditions, arranged otherwise" if old != new else "No condition changed")
    return found


def _words(root: Group, known: Catalogue) -> Counter[str]:
    return Counter(wording.condition(rule, known) for _, rule in tree.walk(root) if isinstance(rule, Condition))
