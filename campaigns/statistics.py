"""Honest statistics of shares: how sure one can be of a rate, whether one version is better, what could be seen at all.

Policy: the versions of a test are compared in all pairs, because which one leads is only known by looking; the level of each
comparison is Bonferroni's, so that all of them together are wrong in at most one test of twenty. What is said of a difference
is its interval, and a version is better exactly when the interval leaves out zero: the words and the decision are one.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

LEVEL: Final = 0.95  # of what is said of one rate, and of all comparisons of a test together
POWER: Final = 0.80  # how often a difference of the size that is named would be seen
SMALL: Final = 0.2  # of the leading rate: a difference that is certainly smaller is none that matters

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Share:
    """`n` out of `of`; more than all counts as all."""

    n: int
    of: int

    @property
    def rate(self) -> float:
        return min(self.n, self.of) / self.of if self.of > 0 else 0.0

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Between which rates the true one lies, with this confidence; 0 to 1 when there is nobody."""
        return wilson(self.n, self.of, level=level)


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better `better` is than `other`, as a rate, and between which values that lies (`low` to `high`)."""

    better: int
    other: int
    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What the numbers say. clear: `leader` is better than every other one. same: all differences are smaller than matters.

    too_few: neither can be told. `differences`: of the leader to each other one, the closest first.
    """

    word: Literal["clear", "same", "too_few"]
    leader: int
    differences: tuple[Difference, ...]


def wilson(n: int, of: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a proportion, without continuity correction.

    E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212; method 3 of R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872.
    """
    if of <= 0:
        return 0.0, 1.0
    n = max(0, min(n, of))
    z = _z(level)
    share, square = n / of, z * z
    middle = share + square / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    low, high = (middle - reach) / (1 + square / of), (middle + reach) / (1 + square / of)
    # At the ends the root cancels exactly on paper, and not always in floating point.
    return (0.0 if n == 0 else max(0.0, low)), (1.0 if n == of else min(1.0, high))


def difference(a: Share, b: Share, *, level: float = LEVEL) -> tuple[float, float]:
    """The interval of rate(a) - rate(b) for two independent groups.

    Method 10 (hybrid score) of R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890.
    """
    if a.of <= 0 or b.of <= 0:
        return -1.0, 1.0
    (low_a, high_a), (low_b, high_b) = a.interval(level), b.interval(level)
    middle = a.rate - b.rate
    low = middle - math.hypot(a.rate - low_a, high_b - b.rate)
    high = middle + math.hypot(high_a - a.rate, b.rate - low_b)
    return max(-1.0, low), min(1.0, high)


def level_of_each(versions: int, level: float = LEVEL) -> float:
    """The confidence of one comparison, for all pairs of so many versions to be right together (Bonferroni)."""
    return 1 - (1 - level) / max(1, versions * (versions - 1) // 2)


def compare(shares: Mapping[int, Share]) -> Reading:
    """Which version leads, and whether it is better. Of two that are equal, the lower number leads, unless nobody got it.

    Wants one at least.
    """
    leader = min(shares, key=lambda number: (-shares[number].rate, shares[number].of <= 0, number))
    level = level_of_each(len(shares))
    found = []
    for number in shares:
        if number != leader:
            low, high = difference(shares[leader], shares[number], level=level)
            found.append(Difference(leader, number, shares[leader].rate - shares[number].rate, low, high))
    found.sort(key=lambda each: (each.low, each.value, each.other))
    if found and all(each.is_clear for each in found):
        return Reading("clear", leader, tuple(found))
    enough = SMALL * shares[leader].rate
    if found and all(max(abs(each.low), each.high) <= enough for each in found):
        return Reading("same", leader, tuple(found))
    return Reading("too_few", leader, tuple(found))


def worse(shares: Mapping[int, Share], number: int) -> bool:
    """Whether a version's rate is clearly higher than that of another one: for rates that should be low."""
    level = level_of_each(len(shares))
    return any(
        difference(shares[number], other, level=level)[0] > 0 for name, other in shares.items() if name != number
    )


def visible(rate: float, people: int, *, versions: int = 2) -> float | None:
    """The lowest higher rate that so many people in each version would show beside `rate`, four times out of five.

    None when even everybody against `rate` would not be seen. The usual normal approximation: J. L. Fleiss, B. Levin,
    M. C. Paik, Statistical Methods for Rates and Proportions, 3rd edition (2003), section 4.2, without the correction.
    """
    if people < 2:
        return None
    sure, power = _z(level_of_each(versions)), _NORMAL.inv_cdf(POWER)

    def seen(other: float) -> bool:
        both = (rate + other) / 2
        needed = sure * math.sqrt(2 * both * (1 - both)) + power * math.sqrt(rate * (1 - rate) + other * (1 - other))
        return other - rate >= needed / math.sqrt(people)

    low, high = rate, 1.0
    if not seen(high):
        return None
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if seen(middle) else (middle, high)
    return high


def _z(level: float) -> float:
    return _NORMAL.inv_cdf((1 + level) / 2)
