"""Limits how often one network address may ask: a token bucket each, in bounded memory."""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

MAX_ADDRESSES = 20_000


class RateLimit:
    """`burst` requests at once, then `per_second`. IPv6 neighbours of one /64 count as one."""

    def __init__(
        self,
        *,
        burst: int,
        per_second: float,
        max_addresses: int = MAX_ADDRESSES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst, self._per_second = burst, per_second
        self._max_addresses, self._clock = max_addresses, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, address: str) -> bool:
        """Take one request of an address; False when it asks too often."""
        now, key = self._clock(), _network(address)
        left, since = self._buckets.pop(key, (float(self._burst), now))
        left = min(self._burst, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, now)
        while len(self._buckets) > self._max_addresses:
            self._buckets.popitem(last=False)
        return allowed


def _network(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return ""
    return ":".join(ip.exploded.split(":")[:4]) if isinstance(ip, IPv6Address) else address
