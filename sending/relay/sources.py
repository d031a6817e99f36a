"""The addresses that mail leaves from, and which of them may carry the mail of a pool.

Policy: an address belongs to one relay at a time, so that all its limits live in one process's memory. Without addresses of
its own a house sends from wherever the system chooses; then several relays share the limits by their number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """An address to send from. `id` 0 and `address` "": the system's choice; `name` is said in EHLO, "" for the house's own.

    `pools`: ids of the pools whose mail it carries; 0 is the mail of no pool.
    """

    id: int = 0
    address: str = ""
    name: str = ""
    pools: frozenset[int] = frozenset({0})

    @property
    def is_shared(self) -> bool:
        """Whether other relays send from it too."""
        return self.id == 0


ANY = Source()


class Sources:
    """Those that this relay has now."""

    def __init__(self, mine: Iterable[Source] = (ANY,)) -> None:
        self._of_pool: dict[int, tuple[Source, ...]] = {}
        self.take(mine)

    def take(self, mine: Iterable[Source]) -> None:
        """From now on these, and no others."""
        self.all: tuple[Source, ...] = tuple(mine)
        self._of_pool.clear()

    def of(self, pool_id: int) -> Sequence[Source]:
        """Those that may carry the mail of a pool; () when none of them is this relay's."""
        found = self._of_pool.get(pool_id)
        if found is None:
            found = self._of_pool[pool_id] = tuple(source for source in self.all if pool_id in source.pools)
        return found
