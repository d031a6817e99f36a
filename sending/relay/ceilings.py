"""Learned ceilings: how much a place takes from us, from what it refused, and the slow way back up.

Policy: one step below what was refused, and never below the least. Each quiet time it rises a step, so that a limit that has
gone is found out by trying, and a ceiling that has risen to what is allowed anyway is forgotten.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Ceiling:
    """A number learned from refusals; `value` is right after `settle`. Times are monotonic seconds.

    A step is one (`step` 0), or that share of the value; above the old trouble each step is twice the one before.
    """

    quiet: float
    step: float = 0.0
    least: float = 1.0
    value: float = 0.0  # 0: nothing has been learned
    trouble: float = 0.0  # what was too much
    since: float = 0.0  # of the trouble, or of the last step
    _steps: int = 0  # above the old trouble

    def learn(self, value: float, *, trouble: float, now: float) -> None:
        """`trouble` was too much: no more than `value` from now on, nor more than what it was."""
        value = max(self.least, value)
        self.value = min(self.value, value) if self.value else value
        self.trouble, self.since, self._steps = trouble, now, 0

    def settle(self, now: float, *, limit: float = 0.0) -> float:
        """Rise for the quiet time that has passed; gives the value, 0 for none. `limit`: above which it means nothing."""
        while self.value and now - self.since >= self.quiet:
            self.since += self.quiet
            if not self.step:
                self.value += 1
            else:
                above = self.value >= self.trouble
                self.value *= 1 + self.step * 2 ** min(self._steps, 10)
                self._steps += above
            if self.value >= (limit or max(4 * self.trouble, 4 * self.least)):
                self.value = 0.0
        return self.value

    def forget(self) -> None:
        """Nothing has been learned."""
        self.value = 0.0
