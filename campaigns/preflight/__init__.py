"""The checklist before a send. Each rule is one file with one function over frozen facts; no Django in here.

`fail` stops the send; `warn` and `unknown` want a person's tick.
"""

from collections.abc import Callable

from campaigns.preflight import (
    audience,
    content,
    links,
    merge_gaps,
    postal_address,
    sender,
    sending_domain,
    size,
    subject,
    unsubscribe_link,
)
from campaigns.preflight.facts import Facts, Gap
from campaigns.preflight.results import Result

__all__ = ["RULES", "Facts", "Gap", "Result", "run"]

# In the order in which a person would mend them.
RULES: tuple[Callable[[Facts], Result], ...] = (
    audience.check,
    sender.check,
    sending_domain.check,
    subject.check,
    content.check,
    unsubscribe_link.check,
    postal_address.check,
    links.check,
    merge_gaps.check,
    size.check,
)


def run(facts: Facts) -> list[Result]:
    """All checks, in the order of the list."""
    return [rule(facts) for rule in RULES]
