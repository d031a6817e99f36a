"""The addresses that mail leaves from, and which of them may carry the mail of a pool.

Policy: an address belongs to one relay at a time, so that all its limits live in one process's memory. Without addresses of
its own a house sends from wherever the system chooses; then several relays share the limits by their number.
"""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from sending.relay.addresses import Reach, may_connect
from sending.relay.proxies import Proxy

WEIGHT = 100  # of an address in a pool that says nothing else


@dataclass(frozen=True, slots=True)
class Source:
    """An address to send from. `id` 0 and `address` "": the system's choice; `name` is said in EHLO, "" for the house's own.

    `pools`: ids of the pools whose mail it carries; 0 is the mail of no pool. `weights`: (pool id, its part of that pool's mail).
    `proxy`: through whom its conversations go, None: it is an address of this computer. It is the same address, with everything
    that is remembered of it, when these change.
    """

    id: int = 0
    address: str = ""
    name: str = field(default="", compare=False)
    pools: frozenset[int] = field(default=frozenset({0}), compare=False)
    weights: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    proxy: Proxy | None = field(default=None, compare=False)

    @property
    def is_shared(self) -> bool:
        """Whether other relays send from it too."""
        return self.id == 0

    def weight(self, pool_id: int) -> int:
        """Its part of a pool's mail, against the other addresses of the pool."""
        return next((weight for pool, weight in self.weights if pool == pool_id), WEIGHT)

    def reaches(self, address: str) -> bool:
        """Whether a conversation with this address may begin here: IPv4 with IPv4, IPv6 with IPv6."""
        return not self.address or ip_address(self.address).version == ip_address(address).version


ANY = Source()


class Sources:
    """Those that this relay has now."""

    def __init__(self, mine: Iterable[Source] = (ANY,)) -> None:
        self._of_pool: dict[int, tuple[Source, ...]] = {}
        self.others: tuple[Source, ...] = ()  # those that are other living relays'
        self._carried: frozenset[int] | None = None
        self.take(mine)

    def take(
        self, mine: Iterable[Source], *, others: Iterable[Source] = (), carried: frozenset[int] | None = None
    ) -> None:
        """From now on these, and no others. `carried`: the pools that some living relay can carry, None: as it was known."""
        self.all: tuple[Source, ...] = tuple(mine)
        self.others = tuple(others)
        self._carried = self._carried if carried is None else carried
        self._of_pool.clear()

    def is_hopeless(self, pool_id: int) -> bool:
        """Whether no living relay can use an address of this pool."""
        return self._carried is not None and pool_id not in self._carried and not self.of(pool_id)

    def others_of(self, *pool_ids: int) -> frozenset[int]:
        """Ids of other relays' that carry the mail of one of these pools."""
        return frozenset(source.id for source in self.others if not source.pools.isdisjoint(pool_ids))

    def of(self, pool_id: int) -> Sequence[Source]:
        """Those that may carry the mail of a pool; () when none of them is this relay's."""
        found = self._of_pool.get(pool_id)
        if found is None:
            found = self._of_pool[pool_id] = tuple(source for source in self.all if pool_id in source.pools)
        return found


def can_use(source: Source, reach: Reach) -> bool:
    """Whether conversations can begin at this address: it is bound once, to see; behind a proxy it need not be ours.

    With the sandbox on a proxy is on this computer, or nobody would know where it leads.
    """
    if source.proxy is not None:
        return reach is not Reach.LOOPBACK or may_connect(source.proxy.host, reach)
    family = socket.AF_INET6 if ":" in source.address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((source.address, 0))
    except OSError:
        return False
    return True
