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
    """What becomes of the site, from this relay's address."""

    NONE = "none"
    CLOSE = "close"  # this connection is used up; open another
    NARROW = "narrow"  # fewer connections at once
    HOLD = "hold"  # nothing for a while, then begin with one connection


@dataclass(frozen=True, slots=True)
class Hold:
    """Seconds for which nothing goes to a site (0: its own back-off), once it has said so `times` within `within` seconds."""

    seconds: float = 0.0
    times: int = 1
    within: float = 0.0


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
    hold: Hold
    counting: Counting | None
    on_expiry: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Fits when everything that it names fits. `hold`: a hold of its own, else its class's."""

    category: str
    provider: str
    stages: frozenset[str]
    codes: tuple[str, ...]
    statuses: tuple[str, ...]
    text: re.Pattern[str] | None
    hold: Hold | None

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
        Hold(float(row.get("duration", 0))),
        Counting(**count) if count else None,
        bool(row.get("on_expiry", False)),
    )


def _rule(row: dict[str, Any], categories: dict[str, Category]) -> Rule:
    if row["class"] not in categories:
        raise ValueError(f"a rule of a class that is not there: {row['class']}")
    return Rule(
        row["class"],
        row.get("provider", ""),
        frozenset(row.get("stage", ())),
        tuple(row.get("code", ())),
        tuple(row.get("status", ())),
        re.compile("|".join(row["text"]), re.IGNORECASE) if "text" in row else None,
        _hold(row) if "duration" in row else None,
    )


def _hold(row: dict[str, Any]) -> Hold:
    times, _, seconds = row.get("trigger", "1/0").partition("/")
    return Hold(float(row["duration"]), int(times), float(seconds))


def _status_fits(status: str, wanted: tuple[str, ...]) -> bool:
    """`*.1.1` fits 5.1.1 and 4.1.1; `5.7.*` fits all of 5.7."""
    have = status.split(".")
    if len(have) != 3:
        return False
    return any(
        all(part in ("*", mine) for part, mine in zip(pattern.split("."), have, strict=True)) for pattern in wanted
    )
