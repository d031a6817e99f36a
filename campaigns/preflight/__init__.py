"""The checklist before a send. Each rule is one file with one function over frozen facts; no Django in here.

`fail` stops the send; `warn` wants a person's tick, and so does `unknown`, unless the check is optional.
"""

from collections.abc import Callable

from campaigns.preflight import (
    accessibility,
    audience,
    content,
    duration,
    inbox,
    language,
    lately,
    links,
    links_answer,
    merge_gaps,
    pictures,
    placeholders,
    postal_address,
    sender,
    sending_domain,
    size,
    spam_score,
    subject,
    suppressed,
    unsubscribe_link,
    versions,
    wishes,
)
from campaigns.preflight.facts import Asked, Facts, Gap, Load, Spam, Test
from campaigns.preflight.results import Result, together

__all__ = ["RULES", "TITLES", "Asked", "Facts", "Gap", "Load", "Result", "Spam", "Test", "run"]

# In the order in which a person would mend them.
_FILES = (
    audience,
    suppressed,
    wishes,
    lately,
    versions,
    sender,
    sending_domain,
    subject,
    inbox,
    content,
    placeholders,
    unsubscribe_link,
    postal_address,
    links,
    links_answer,
    merge_gaps,
    pictures,
    language,
    accessibility,
    size,
    spam_score,
    duration,
)
RULES: tuple[Callable[[Facts], Result], ...] = tuple(file.check for file in _FILES)
# What people call each check, by the name under which it is ticked.
TITLES: dict[str, str] = {file.NAME: file.TITLE for file in _FILES}


def run(facts: Facts) -> list[Result]:
    """All checks, in the order of the list; what is the same for all versions is said once."""
    if not facts.versions:
        return [rule(facts) for rule in RULES]
    return [together([(each.version, rule(each)) for each in facts.versions]) for rule in RULES]
