"""Rulings: what operators, or relays themselves, have decreed about an address, a provider, a site, an organization or a send.

Policy: the strictest one of all that fit is obeyed. They come from rows, so a relay that begins anew obeys them from its first
claim; they end by the clock, so none is forgotten in force; while the database is away those that are known stay.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

HOLD, LIMIT, RELEASE = "hold", "limit", "release"
BY_PERSON, BY_RELAY = "person", "relay"
OPERATOR = "operator"  # the cause of what a person decreed, beside the classes of trouble

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
    def told_cause(self) -> str:
        """As messages tell it: the class of trouble, or that it was a person."""
        return self.cause or OPERATOR

    @property
    def is_of_senders(self) -> bool:
        """Whether it is about some organization's mail, and not about a place or an address as such."""
        return bool(self.organization_id or self.mailing_id)


class _Table:
    """Rulings by their scopes: a dictionary for each kind of scope that occurs among them (at most 32)."""

    def __init__(self, rulings: Iterable[Ruling]) -> None:
        of: dict[tuple[bool, ...], dict[Any, list[Ruling]]] = {}
        for ruling in rulings:
            shape = tuple(map(bool, ruling.scope))
            of.setdefault(shape, {}).setdefault(_key(shape)(ruling.scope), []).append(ruling)
        self._parts = [(_key(shape), found.get) for shape, found in of.items()]

    def fitting(self, asked: Scope) -> list[Ruling]:
        fitting: list[Ruling] = []
        for key, get in self._parts:
            found = get(key(asked))
            if found is not None:
                fitting += found
        return fitting


def _key(shape: tuple[bool, ...]) -> Callable[[Scope], Any]:
    """What of a scope is looked up."""
    named = [place for place, is_named in enumerate(shape) if is_named]
    return itemgetter(*named) if named else lambda _: None


class Rulings:
    """Those in force."""

    def __init__(self, rulings: Iterable[Ruling] = ()) -> None:
        self.take(rulings)

    def __iter__(self) -> Iterator[Ruling]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def take(self, rulings: Iterable[Ruling]) -> None:
        """From now on these, and no others."""
        self._all = tuple(rulings)
        self._table = _Table(self._all)
        holds = [ruling for ruling in self._all if ruling.kind == HOLD]
        self._holds = _Table(holds)
        self.has_holds = bool(holds)
        self.stops_senders = any(not (hold.source_id or hold.provider or hold.site) for hold in holds)

    def matching(
        self, source: int = 0, provider: str = "", site: str = "", organization: int = 0, mailing: int = 0
    ) -> list[Ruling]:
        """Each one whose scope holds what is asked about, also those that are over by now (see `until`)."""
        return self._table.fitting((source, provider, site, organization, mailing))

    def hold(
        self, now: float, source: int = 0, provider: str = "", site: str = "", organization: int = 0, mailing: int = 0
    ) -> Ruling | None:
        """The hold that lasts longest of those that fit, None when there is none. `now`: seconds since 1970."""
        if not self.has_holds:
            return None
        longest = None
        for hold in self._holds.fitting((source, provider, site, organization, mailing)):
            if hold.until > now and (longest is None or hold.until > longest.until):
                longest = hold
        return longest
