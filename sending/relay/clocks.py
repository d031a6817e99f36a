"""The ledger's clock: the one that everybody goes by, whatever time it is believed to be on a relay's own machine.

Trap: "give up after two days" and "try again in a minute" are written by relays and read by the database. A relay whose wall
clock is wrong, or is set while it works, would give up mail that has just come, or put it off for days.
"""

import time


class LedgerClock:
    """A Clock (sending/relay/ports.py) that was put right by the ledger a moment ago, and goes on steadily until the next time."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self._ahead = time.time() - time.monotonic()  # until the ledger has been asked

    def wall(self) -> float:
        return self._ahead + time.monotonic()

    def put_right(self, now: float) -> None:
        """`now`: the ledger's, in seconds since 1970, as it has just said."""
        self._ahead = now - time.monotonic()
