"""The life of a campaign: which moves are lawful, and the words for those that are not.

draft -> to_approve -> scheduled -> launching -> holding -> sending <-> paused, and any of the first steps may be skipped
to_approve, scheduled, launching, holding -> draft (sent back, unscheduled, could not be carried out, taken back)
holding, sending, paused -> cancelled; sending, paused -> finished; finished -> sending (a message is sent again)
"""

from collections.abc import Mapping
from typing import Final

STATES: Final = (
    *("draft", "to_approve", "scheduled", "launching", "holding", "sending", "paused", "finished", "cancelled"),
)

LAWFUL: Final[Mapping[str, frozenset[str]]] = {
    "draft": frozenset({"to_approve", "scheduled", "launching"}),
    "to_approve": frozenset({"draft", "scheduled", "launching"}),
    "scheduled": frozenset({"draft", "launching"}),
    "launching": frozenset({"draft", "holding", "sending"}),
    "holding": frozenset({"draft", "sending", "paused", "cancelled"}),
    "sending": frozenset({"paused", "finished", "cancelled"}),
    "paused": frozenset({"sending", "finished", "cancelled"}),
    "finished": frozenset({"sending"}),
    "cancelled": frozenset(),
}
# What a sweep has to look at: the table's partial index `campaign_in_motion` covers exactly these.
IN_MOTION: Final = frozenset({"scheduled", "launching", "holding", "sending", "paused"})

_WORDS: Final[Mapping[str, str]] = {
    "draft": "is a draft",
    "to_approve": "waits for approval",
    "scheduled": "is scheduled",
    "launching": "is being started",
    "holding": "is about to leave",
    "sending": "is being sent",
    "paused": "is paused",
    "finished": "has been sent",
    "cancelled": "was cancelled",
}
_DEEDS: Final[Mapping[str, str]] = {
    "draft": "edited",
    "to_approve": "given to somebody to approve",
    "scheduled": "scheduled",
    "launching": "sent",
    "holding": "held back",
    "sending": "resumed",
    "paused": "paused",
    "finished": "finished",
    "cancelled": "cancelled",
}


def may(state: str, to: str) -> bool:
    """Whether the move is lawful."""
    return to in LAWFUL[state]


def why_not(state: str, to: str) -> str:
    """The sentence for an unlawful move."""
    return f"This campaign {_WORDS[state]}, so it cannot be {_DEEDS[to]}."
