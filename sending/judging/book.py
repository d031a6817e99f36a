"""The book of judgement: classes of trouble and the rules that find them, read from data (sending/relay/data/replies.toml).

Policy: rules are asked in their order and the first that fits wins; a provider's own come before everybody's. So what a text
says can overrule a code: that is a matter of order, not of code.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from sending.judging.replies import Reply

DATA = Path(__file__).parents[1] / "relay" / "data" / "replies.toml"


class Effect(StrEnum):
    """What is done about it."""

    NONE = "none"
    CLOSE = "close"  # this connection is used up; open another
    NARROW = "narrow"  # fewer connections at once
    SLOW = "slow"  # so many messages a minute, for a while
    HOLD = "hold"  # nothing for a while, then begin with one connection and a part of the pace
    PARK = "park"  # nothing of one sender, or of one campaign, to this provider for a while, from any address


class Scope(StrEnum):
    """To what it is done."""

    SITE = "site"  # these mail servers, from this address
    PROVIDER = "provider"  # all servers of the provider, from this address
    ORGANIZATION = "organization"  # the sender at this provider, from any address: it is about the domain
    CAMPAIGN = "campaign"  # the send at this provider, from any address: it is about the content


class Learn(StrEnum):
    """Which limit can be learned from it."""

    NOTHING = ""
    CONNECTIONS = "connections"  # at once
    MESSAGES = "messages"  # in one connection
    PACE = "pace"


@dataclass(frozen=True, slots=True)
class Action:
    """`seconds`: how long (0: the place's own back-off), once it has been said `times` within `within` seconds.

    `per_minute`: for SLOW. `moves`: others of our addresses may try what was refused to this one. `ramp`: afterwards speed comes
    back slowly. `share`: of a campaign's tries that are refused like this, out of `times` or more, for PARK.
    """

    effect: Effect
    scope: Scope = Scope.SITE
    seconds: float = 0.0
    times: int = 1
    within: float = 0.0
    per_minute: float = 0.0
    learn: Learn = Learn.NOTHING
    moves: bool = False
    ramp: bool = True
    share: float = 0.0

    @property
    def is_of_sender(self) -> bool:
        """Whether it is about whose mail it is, and not about a place and an address."""
        return self.effect is Effect.PARK


@dataclass(frozen=True, slots=True)
class Counting:
    """When failures add up: `after` of them within `days`, on `on_days` different days, first and last `over_days` apart."""

    after: int
    days: int
    on_days: int = 1
    over_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Category:
    """A class of trouble. `outcome` "" lets the code decide. With `counting`, `suppress` waits until failures have added up;
    `on_expiry`: whether a message that was given up for it counts against the address. `personal`: it says something of
    one recipient, or is said to everybody once, and nothing about how we send.
    """

    name: str
    outcome: str
    suppress: str
    suppress_on: tuple[int, ...]
    action: Action | None
    counting: Counting | None
    on_expiry: bool
    personal: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Fits when everything that it names fits. `action`: one of its own; with a trigger it comes to that of its class."""

    category: str
    provider: str
    stages: frozenset[str]
    codes: tuple[str, ...]
    statuses: tuple[str, ...]
    text: re.Pattern[str] | None
    action: Action | None

    def fits(self, provider: str, stage: str, reply: Reply, text: str) -> bool:
        return (
            (not self.provider or self.provider == provider)
            and (not self.stages or stage in self.stages)
            and (not self.codes or str(reply.code).startswith(self.codes))
            and (not self.statuses or _status_fits(reply.status, self.statuses))
            and (self.text is None or self.text.search(text) is not None)
        )


@dataclass(frozen=True, slots=True)
class Book:
    """All classes and rules, in the order in which they are asked. `hosts`, `domains`: whose a server or an address is."""

    categories: dict[str, Category]
    rules: tuple[Rule, ...]
    hosts: tuple[tuple[str, str], ...] = ()
    domains: tuple[tuple[str, str], ...] = ()

    def of(self, provider: str) -> tuple[Rule, ...]:
        """The rules that may fit at one provider."""
        return tuple(rule for rule in self.rules if rule.provider in ("", provider))

    def provider_of(self, *, host: str = "", address: str = "") -> str:
        """The provider of a server's name, else of an address's domain; "" when we know neither."""
        name = "." + host.lower().strip("[]. ")
        for suffix, provider in self.hosts:
            if host and name.endswith(suffix):
                return provider
        domain = address.rpartition("@")[2].lower()
        return dict(self.domains).get(domain, "")


def read_book(text: str) -> Book:
    """The book in a TOML text. KeyError, ValueError or re.error when it is malformed."""
    data = tomllib.loads(text)
    categories = {name: _category(name, row) for name, row in data["class"].items()}
    rules = tuple(_rule(row, categories) for row in data["rule"])
    if "unclassified" not in categories:
        raise ValueError("there is no class for the unclassified")
    own = tuple(rule for rule in rules if rule.provider)
    providers = data.get("provider", ())
    return Book(
        categories,
        own + tuple(rule for rule in rules if not rule.provider),
        tuple((host, row["name"]) for row in providers for host in row.get("hosts", ())),
        tuple((domain, row["name"]) for row in providers for domain in row.get("domains", ())),
    )


@lru_cache(maxsize=1)
def shipped() -> Book:
    """The book that comes with this installation."""
    return read_book(DATA.read_text(encoding="utf-8"))


_CLASS = {"outcome", "suppress", "suppress_on", "count", "on_expiry", "personal"}
_RULE = {"class", "provider", "stage", "code", "status", "text"}
_ACTION = {"effect", "scope", "duration", "trigger", "rate", "learn", "moves", "share"}


def _category(name: str, row: dict[str, Any]) -> Category:
    _known(row, _CLASS | _ACTION, f"class {name}")
    count = row.get("count")
    return Category(
        name,
        row.get("outcome", ""),
        row.get("suppress", ""),
        tuple(row.get("suppress_on", (5,))),
        _action(row, f"class {name}") if "effect" in row else None,
        Counting(**count) if count else None,
        bool(row.get("on_expiry", False)),
        bool(row.get("personal", False)),
    )


def _rule(row: dict[str, Any], categories: dict[str, Category]) -> Rule:
    if row["class"] not in categories:
        raise ValueError(f"a rule of a class that is not there: {row['class']}")
    where = f"a rule of class {row['class']}"
    _known(row, _RULE | _ACTION, where)
    own = None
    if row.keys() & _ACTION:
        base = categories[row["class"]].action
        inherited: dict[str, Any] = {}
        if base is not None and row.get("effect", base.effect) == base.effect:
            inherited = {"effect": base.effect, "scope": base.scope, "learn": base.learn, "moves": base.moves}
            inherited |= {"duration": base.seconds}
        own = _action({**inherited, **row}, where)
    return Rule(
        row["class"],
        row.get("provider", ""),
        frozenset(row.get("stage", ())),
        tuple(row.get("code", ())),
        tuple(row.get("status", ())),
        re.compile("|".join(row["text"]), re.IGNORECASE) if "text" in row else None,
        own,
    )


def _known(row: dict[str, Any], names: set[str], where: str) -> None:
    if unknown := row.keys() - names:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} is not known")


