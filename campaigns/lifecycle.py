"""The life of a campaign: which moves are lawful, and the words for those that are not.

draft -> launching -> sending <-> paused
launching -> draft (the launch could not be carried out)
sending, paused -> cancelled | finished;  finished -> sending (somebody sends a message again)
"""

from collections.abc import Mapping
from typing import Final

STATES: Final = ("draft", "launching", "sending", "paused", "finished", "cancelled")

LAWFUL: Final[Mapping[str, frozenset[str]]] = {
    "draft": frozenset({"launching"}),
    "launching": frozenset({"draft", "sending"}),
    "sending": frozenset({"paused", "finished", "cancelled"}),
    "paused": frozenset({"sending", "finished", "cancelled"}),
    "finished": frozenset({"sending"}),
    "cancelled": frozenset(),
}
IN_MOTION: Final = frozenset({"launching", "sending", "paused"})

_WORDS: Final[Mapping[str, str]] = {
    "draft": "is a draft",
    "launching": "is being started",
    "sending": "is being sent",
    "paused": "is paused",
    "finished": "has been sent",
    "cancelled": "was cancelled",
}
_DEEDS: Final[Mapping[str, str]] = {
    "draft": "edited",
    "launching": "sent",
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
