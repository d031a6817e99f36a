"""A plain reading of segments over plain people: what the SQL is held against. Written from tree.py's words alone."""

from calendar import isleap
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from contacts.segments.tree import Condition, Rule


@dataclass
class Message:
    """One message of the campaign `campaign` to one person; the times are None where it did not happen."""

    campaign: str
    state: int = 10
    opened: datetime | None = None
    clicked: datetime | None = None
    unsubscribed: datetime | None = None
    complained: datetime | None = None


@dataclass
class Agreement:
    action: str
    topic: str
    source: str
    at: datetime


@dataclass
class Person:
    address: str
    domain: str
    locale: str = ""
    values: dict = field(default_factory=dict)
    created_at: datetime | None = None
    topics: dict = field(default_factory=dict)  # name -> state
    tags: set = field(default_factory=set)
    source: str = ""
    came_with: str = ""  # an import
    came_by: str = ""  # a form
    reasons: set = field(default_factory=set)  # of the do-not-send list; "house" is the installation's
    agreements: list = field(default_factory=list)
    messages: list = field(default_factory=list)  # at most one a campaign


@dataclass
class World:
    """`sent`: campaigns with the time of the send, newest first; `homes`: learned providers of domains; `known`: well-known
    ones; `segments`: trees by name."""

    today: date
    zone: ZoneInfo
    sent: dict = field(default_factory=dict)
    homes: dict = field(default_factory=dict)
    known: dict = field(default_factory=dict)
    segments: dict = field(default_factory=dict)

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()


def fits(rule: Rule, person: Person, world: World) -> bool:
    if isinstance(rule, Condition):
        return _condition(rule, person, world)
    answers = [fits(one, person, world) for one in rule.rules]
    if rule.match == "none":
        return not any(answers)
    return all(answers) if rule.match == "all" or not answers else any(answers)


def _condition(c: Condition, person: Person, world: World) -> bool:
    if c.kind in ACCOUNTS:
        return ACCOUNTS[c.kind](c, person, world)
    have = {
        "address": person.address,
        "domain": person.domain,
        "language": person.locale,
        "created": person.created_at,
    }.get(c.about, person.values.get(c.key))
    if c.kind in ("text", "domain"):
        return _text(c, have or "")
    if c.kind == "language":
        return _language(c, have)
    if c.kind == "number":
        return _number(c, have)
    if c.kind == "boolean":
        return {"yes": have is True, "no": have is False, "empty": have is None, "not_empty": have is not None}[c.op]
    if c.kind == "multi":
        return _many(c, set(have or ()), have)
    if c.kind == "moment" and have:
        have = world.day(datetime.fromisoformat(have))
    if c.kind == "created":
        have = world.day(have)
    if c.kind == "day" and have:
        have = date.fromisoformat(have)
    return _day(c, have, world.today)


def _text(c: Condition, have: str) -> bool:
    have = have.lower()
    if c.op in ("empty", "not_empty"):
        return (have == "") == (c.op == "empty")
    if c.op == "one_of":
        return have in [one.lower() for one in c.value]
    want = c.value.lower()
    return {
        "is": have == want,
        "is_not": have != want,
        "contains": want in have,
        "not_contains": want not in have,
        "starts": have.startswith(want),
    }[c.op]


def _language(c: Condition, have: str) -> bool:
    have = have.lower().replace("_", "-")

    def speaks(want: str) -> bool:
        want = want.lower().replace("_", "-")
        return have == want or have.startswith(want + "-")

    if c.op in ("empty", "not_empty"):
        return (have == "") == (c.op == "empty")
    said = any(map(speaks, c.value)) if c.op == "one_of" else speaks(c.value)
    return not said if c.op == "is_not" else said


def _number(c: Condition, have) -> bool:
    if c.op in ("empty", "not_empty"):
        return (have is None) == (c.op == "empty")
    if have is None:
        return c.op == "ne"
    have, want = Decimal(str(have)), c.value
    return {
        "eq": have == want,
        "ne": have != want,
        "lt": have < want,
        "le": have <= want,
        "gt": have > want,
        "ge": have >= want,
    }[c.op]


def _many(c: Condition, have: set, raw) -> bool:
    if c.op in ("empty", "not_empty"):
        return (not raw) == (c.op == "empty")
    want = set(c.value)
    return {"any_of": bool(want & have), "all_of": want <= have, "none_of": not want & have}[c.op]


