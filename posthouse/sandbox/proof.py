"""Comparing the sender's ledger with the receivers' own log: was anything lost, did anything arrive twice?"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Proof:
    """`lost`: settled as delivered, though no receiver ever accepted them. `twice`: accepted more than once. Both are ids
    of deliveries; `accepted` counts different messages in the receivers' log, `delivered` those of the ledger.
    """

    delivered: int
    accepted: int
    lost: tuple[int, ...]
    twice: tuple[int, ...]
    unconfirmed: tuple[int, ...]
    unconfirmed_but_accepted: tuple[int, ...]


def compare(*, delivered: Iterable[int], unconfirmed: Iterable[int], accepted: Mapping[int, int]) -> Proof:
    """`accepted`: how often the receivers accepted each delivery's message."""
    settled, doubtful = set(delivered), sorted(set(unconfirmed))
    return Proof(
        delivered=len(settled),
        accepted=len(accepted),
        lost=tuple(sorted(settled - accepted.keys())),
        twice=tuple(sorted(id_ for id_, times in accepted.items() if times > 1)),
        unconfirmed=tuple(doubtful),
        unconfirmed_but_accepted=tuple(id_ for id_ in doubtful if id_ in accepted),
    )


def tally(ids: Iterable[int | None]) -> Counter[int]:
    """How often each delivery was accepted; None (mail that is not ours) is left out."""
    return Counter(id_ for id_ in ids if id_ is not None)
