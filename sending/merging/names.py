"""The names a letter may use, and the nearest one to a name that does not exist."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

URL_NAMES = frozenset({"unsubscribe_url", "preferences_url", "web_version_url"})

STANDARD_NAMES = frozenset(
    {
        "contact.email",
        "contact.first_name",
        "contact.last_name",
        "organization.name",
        "brand.name",
        "brand.postal_address",
        "topic.name",
        *URL_NAMES,
    }
)

GROUPS = frozenset({"contact", "organization", "brand", "topic"})
# What no variable of a template may be called.
RESERVED = frozenset(
    {*GROUPS, *URL_NAMES, "forloop", "tablerowloop", "now", "today"}
    | set(
        "and or not contains in true false nil null blank empty if else for limit offset reversed cols with as".split()
    )
)


def known_names(fields: Iterable[str] = ()) -> frozenset[str]:
    """Every name that a letter of an organization with these contact fields (keys, without `contact.`) may use."""
    return STANDARD_NAMES | {f"contact.{field}" for field in fields}


def nearest(name: str, known: Collection[str]) -> str:
    """The known name most like this one, or "" when none is near. `first_name` finds `contact.first_name`."""
    lowered = name.lower()
    # Of several with the same end, the contact's: it is the one that letters are about.
    by_tail = {each.rsplit(".", 1)[-1]: each for each in sorted(known, key=lambda each: (each[:8] == "contact.", each))}
    tail = lowered.rsplit(".", 1)[-1]
    if tail in by_tail:
        return by_tail[tail]
    close = get_close_matches(lowered, sorted(known), n=1, cutoff=0.6) or [
        by_tail[match] for match in get_close_matches(tail, by_tail, n=1, cutoff=0.6)
    ]
    return close[0] if close else ""