def _day(c: Condition, have: date | None, today: date) -> bool:
    if c.op in ("empty", "not_empty"):
        return (have is None) == (c.op == "empty")
    if c.op in ("within", "not_within"):
        inside = have is not None and today - timedelta(days=c.value) <= have <= today
        return inside == (c.op == "within")
    if have is None:
        return False
    if c.op.startswith("yearly"):
        ahead = c.value if c.op == "yearly_next" else 0
        return any(_is_anniversary(have, today + timedelta(days=n)) for n in range(ahead + 1))
    if c.op == "between":
        return c.value[0] <= have <= c.value[1]
    if c.op == "ago":
        return have < today - timedelta(days=c.value)
    if c.op == "next":
        return today <= have <= today + timedelta(days=c.value)
    if c.op in ("past", "future"):
        return have < today if c.op == "past" else have > today
    return {"on": have == c.value, "before": have < c.value, "after": have > c.value}[c.op]


def _is_anniversary(born: date, day: date) -> bool:
    if (born.month, born.day) == (2, 29) and not isleap(day.year):
        return (day.month, day.day) == (2, 28)
    return (born.month, born.day) == (day.month, day.day)


def _in(when, day: date, today: date) -> bool:
    if when.how == "ever":
        return True
    if when.how == "within":
        return today - timedelta(days=when.days) <= day <= today
    if when.how == "ago":
        return day < today - timedelta(days=when.days)
    return when.first <= day <= when.last


STATES = {
    "sent": {1, 2, 3, 4, 10, 11, 12, 31},
    "delivered": {10},
    "bounced": {11, 12},
}


def _activity(c: Condition, person: Person, world: World) -> bool:
    wanted = c.value
    campaigns = list(world.sent)
    if wanted.campaign:
        campaigns = [wanted.campaign]
    elif wanted.latest:
        campaigns = campaigns[: wanted.latest]
    n = 0
    for message in person.messages:
        if message.campaign not in campaigns:
            continue
        if c.key in STATES:
            did = message.state in STATES[c.key]
            at = world.sent[message.campaign]
        else:
            at = getattr(message, c.key)
            did = at is not None
        n += did and _in(wanted.when, world.day(at), world.today)
    return {"at_least": n >= wanted.times, "at_most": n <= wanted.times, "exactly": n == wanted.times, "never": n == 0}[
        c.op
    ]


def _consent(c: Condition, person: Person, world: World) -> bool:
    wanted = c.value
    actions = {"confirmed"} if c.op.endswith("confirmed") else {"subscribed", "confirmed", "resubscribed"}
    found = any(
        one.action in actions
        and (not wanted.topic or one.topic == wanted.topic)
        and (not wanted.sources or one.source in wanted.sources)
        and _in(wanted.when, world.day(one.at), world.today)
        and not (
            one.source == "import"
            and any(later.action == "reverted" and later.topic == one.topic for later in person.agreements[n + 1 :])
        )
        for n, one in enumerate(person.agreements)
    )
    return found != c.op.startswith("not_")


def score(person: Person, world: World) -> int:
    points = 0
    for message in person.messages:
        for at, factor in ((message.opened, 1), (message.clicked, 3)):
            if at is not None:
                age = (world.today - world.day(at)).days
                points += factor * (10 if age <= 30 else 5 if age <= 90 else 2 if age <= 365 else 0)
    return min(points, 100)


def _score(c: Condition, person: Person, world: World) -> bool:
    have = score(person, world)
    return {"ge": have >= c.value, "le": have <= c.value, "eq": have == c.value}[c.op]


def _provider(c: Condition, person: Person, world: World) -> bool:
    have = world.homes.get(person.domain)
    if have is None:
        have = next((name for name, domains in world.known.items() if person.domain in domains), "Other")
    return (have == c.value) == (c.op == "is")


def _topic(c: Condition, person: Person, world: World) -> bool:
    state = person.topics.get(c.value)
    return {"subscribed": state == 1, "not_subscribed": state != 1, "unsubscribed": state == 3, "pending": state == 2}[
        c.op
    ]


def _suppressed(c: Condition, person: Person, world: World) -> bool:
    if c.op == "because":
        return bool(person.reasons & set(c.value))
    return bool(person.reasons) == (c.op == "yes")


ACCOUNTS = {
    "activity": _activity,
    "consent": _consent,
    "score": _score,
    "provider": _provider,
    "topic": _topic,
    "suppressed": _suppressed,
    "tag": lambda c, person, world: _many(c, person.tags, None),
    "source": lambda c, person, world: (person.source == c.value) == (c.op == "is"),
    "import": lambda c, person, world: (person.came_with == c.value) == (c.op == "is"),
    "form": lambda c, person, world: (person.came_by == c.value) == (c.op == "is"),
    "segment": lambda c, person, world: fits(world.segments[c.value], person, world) == (c.op == "in"),
}
