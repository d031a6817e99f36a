"""Addresses and pools in SQL, as relays ask for them; and the folding of what each address was answered."""

from collections.abc import Sequence
from typing import Any

from sending.enums import AddressState

LOCK_CLASS = 7_308_201  # the first key of the advisory lock on an address; the second is its id
HISTORY = "interval '92 days'"

# A pool without an address that is not retired is as if it were not there: its mail goes the next best way.
POOLS = f"""
SELECT p.id, coalesce(p.organization_id, 0), p.is_default FROM sending_pool p
WHERE EXISTS (SELECT 1 FROM sending_pooladdress a JOIN sending_egressip e ON e.id = a.address_id
              WHERE a.pool_id = p.id AND e.state <> '{AddressState.RETIRED}')
"""


class Pools:
    """Which pool the mail of a stream goes by: the stream's, else its organization's default one, else that of the house; 0: none."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self._there = {row[0] for row in rows}
        self._default = {row[1]: row[0] for row in rows if row[2]}
        self._shared = self._default.get(0, 0)

    def __bool__(self) -> bool:
        return bool(self._there)

    def of(self, organization_id: int, stream_pool: int) -> int:
        return stream_pool if stream_pool in self._there else self._default.get(organization_id, self._shared)
