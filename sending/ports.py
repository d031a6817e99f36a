"""What sending needs to know of upper floors, and may not ask for: questions that are answered there (posthouse/wiring.py)."""

from collections.abc import Iterable
from typing import Protocol


class Totals(Protocol):
    """Whoever folds tallies away and knows what has become of them."""

    def differences(self, *, limit: int) -> Iterable[str]:
        """Where totals and tallies do not agree with the ledger and the log, one line each. Called inside of cross_tenant."""
        ...


class Unfolded:
    """Nobody folds tallies here, so there is nobody to ask."""

    def differences(self, *, limit: int) -> Iterable[str]:
        return ()


totals: Totals = Unfolded()


def plug_totals(answers: Totals) -> None:
    """Let `answers` answer from now on."""
    global totals
    totals = answers
