"""Rulings: what operators, or relays themselves, have decreed about an address, a provider, a site, an organization or a send.

Policy: the strictest one of all that fit is obeyed. They come from rows, so a relay that begins anew obeys them from its first
claim; they end by the clock, so none is forgotten in force; while the database is away those that are known stay.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

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


class Rulings:
    """Those in force. Looking up costs a dictionary access for each kind of scope that occurs among them (at most 32)."""

    def __init__(self, rulings: Iterable[Ruling] = ()) -> None:
        self.take(rulings)

    def __iter__(self) -> Iterator[Ruling]:
        return chain.from_iterable(self._of.values())

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def take(self, rulings: Iterable[Ruling]) -> None:
        """From now on these, and no others."""
        self._of: dict[Scope, tuple[Ruling, ...]] = {}
        for ruling in rulings:
            self._of[ruling.scope] = (*self._of.get(ruling.scope, ()), ruling)
        self._shapes = tuple({tuple(map(bool, scope)) for scope in self._of})

    def matching(
        self, source: int = 0, provider: str = "", site: str = "", organization: int = 0, mailing: int = 0
    ) -> Iterator[Ruling]:
        """Each one whose scope holds what is asked about, also those that are over by now (see `until`)."""
        asked = (source, provider, site, organization, mailing)
        for shape in self._shapes:
            scope = tuple(part if is_named else type(part)() for part, is_named in zip(asked, shape, strict=True))
            yield from self._of.get(scope, ())  # type: ignore[arg-type]

    def hold(
        self, now: float, source: int = 0, provider: str = "", site: str = "", organization: int = 0, mailing: int = 0
    ) -> Ruling | None:
        """The hold that lasts longest of those that fit, None when there is none. `now`: seconds since 1970."""
        if not self._of:
            return None
        holds = (
            ruling
            for ruling in self.matching(source, provider, site, organization, mailing)
            if ruling.kind == HOLD and ruling.until > now
        )
        return max(holds, key=lambda ruling: ruling.until, default=None)
