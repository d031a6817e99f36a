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

__all__ = ["RULES", "Asked", "Facts", "Gap", "Load", "Result", "Spam", "Test", "run"]

# In the order in which a person would mend them.
RULES: tuple[Callable[[Facts], Result], ...] = (
    audience.check,
    suppressed.check,
    wishes.check,
    lately.check,
    versions.check,
    sender.check,
    sending_domain.check,
    subject.check,
    inbox.check,
    content.check,
    placeholders.check,
    unsubscribe_link.check,
    postal_address.check,
    links.check,
    links_answer.check,
    merge_gaps.check,
    pictures.check,
    language.check,
    accessibility.check,
    size.check,
    spam_score.check,
    duration.check,
)


def run(facts: Facts) -> list[Result]:
    """All checks, in the order of the list; what is the same for all versions is said once."""
    if not facts.versions:
        return [rule(facts) for rule in RULES]
    return [together([(each.version, rule(each)) for each in facts.versions]) for rule in RULES]
