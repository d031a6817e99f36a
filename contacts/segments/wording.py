"""A segment in words, for the builder's summary, the lists and the checklist before a send."""

from contacts.segments.tree import Catalogue, Condition, Group, Rule, Value

OP_WORDS = {
    "is": "is",
    "is_not": "is not",
    "one_of": "is one of",
    "contains": "contains",
    "not_contains": "does not contain",
    "starts": "starts with",
    "empty": "is empty",
    "not_empty": "is not empty",
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "le": "is at most",
    "gt": "is more than",
    "ge": "is at least",
    "on": "is on",
    "before": "is before",
    "after": "is after",
    "within": "is within the last … days",
    "not_within": "is not within the last … days",
    "yes": "is yes",
    "no": "is no",
    "subscribed": "subscribed to",
    "not_subscribed": "not subscribed to",
    "unsubscribed": "unsubscribed from",
}
BUILT_IN_LABELS = {
    "address": "Address",
    "domain": "Domain of the address",
    "language": "Language",
    "created": "Added",
    "topic": "Topic",
}


def describe(tree: Rule, catalogue: Catalogue) -> str:
    """One sentence without its full stop: "people whose City is Oslo and who are subscribed to News"."""
    if isinstance(tree, Group) and not tree.rules:
        return "everybody"
    return f"people {_said(tree, catalogue, outermost=True)}"


def label_of(about: str, catalogue: Catalogue) -> str:
    key = about.removeprefix("field:")
    return BUILT_IN_LABELS.get(about) or catalogue.labels.get(key) or key


def _said(tree: Rule, catalogue: Catalogue, *, outermost: bool = False) -> str:
    if isinstance(tree, Condition):
        return _condition(tree, catalogue)
    word = " and " if tree.match == "all" else " or "
    said = word.join(_said(rule, catalogue) for rule in tree.rules)
    return said if outermost or len(tree.rules) == 1 else f"({said})"


def _condition(condition: Condition, catalogue: Catalogue) -> str:
    if condition.kind == "topic":
        topic = catalogue.topics.get(str(condition.value), "a topic that is gone")
        return f"who are {OP_WORDS[condition.op]} {topic}"
    label = label_of(condition.about, catalogue)
    if condition.op in ("within", "not_within"):
        days = "day" if condition.value == 1 else f"{condition.value} days"
        negation = "not " if condition.op == "not_within" else ""
        return f"whose {label} is {negation}within the last {days}"
    words = f"whose {label} {OP_WORDS[condition.op]}"
    return words if condition.value is None else f"{words} {_value(condition.value)}"


def _value(value: Value) -> str:
    if isinstance(value, tuple):
        shown = [f"“{one}”" for one in value[:5]]
        if len(value) > 5:
            shown.append(f"{len(value) - 5} more")
        return ", ".join(shown[:-1]) + f" or {shown[-1]}" if len(shown) > 1 else shown[0]
    return f"“{value}”" if isinstance(value, str) else str(value)
