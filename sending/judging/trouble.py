"""Whose fault is it, and what follows: every reply, report and failure of a connection is judged here and nowhere else.

Policy: the code decides whether a message is retried; the *class* decides everything else. Only what a reply says about the
recipient may suppress the recipient: a block of our address or a refused content never does, whatever its code. The rules
are data (sending/judging/book.py), the first that fits wins, and the provider's own words come before the general ones.

Trap: replies that we make up ourselves carry a kind of their own and never meet the rules, or a hold would feed itself.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from sending.judging import likeness
from sending.judging.book import Action, Category, Effect, Learn, Rule, shipped
from sending.judging.replies import Reply


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
    HANDED_OVER = "handed_over"  # to an ESP, which has not said yet what became of it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`category` is the class of trouble ("" when delivered); `suppress` a contacts.SuppressionReason that stands at once, or "".

    `actions`: what is done about it, some of them only once it has been said often enough. `personal`: see Category.
    """

    outcome: Outcome
    category: str
    suppress: str = ""
    actions: tuple[Action, ...] = ()
    personal: bool = False

    @property
    def effect(self) -> Effect:
        """What is done at once to the connection or the place."""
        return next((one.effect for one in self.actions if one.times == 1 and not one.is_of_sender), Effect.NONE)

    @property
    def blames_us(self) -> bool:
        """Whether it is said of our pace or our address, and not of how many connections there are or how the server is."""
        return any(one.learn is Learn.PACE or one.moves or one.times > 1 for one in self.actions)

    @property
    def is_put_off(self) -> bool:
        """Whether the server will not have it now for no reason of its recipient's."""
        return self.outcome is Outcome.DEFERRED and not self.personal


CLOSE = Action(Effect.CLOSE)
HOLD = Action(Effect.HOLD)
AWAY = Action(Effect.HOLD, ramp=False)  # nobody has said anything against us
DELIVERED = Judgement(Outcome.DELIVERED, "")


def judge(reply: Reply, *, stage: Stage, provider: str = "") -> Judgement:
    """What follows from a server's reply. `provider` is the site's provider by name (data/providers.toml)."""
    if reply.positive:
        return DELIVERED if stage is Stage.CONTENT and reply.code < 300 else PROTOCOL
    return _judge(reply.code, reply.status, likeness.plain(reply.text), str(stage), provider)


def judge_at_the_door(reply: Reply, *, stage: Stage, provider: str = "") -> Judgement:
    """What follows when a server refuses the conversation itself (greeting, EHLO): never the message's fault."""
    judgement = _judge(reply.code, reply.status, likeness.plain(reply.text), str(stage), provider)
    kept = judgement.actions if judgement.effect in (Effect.HOLD, Effect.NARROW) else (HOLD, *_in_time(judgement))
    return replace(judgement, outcome=Outcome.DEFERRED, suppress="", actions=kept, personal=False)


def judge_report(reply: Reply, *, provider: str = "") -> Judgement:
    """What follows from a report that a message failed for good: never another try, whatever the code was.

    `reply.code` may be 0 (the report gave none); `provider` by name, "" when unknown. What is said for good only after days
    of "come back later" (4xx) suppresses nobody at once.
    """
    status = reply.status
    code = reply.code if reply.code >= 400 else (450 if status.startswith("4") else 550)
    judgement = _judge(code, status, likeness.plain(reply.text), str(Stage.RCPT), provider)
    for_good = code >= 500 and not status.startswith("4")
    return replace(
        judgement,
        outcome=Outcome.BOUNCED,
        suppress=_suppression(shipped().categories[judgement.category], 550) if for_good else "",
        actions=(),
    )


@lru_cache(maxsize=8192)
def _judge(code: int, status: str, text: str, stage: str, provider: str) -> Judgement:
    reply = Reply(code, status, (text,))
    rule = next((rule for rule in _rules_of(provider) if rule.fits(provider, stage, reply, text)), None)
    judgement = verdict(shipped().categories[rule.category if rule else "unclassified"], code)
    if rule is not None and (own := rule.action) is not None:
        actions = (own,) if own.times == 1 or own.is_of_sender else (*judgement.actions, own)
        judgement = replace(judgement, actions=actions)
    if code == 421 and judgement.effect is Effect.NONE:
        return replace(judgement, actions=(CLOSE, *judgement.actions))
    return judgement


def _in_time(judgement: Judgement) -> tuple[Action, ...]:
    return tuple(action for action in judgement.actions if action.times > 1 or action.is_of_sender)


@lru_cache(maxsize=64)
def _rules_of(provider: str) -> tuple[Rule, ...]:
    return shipped().of(provider)


def verdict(category: Category, code: int) -> Judgement:
    """What a class of trouble means for a message that was refused with this code."""
    permanent = code >= 500
    outcome = Outcome(category.outcome) if category.outcome else (Outcome.BOUNCED if permanent else Outcome.DEFERRED)
    suppress = _suppression(category, code) if outcome is Outcome.BOUNCED else ""
    actions = (category.action,) if category.action is not None else ()
    return Judgement(outcome, category.name, suppress, actions, category.personal)


def _suppression(category: Category, code: int) -> str:
    """What stands at once; what has to add up first is counted elsewhere."""
    return category.suppress if category.counting is None and code // 100 in category.suppress_on else ""


# --- Trouble without a reply ------------------------------------------------------------------------------------------

PROTOCOL = Judgement(Outcome.DEFERRED, "protocol", actions=(CLOSE,))
NETWORK = Judgement(Outcome.DEFERRED, "network", actions=(AWAY,))  # no host could be reached
CUT = Judgement(Outcome.DEFERRED, "network", actions=(CLOSE,))  # before the final dot: not delivered, for sure
IN_DOUBT = Judgement(Outcome.IN_DOUBT, "network", actions=(CLOSE,))  # after it: nobody knows
DNS = Judgement(Outcome.DEFERRED, "dns", actions=(AWAY,))
NO_TLS = Judgement(Outcome.DEFERRED, "tls", actions=(AWAY,))  # there, nothing goes in clear text or to an impostor
NOT_IN_CLEAR = Judgement(Outcome.DEFERRED, "tls", personal=True)  # ... by its organization's wish; others' mail goes on
NULL_MX = Judgement(Outcome.BOUNCED, "invalid_domain", suppress="invalid")
NO_DOMAIN_YET = Judgement(Outcome.DEFERRED, "no_such_domain", personal=True)
NO_DOMAIN = Judgement(
    Outcome.BOUNCED, "no_such_domain"
)  # said twice, an hour apart or more; may come back, so no suppression
NOWHERE = Judgement(Outcome.BOUNCED, "routing")
TOO_LARGE = Judgement(Outcome.BOUNCED, "too_large")
NEEDS_EIGHT_BIT = Judgement(Outcome.BOUNCED, "protocol")
NEEDS_UTF8 = Judgement(Outcome.BOUNCED, "protocol")
