"""How many connections at once one site gets: Postfix's concurrency feedback by 1/N (SCHEDULER_README, after TCP).

Policy: a round of successes opens one more, a round of failures (connections cut, 421) closes one, so that a server that drops
one connection in a while does not lose all of them. A number that was said to be too much is learned elsewhere.
"""


class Window:
    """`size` is from 1 to `limit`."""

    __slots__ = ("_failure", "_success", "limit", "size")

    def __init__(self, limit: int) -> None:
        self.size = self.limit = limit
        self._success = self._failure = 0.0

    def set_limit(self, limit: int) -> None:
        """Another limit; what was as wide as it may stays so."""
        self.size = limit if self.size >= self.limit else min(self.size, limit)
        self.limit = limit

    def begin_again(self) -> None:
        """One goes ahead."""
        self.size, self._success, self._failure = 1, 0.0, 0.0

    def narrow(self, size: int) -> None:
        """No wider than that for now."""
        self.size, self._success = max(1, min(self.size, size)), 0.0

    def well(self) -> bool:
        """A success; True when there is one more now."""
        if self.size >= self.limit:
            return False
        gain = 1 / self.size
        self._success += gain
        if self._success + gain / 2 < 1:
            return False
        self.size, self._success, self._failure = self.size + 1, 0.0, 0.0
        return True

    def bad(self) -> None:
        """A failure. The first of a round closes one: the sooner, the better."""
        loss = 1 / self.size
        self._failure -= loss
        if self._failure - loss / 2 < 0:
            self._failure += 1
            self.size, self._success = max(1, self.size - 1), 0.0
