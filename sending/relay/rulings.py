"""Rulings: what operators, or relays themselves, have decreed about an address, a provider, a site, an organization or a send.

Policy: the strictest one of all that fit is obeyed. They come from rows, so a relay that begins anew obeys them from its first
claim; they end by the clock, so none is forgotten in force; while the database is away those that are known stay.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

HOLD, LIMIT, RELEASE = "hold", "limit", "release"
BY_PERSON, BY_RELAY = "person", "relay"

Scope = tuple[int, str, str, int, int]  # source, provider, site, organization, mailing


@dataclass(frozen=True, slots=True)
class Ruling:
    """One of them; a zero or "" in its scope means any. `since`, `until`: seconds since 1970.

    `kind` "hold": nothing leaves. "limit": at most so many `connections` at once and messages `per_minute`, of all relays
    together, and `messages` in one connection; 0: as many as before. "release": what relays hold by themselves is held no longer,
    once. `by`: "person" or "relay"; then `cause` is the class of trouble, and `why` the server's words, for operators only.
    """

    id: int
    kind: str
    source_id: int = 0
    provider: str = ""
    site: str = ""
    organization_id: int = 0
    mailing_id: int = 0
    connections: int = 0
    messages: int = 0
    per_minute: float = 0.0
    until: float = 0.0
    why: str = ""
    by: str = BY_PERSON
    cause: str = ""
    since: float = 0.0

    @property
    def scope(self) -> Scope:
        return (self.source_id, self.provider, self.site, self.organization_id, self.mailing_id)

    @property
    def is_of_senders(self) -> bool:
        """Whether it is about some organization's mail, and not about a place or an address as such."""
        return bool(self.organization_id or self.mailing_id)


@dataclass(slots=True)
class Rulings:
    """Those in force. Looking up costs a dictionary access for each kind of scope that occurs among them (at most 32)."""

    _of: dict[Scope, tuple[Ruling, ...]] = field(default_factory=dict)
    _shapes: tuple[Scope, ...] = ()

    def __iter__(self) -> Iterator[Ruling]:
        return chain.from_iterable(self._of.values())

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def take(self, rulings: Iterable[Ruling]) -> None:
        """From now on these, and no others."""
        of: dict[Scope, tuple[Ruling, ...]] = {}
        for ruling in rulings:
            of[ruling.scope] = (*of.get(ruling.scope, ()), ruling)
        self._of = of
        self._shapes = tuple({tuple(map(bool, scope)): scope for scope in of}.values())

    def matching(
        self, source: int = 0, provider: str = "", site: str = "", organization: int = 0, mailing: int = 0
    ) -> Iterator[Ruling]:
        """Each one whose scope holds what is asked about, also those that are over by now (see `until`)."""
        for one, two, three, four, five in self._shapes:
            found = self._of.get(
                (source if one else 0, provider if two else "", site if three else "", organization if four else 0,
                 mailing if five else 0)
            )  # fmt: skip
            if found:
                yield from found