def _action(row: dict[str, Any], where: str) -> Action:
    if "effect" not in row:
        raise ValueError(f"{where}: no effect is stated, and its class has none")
    times, _, seconds = row.get("trigger", "1/0").partition("/")
    action = Action(
        Effect(row["effect"]),
        Scope(row.get("scope", "site")),
        float(row.get("duration", 0)),
        int(times),
        float(seconds),
        float(row.get("rate", 0)),
        Learn(row.get("learn", "")),
        bool(row.get("moves", False)),
        share=float(row.get("share", 0)),
    )
    of_sender = action.scope in (Scope.ORGANIZATION, Scope.CAMPAIGN)
    if of_sender != (action.effect is Effect.PARK):
        raise ValueError(f"{where}: an organization and a campaign are parked, and nothing else is")
    if action.effect is Effect.PARK and not action.seconds:
        raise ValueError(f"{where}: who is parked is parked for a time: duration")
    if action.effect is Effect.SLOW and not (action.per_minute > 0 and action.seconds > 0):
        raise ValueError(f"{where}: to slow down needs a rate (a minute) and a duration")
    if action.times < 1 or (action.times > 1 and action.within <= 0) or not 0 <= action.share <= 1:
        raise ValueError(f"{where}: a trigger is 3/3600 (times/seconds), a share from 0 to 1")
    return action


def _status_fits(status: str, wanted: tuple[str, ...]) -> bool:
    """`*.1.1` fits 5.1.1 and 4.1.1; `5.7.*` fits all of 5.7."""
    have = status.split(".")
    if len(have) != 3:
        return False
    return any(
        all(part in ("*", mine) for part, mine in zip(pattern.split("."), have, strict=True)) for pattern in wanted
    )
