"""A segment in words, for the builder's summary, the lists and the checklist before a send."""

from collections.abc import Sequence

from contacts.segments.knowledge import Catalogue
from contacts.segments.tree import Activity, Condition, Consent, Group, Rule, Value, When, several

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
    "between": "is between",
    "within": "is within the last … days",
    "not_within": "is not within the last … days",
    "ago": "is more than … days ago",
    "next": "is within the next … days",
    "past": "is before today",
    "future": "is after today",
    "yearly_today": "has its anniversary today",
    "yearly_next": "has its anniversary within the next … days",
    "yes": "is yes",
    "no": "is no",
    "any_of": "has any of",
    "all_of": "has all of",
    "none_of": "has none of",
    "subscribed": "subscribed to",
    "not_subscribed": "not subscribed to",
    "unsubscribed": "unsubscribed from",
    "pending": "has not confirmed yet",
    "given": "agreed",
    "not_given": "did not agree",
    "confirmed": "confirmed (double opt-in)",
    "not_confirmed": "did not confirm (double opt-in)",
    "at_least": "at least … times",
    "at_most": "at most … times",
    "exactly": "exactly … times",
    "never": "never",
    "because": "is on it because of",
    "in": "is in",
    "not_in": "is not in",
}
OPS_OF_KIND = {"suppressed": {"yes": "is on it", "no": "is not on it"}}
BUILT_IN_LABELS = {
    "address": "E-mail address",
    "domain": "Domain of the address",
    "language": "Language",
    "created": "Added",
    "provider": "Mailbox provider",
    "source": "Came by",
    "import": "Came with import",
    "form": "Came by sign-up form",
    "tag": "Tag",
    "topic": "Topic",
    "consent": "Consent",
    "score": "Engagement score",
    "suppressed": "Do-not-send list",
    "segment": "Segment",
}
DEED_LABELS = {
    "sent": "Was sent",
    "delivered": "Was delivered",
    "bounced": "Bounced",
    "opened": "Opened (by a human)",
    "clicked": "Clicked",
    "unsubscribed": "Unsubscribed by",
    "complained": "Reported as spam",
}
_DID = {
    "sent": "were sent",
    "delivered": "were delivered",
    "bounced": "bounced for",
    "opened": "opened",
    "clicked": "clicked in",
    "unsubscribed": "unsubscribed by",
    "complained": "complained about",
}
SOURCE_WORDS = {
    "import": "import",
    "form": "sign-up form",
    "manual": "a member's hand",
    "api": "API",
    "page": "preference page",
}
REASON_WORDS = {
    "unsubscribed": "unsubscribed from everything",
    "complained": "reported as spam",
    "invalid": "the address does not exist",
    "bounced": "bounced again and again",
    "manual": "put there by a member",
    "imported": "brought from another service",
    "erased": "asked to be forgotten",
    "house": "closed by this installation",
}


def describe(tree: Rule, catalogue: Catalogue) -> str:
    """One sentence without its full stop: "people whose City is Oslo and who are subscribed to News"."""
    if isinstance(tree, Group) and not tree.rules:
        return "everybody"
    if isinstance(tree, Group) and tree.match == "none":
        return f"everybody except those {_said(Group('any', tree.rules), catalogue, outermost=True)}"
    return f"people {_said(tree, catalogue, outermost=True)}"


def label_of(about: str, catalogue: Catalogue) -> str:
    prefix, _, key = about.partition(":")
    if prefix == "activity" and key in DEED_LABELS:
        return DEED_LABELS[key]
    return BUILT_IN_LABELS.get(about) or catalogue.labels.get(key) or key


def op_label(kind: str, op: str) -> str:
    return OPS_OF_KIND.get(kind, {}).get(op, OP_WORDS[op])


def _said(tree: Rule, catalogue: Catalogue, *, outermost: bool = False) -> str:
    if isinstance(tree, Condition):
        return condition(tree, catalogue)
    if tree.match == "none":
        return f"not those {_said(Group('any', tree.rules), catalogue)}"
    word = " and " if tree.match == "all" else " or "
    said = word.join(_said(rule, catalogue) for rule in tree.rules)
    return said if outermost or len(tree.rules) == 1 else f"({said})"


