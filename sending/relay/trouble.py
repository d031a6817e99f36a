"""Whose fault is it, and what follows: every reply and every failure of a connection is judged here and nowhere else.

Policy: the code decides whether a message is retried; the *class* decides everything else. Only what a reply says about the
recipient may suppress the recipient: a block of our address or a refused content never does, whatever its code. The rules
are data (trouble.toml), the first that fits wins, and the provider's own words come before the general ones.

Trap: replies that we make up ourselves carry a kind of their own and never meet the rules, or a hold would feed itself.
"""

import re
import tomllib
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from sending.relay.replies import Reply

_DATA = Path(__file__).with_name("trouble.toml")


class Stage(StrEnum):
    """How far the conversation was."""

    ROUTE = "route"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"  # the final dot has been sent


class Outcome(StrEnum):
    """What becomes of the message."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    IN_DOUBT = "in_doubt"
    FAILED = "failed"


class Effect(StrEnum):
    """What becomes of the site, from this relay's address."""

    NONE = "none"
    CLOSE = "close"  # this connection is used up; open another
    NARROW = "narrow"  # fewer connections at once
    HOLD = "hold"  # nothing for a while, then begin with one connection


@dataclass(frozen=True, slots=True)
class Judgement:
    """`category` is the class of trouble ("" when delivered); `suppress` a contacts.SuppressionReason or "";
    `hold` seconds, 0 for the site's own back-off.
    """

    outcome: Outcome
    category: str
    suppress: str = ""
    effect: Effect = Effect.NONE
    hold: float = 0.0


@dataclass(frozen=True, slots=True)
class Category:
    """A class of trouble. `outcome` "" lets the code decide."""

    name: str
    outcome: str
    suppress: str
    suppress_on: tuple[int, ...]
    effect: Effect
    hold: float


@dataclass(frozen=True, slots=True)
class Rule:
    """Fits when everything that it names fits."""

    category: str
    provider: str
    stages: frozenset[str]
    codes: tuple[str, ...]
    statuses: tuple[str, ...]
    text: re.Pattern[str] | None

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
    """All classes and rules, in the order in which they are asked."""

    categories: dict[str, Category]
    rules: tuple[Rule, ...]


DELIVERED = Judgement(Outcome.DELIVERED, "")


def judge(reply: Reply, *, stage: Stage, provider: str = "") -> Judgement:
    """What follows from a server's reply. `provider` is the site's provider by name (sites.toml)."""
    if reply.positive:
        return DELIVERED if stage is Stage.CONTENT and reply.code < 300 else PROTOCOL
    return _judge(reply.code, reply.status, reply.text, str(stage), provider)


def judge_at_the_door(reply: Reply, *, stage: Stage, provider: str = "") -> Judgement:
    """What follows when a server refuses the conversation itself (greeting, EHLO): never the message's fault."""
    judgement = _judge(reply.code, reply.status, reply.text, str(stage), provider)
    effect = judgement.effect if judgement.effect in (Effect.HOLD, Effect.NARROW) else Effect.HOLD
    return replace(judgement, outcome=Outcome.DEFERRED, suppress="", effect=effect)


@lru_cache(maxsize=4096)
def _judge(code: int, status: str, text: str, stage: str, provider: str) -> Judgement:
    reply = Reply(code, status, (text,))
    rules = _shipped()
    name = next((rule.category for rule in rules.rules if rule.fits(provider, stage, reply, text)), "unclassified")
    judgement = verdict(rules.categories[name], code)
    if code == 421 and judgement.effect is Effect.NONE:
        return replace(judgement, effect=Effect.CLOSE)
    return judgement


def verdict(category: Category, code: int) -> Judgement:
    """What a class of trouble means for a message that was refused with this code."""
    permanent = code >= 500
    outcome = Outcome(category.outcome) if category.outcome else (Outcome.BOUNCED if permanent else Outcome.DEFERRED)
    suppress = category.suppress if outcome is Outcome.BOUNCED and code // 100 in category.suppress_on else ""
    return Judgement(outcome, category.name, suppress, category.effect, category.hold)


# --- Trouble without a reply ------------------------------------------------------------------------------------------

PROTOCOL = Judgement(Outcome.DEFERRED, "protocol", effect=Effect.CLOSE)
NETWORK = Judgement(Outcome.DEFERRED, "network", effect=Effect.HOLD)  # no host could be reached
CUT = Judgement(Outcome.DEFERRED, "network", effect=Effect.CLOSE)  # before the final dot: not delivered, for sure
IN_DOUBT = Judgement(Outcome.IN_DOUBT, "network", effect=Effect.CLOSE)  # after it: nobody knows
DNS = Judgement(Outcome.DEFERRED, "dns", effect=Effect.HOLD)
NULL_MX = Judgement(Outcome.BOUNCED, "invalid_domain", suppress="invalid")
NO_DOMAIN_YET = Judgement(Outcome.DEFERRED, "no_such_domain")
NO_DOMAIN = Judgement(
    Outcome.BOUNCED, "no_such_domain"
)  # said twice, an hour apart or more; may come back, so no suppression
NOWHERE = Judgement(Outcome.BOUNCED, "routing")
TOO_LARGE = Judgement(Outcome.BOUNCED, "too_large")
NEEDS_EIGHT_BIT = Judgement(Outcome.BOUNCED, "protocol")
NEEDS_UTF8 = Judgement(Outcome.BOUNCED, "protocol")


# --- The rules, read from data ----------------------------------------------------------------------------------------


def read_book(text: str) -> Book:
    """The book in a TOML text. KeyError, ValueError or re.error when it is malformed."""
    data = tomllib.loads(text)
    categories = {name: _category(name, row) for name, row in data["class"].items()}
    rules = tuple(_rule(row) for row in data["rule"])
    unknown = {rule.category for rule in rules} - categories.keys()
    if unknown or "unclassified" not in categories:
        raise ValueError(f"rules of classes that are not there: {sorted(unknown)}")
    own = tuple(rule for rule in rules if rule.provider)
    return Book(categories, own + tuple(rule for rule in rules if not rule.provider))


@lru_cache(maxsize=1)
def _shipped() -> Book:
    return read_book(_DATA.read_text(encoding="utf-8"))


def _category(name: str, row: dict[str, Any]) -> Category:
    return Category(
        name,
        row.get("outcome", ""),
        row.get("suppress", ""),
        tuple(row.get("suppress_on", (5,))),
        Effect(row.get("effect", "none")),
        float(row.get("hold", 0)),
    )


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(
        row["class"],
        row.get("provider", ""),
        frozenset(row.get("stage", ())),
        tuple(row.get("code", ())),
        tuple(row.get("status", ())),
        re.compile("|".join(row["text"]), re.IGNORECASE) if "text" in row else None,
    )


def _status_fits(status: str, wanted: tuple[str, ...]) -> bool:
    """`*.1.1` fits 5.1.1 and 4.1.1; `5.7.*` fits all of 5.7."""
    have = status.split(".")
    if len(have) != 3:
        return False
    return any(
        all(part in ("*", mine) for part, mine in zip(pattern.split("."), have, strict=True)) for pattern in wanted
    )
