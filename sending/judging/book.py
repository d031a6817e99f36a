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

# Beside the relay's other knowledge of providers, for shaping reads the same rules.
DATA = Path(__file__).parents[1] / "relay" / "data" / "replies.toml"


class Effect(StrEnum):
    """What becomes of the site, from this relay's address."""

    NONE = "none"
    CLOSE = "close"  # this connection is used up; open another
    NARROW = "narrow"  # fewer connections at once
    HOLD = "hold"  # nothing for a while, then begin with one connection


class Scope(StrEnum):
    """What a kind of trouble is about, and so what an action applies to."""

    RECIPIENT = "recipient"
    MESSAGE = "message"
    CAMPAIGN = "campaign"  # content
    SENDER = "sender"  # the organization's domain: on every address of ours
    CONNECTION = "connection"
    SITE = "site"  # this address of ours at this site
    PROVIDER = "provider"  # this address of ours at all of the provider's sites
    SERVER = "server"  # their own trouble


class Action(StrEnum):
    """What shaping may do about it, from the scope."""

    NONE = "none"
    CLOSE = "close"
    LIMIT = "limit"  # learn a ceiling from what was reached
    SLOW = "slow"
    HOLD = "hold"
    OTHER_ADDRESS = "other_address"  # hold, and another warm address of ours may go on
    PARK = "park"  # the campaign or the sender stands still until a person looks


@dataclass(frozen=True, slots=True)
class Shaping:
    """What later sending may draw from a reply. `trigger`: (how often, within how many seconds); once is (1, 0)."""

    scope: Scope = Scope.MESSAGE
    action: Action = Action.NONE
    trigger: tuple[int, int] = (1, 0)
    duration: float = 0.0


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
    `on_expiry`: whether a message that was given up for it counts against the address.
    """

    name: str
    outcome: str
    suppress: str
    suppress_on: tuple[int, ...]
    effect: Effect
    shaping: Shaping
    counting: Counting | None
    on_expiry: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Fits when everything that it names fits."""

    category: str
    provider: str
    stages: frozenset[str]
    codes: tuple[str, ...]
    statuses: tuple[str, ...]
    text: re.Pattern[str] | None
    shaping: Shaping | None

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


def _category(name: str, row: dict[str, Any]) -> Category:
    count = row.get("count")
    return Category(
        name,
        row.get("outcome", ""),
        row.get("suppress", ""),
        tuple(row.get("suppress_on", (5,))),
        Effect(row.get("effect", "none")),
        _shaping(row, Shaping()),
        Counting(**count) if count else None,
        bool(row.get("on_expiry", False)),
    )


def _rule(row: dict[str, Any], categories: dict[str, Category]) -> Rule:
    if row["class"] not in categories:
        raise ValueError(f"a rule of a class that is not there: {row['class']}")
    own = {"scope", "action", "trigger", "duration"} & row.keys()
    return Rule(
        row["class"],
        row.get("provider", ""),
        frozenset(row.get("stage", ())),
        tuple(row.get("code", ())),
        tuple(row.get("status", ())),
        re.compile("|".join(row["text"]), re.IGNORECASE) if "text" in row else None,
        _shaping(row, categories[row["class"]].shaping) if own else None,
    )


def _shaping(row: dict[str, Any], default: Shaping) -> Shaping:
    times, _, seconds = str(row.get("trigger", "")).partition("/")
    return Shaping(
        Scope(row.get("scope", default.scope)),
        Action(row.get("action", default.action)),
        (int(times), int(seconds or 0)) if times else default.trigger,
        float(row.get("duration", default.duration)),
    )


def _status_fits(status: str, wanted: tuple[str, ...]) -> bool:
    """`*.1.1` fits 5.1.1 and 4.1.1; `5.7.*` fits all of 5.7."""
    have = status.split(".")
    if len(have) != 3:
        return False
    return any(
        all(part in ("*", mine) for part, mine in zip(pattern.split("."), have, strict=True)) for pattern in wanted
    )