def condition(rule: Condition, catalogue: Catalogue) -> str:
    """What one condition says of people: "whose City is “Oslo”"."""
    match rule.value:
        case Activity() as wanted:
            return _activity(rule, wanted, catalogue)
        case Consent() as wanted:
            return _consent(rule, wanted, catalogue)
    name = str(rule.value)
    match rule.kind:
        case "topic":
            word = {"pending": "who are waiting to confirm"}.get(rule.op, f"who are {OP_WORDS[rule.op]}")
            return f"{word} {catalogue.topics[name].name}"
        case "tag":
            names = [catalogue.tags[one].name for one in several(rule.value)]
            word = {"any_of": "carry", "all_of": "carry", "none_of": "do not carry"}[rule.op]
            joining = "and" if rule.op == "all_of" else "or"
            return f"who {word} the {'tag' if len(names) == 1 else 'tags'} {listed(names, joining)}"
        case "segment":
            return f"who are {'not ' if rule.op == 'not_in' else ''}in the segment “{catalogue.segments[name].name}”"
        case "provider":
            return f"whose mailbox is {'not ' if rule.op == 'is_not' else ''}with {name}"
        case "source":
            return f"who {'did not come' if rule.op == 'is_not' else 'came'} by {SOURCE_WORDS[name]}"
        case "import" | "form":
            things = catalogue.imports if rule.kind == "import" else catalogue.forms
            what = "with the import" if rule.kind == "import" else "by the sign-up form"
            return f"who {'did not come' if rule.op == 'is_not' else 'came'} {what} “{things[name].name}”"
        case "suppressed":
            if rule.op == "because":
                words = " or ".join(REASON_WORDS[one] for one in several(rule.value))
                return f"who are on the do-not-send list ({words})"
            return f"who are {'not ' if rule.op == 'no' else ''}on the do-not-send list"
        case "multi" if rule.op in ("any_of", "all_of", "none_of") and isinstance(rule.value, tuple):
            joining = "and" if rule.op == "all_of" else "or"
            word = "do not have" if rule.op == "none_of" else "have"
            return f"who {word} {listed(list(map(str, rule.value)), joining)} in {label_of(rule.about, catalogue)}"
    return _of_field(rule, label_of(rule.about, catalogue))


def _of_field(rule: Condition, label: str) -> str:
    if rule.op in ("within", "not_within", "ago", "next", "yearly_next"):
        days = f"{rule.value} days" if rule.value != 1 else ("1 day" if rule.op == "ago" else "day")
        return {
            "within": f"whose {label} is within the last {days}",
            "not_within": f"whose {label} is not within the last {days}",
            "ago": f"whose {label} is more than {days} ago",
            "next": f"whose {label} is within the next {days}",
            "yearly_next": f"whose {label} has its anniversary within the next {days}",
        }[rule.op]
    words = f"whose {label} {OP_WORDS[rule.op]}"
    return words if rule.value is None else f"{words} {_value(rule)}"


def _activity(rule: Condition, wanted: Activity, catalogue: Catalogue) -> str:
    n = wanted.times
    none = rule.op == "never" or (n == 0 and rule.op in ("at_most", "exactly"))
    many = f"{n} campaigns" if n != 1 else "1 campaign"
    often = {"at_least": f"at least {n}", "at_most": f"at most {n}", "exactly": f"exactly {n}", "never": ""}[rule.op]
    if wanted.campaign:
        what = f"the campaign “{catalogue.campaigns[wanted.campaign].name}”"
        did = f"who {_DID[rule.key]} {what}"
        if none:
            did = f"of whom it is not so that they {_DID[rule.key]} {what}"
        elif (rule.op, n) != ("at_least", 1):
            did = f"{did} {often} {'time' if n == 1 else 'times'}"
    elif wanted.latest:
        last = f"the last {wanted.latest} campaigns" if wanted.latest > 1 else "the last campaign"
        did = f"who {_DID[rule.key]} {'none' if none else often} of {last}"
    elif none:
        did = f"who {_DID[rule.key]} no campaign"
    elif (rule.op, n) == ("at_least", 1):
        did = f"who {_DID[rule.key]} a campaign"
    else:
        did = f"who {_DID[rule.key]} {often} {many.partition(' ')[2]}"
    return did + when(wanted.when)


def _consent(rule: Condition, wanted: Consent, catalogue: Catalogue) -> str:
    said = {
        "given": "who agreed",
        "not_given": "who did not agree",
        "confirmed": "who confirmed by double opt-in",
        "not_confirmed": "who did not confirm by double opt-in",
    }[rule.op]
    if wanted.topic:
        said += f" to get {catalogue.topics[wanted.topic].name}"
    if wanted.sources:
        said += f" by {' or '.join(SOURCE_WORDS[source] for source in wanted.sources)}"
    return said + when(wanted.when)


def when(wanted: When) -> str:
    match wanted.how:
        case "within":
            return f" within the last {'day' if wanted.days == 1 else f'{wanted.days} days'}"
        case "ago":
            return f" more than {'1 day' if wanted.days == 1 else f'{wanted.days} days'} ago"
        case "between":
            return f" between {wanted.first} and {wanted.last}"
    return ""


def _value(rule: Condition) -> str:
    value: Value = rule.value
    if isinstance(value, tuple):
        if rule.op == "between":
            return f"{value[0]} and {value[1]}"
        return listed([str(one) for one in value], "or")
    return f"“{value}”" if isinstance(value, str) else str(value)


def listed(words: Sequence[str], joining: str) -> str:
    shown = [f"“{one}”" for one in words[:5]]
    if len(words) > 5:
        shown.append(f"{len(words) - 5} more")
    return ", ".join(shown[:-1]) + f" {joining} {shown[-1]}" if len(shown) > 1 else shown[0]
