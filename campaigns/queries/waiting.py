"""An organization's own mail that waits: by mailbox provider and age, why, until when, and how fast it leaves.

Of the relays only what concerns it: that a provider is not written to for a while, and its own conversations. Servers' words
about other organizations' mail stay with the operator.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.core.cache import cache

from accounts.models import Organization
from campaigns import wording
from campaigns.models import Campaign
from campaigns.queries import forecasts, ruled
from campaigns.queries.ruled import Ruled
from reputation.queries import totals, warming
from reputation.queries.warming import Limits
from sending.enums import DeliveryState, StreamKind
from sending.models import Stream
from sending.queries import relays, waiting
from sending.queries.relays import HeldSite
from sending.queries.waiting import By, Heap, WaitingMessage

KEPT = 10  # seconds: the numbers of a page that many may look at
MINUTES = 5  # over which the pace is measured
COLUMNS = (  # the classes of waiting.AGES
    "under 5 min",
    "5–10 min",
    "10–20 min",
    "20–40 min",
    "40–80 min",
    "80 min–3 h",
    "3–5 h",
    "5–11 h",
    "11–21 h",
    "over 21 h",
)


@dataclass(frozen=True, slots=True)
class Place:
    """One mailbox provider. `ages`: how many in each class of COLUMNS; `talking`: conversations about this mail now."""

    provider: str
    label: str
    count: int
    ages: list[int]
    per_minute: int
    talking: int

    @property
    def columns(self) -> list[tuple[int, str]]:
        return list(zip(self.ages, COLUMNS, strict=True))


@dataclass(frozen=True, slots=True)
class Cause:
    """Why some of it waits, in words. `query` leads to the messages; `until`: when it ends or goes on, where that is known."""

    label: str
    words: str
    count: int
    until: datetime | None
    query: dict[str, str]

    @property
    def address(self) -> str:
        return urlencode(self.query)


@dataclass(frozen=True, slots=True)
class Queue:
    """`total`: all that waits; `looked`: how many of these the places and causes are about."""

    total: int = 0
    looked: int = 0
    places: list[Place] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    per_minute: int = 0
    has_relay: bool = True
    ruled: list[Ruled] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the list, in words."""

    message: WaitingMessage
    title: str
    why: str
    label: str


def of(organization: Organization) -> Queue:
    """The queue of an organization, as it was KEPT seconds ago at most."""
    found = cache.get_or_set(f"waiting:{organization.pk}", lambda: _queue(organization), KEPT)
    assert isinstance(found, Queue)
    return found


def _queue(organization: Organization) -> Queue:
    heaps = waiting.heaps(by=By.PROVIDER, organization_id=organization.pk, most=waiting.MOST_LOOKED)
    decreed = ruled.of(organization.pk)
    marketing = Stream.objects.filter(organization=organization, kind=StreamKind.MARKETING).first()
    limits = warming.limits(marketing)
    if not heaps:
        return Queue(ruled=decreed)
    living = [relay for relay in relays.all_() if relay.lives]
    talking = relays.conversations(organization.pk, living)
    held = relays.held_sites(living)
    pace = {name: round(count / MINUTES) for name, count in waiting.lately(organization.pk, minutes=MINUTES).items()}
    by_place: dict[str, list[Heap]] = defaultdict(list)
    for heap in heaps:
        by_place[heap.place].append(heap)
    places = [
        Place(
            name,
            label(name),
            sum(heap.count for heap in mine),
            waiting.ages(mine),
            pace.get(name, 0),
            talking.get(name, 0),
        )
        for name, mine in by_place.items()
    ]
    looked = sum(place.count for place in places)
    return Queue(
        max(looked, totals.waiting(organization)),
        looked,
        sorted(places, key=lambda place: (-place.count, place.label)),
        sorted(
            (cause for name, mine in by_place.items() for cause in _causes(name, mine, held, decreed, limits)),
            key=lambda cause: (-cause.count, cause.label, cause.words),
        ),
        sum(pace.values()),
        bool(living),
        decreed,
    )


def label(provider: str) -> str:
    return {"": "Not tried yet", "Other": "Other servers"}.get(provider, provider)


def _causes(
    provider: str, heaps: list[Heap], held: list[HeldSite], decreed: list[Ruled], limits: Limits
) -> list[Cause]:
    """A hold of the send counts before what was decreed, that before a hold of the place, and that before what became of the
    last try.
    """
    hold = ruled.first_hold(decreed, provider)
    # Of servers without a name of their own nobody can say here which of them is meant.
    place = next((site for site in held if site.provider == provider and provider not in ("", "Other")), None)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    until: dict[tuple[str, str], datetime] = {}
    for heap in heaps:
        if heap.hold:
            why = ("hold", heap.hold)
        elif heap.state == DeliveryState.SENDING:
            why = ("state", "sending")
        elif hold is not None:
            why = ("ruled", "")
        else:
            why = ("reason", heap.reason) if place is None else ("place", "")
        counts[why] += heap.count
        until[why] = min(until.get(why, heap.next_try), heap.next_try)
    return [
        Cause(label(provider), hold.words, n, hold.until, {"provider": provider, "hold": ""})
        if kind == "ruled" and hold is not None
        else _cause(provider, kind, word, n, until[kind, word], place, limits)
        for (kind, word), n in counts.items()
    ]


def _cause(
    provider: str, kind: str, word: str, n: int, until: datetime, held: HeldSite | None, limits: Limits
) -> Cause:
    query = {"provider": provider}
    if kind == "hold":
        return Cause(
            label(provider), wording.HOLDS.get(word, "The send stands still."), n, None, {**query, "hold": word}
        )
    if kind == "state":
        return Cause(label(provider), "A relay has them in hand: they are sent at this moment.", n, None, query)
    query["hold"] = ""
    if held is not None:
        because = wording.held(held.cause, provider)
        words = f"{because[:1].upper()}{because[1:]}. We send nothing there for a while."
        return Cause(label(provider), words, n, held.until, query)
    query["reason"] = word
    if word and forecasts.is_used_up(limits, provider):
        return Cause(label(provider), f"{wording.trouble(word)} {_turn(provider, limits)}", n, None, query)
    if word:
        return Cause(label(provider), wording.trouble(word), n, until, query)
    return Cause(label(provider), _turn(provider, limits), n, None, query)


def _turn(provider: str, limits: Limits) -> str:
    """What is waited for where nobody said anything."""
    words = forecasts.in_the_way(limits, provider, many=True)
    return f"{words} They wait for their turn.".strip()


def lines(messages: list[WaitingMessage]) -> list[Line]:
    """What each message was, and why it waits."""
    names = dict(
        Campaign.objects.filter(mailing_id__in={m.mailing_id for m in messages}).values_list("mailing_id", "name")
    )
    return [
        Line(message, names.get(message.mailing_id, "Other mail"), _why(message), label(message.provider))
        for message in messages
    ]


def _why(message: WaitingMessage) -> str:
    if message.hold:
        return wording.HOLDS.get(message.hold, "The send stands still.")
    if message.state == DeliveryState.SENDING:
        return "It is being sent at this moment."
    return wording.trouble(message.reason) if message.reason else "It waits for its turn."
