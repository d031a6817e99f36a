"""The relays as they tell about themselves: whether they live, what they hold and why, who is being talked to."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from sending.models import DomainProvider

SILENT_AFTER = timedelta(seconds=10)  # the lease: then another one ends it


@dataclass(frozen=True, slots=True)
class RelayState:
    """One relay process that has not ended. `facts`: see sending/relay/heartbeat.py."""

    id: int
    name: str
    pid: int
    started_at: datetime
    beat_at: datetime
    lives: bool
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HeldSite:
    """A site to which a relay sends nothing for a while from `source` ("": the system's choice). `cause`: the class of trouble;
    `why`: the server's words, which may be about another organization's mail, so they are for operators only.
    """

    relay: str
    site: str
    provider: str
    hosts: tuple[str, ...]
    cause: str
    why: str
    since: datetime
    until: datetime
    is_ruled: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class SlowedSite:
    """A site that is tried out after trouble, from `source` ("": the system's choice): it may have `window` connections now and
    is on its way back to `limit`; `pace`: messages a minute, 0 for as many as it takes; `back`: which part of its former pace
    it has again.
    """

    relay: str
    site: str
    provider: str
    window: int
    limit: int
    failures: int
    pace: float = 0.0
    back: float = 1.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class LearnedLimit:
    """What a relay has learned not to ask of a place: "at most 3 connections at once". `source_id`: of our address, 0: none's."""

    relay: str
    site: str
    provider: str
    source_id: int
    words: str
    since: datetime


def as_object(held: HeldSite) -> dict[str, Any]:
    """As programs read it."""
    return asdict(held) | {"since": held.since.isoformat(), "until": held.until.isoformat()}


def all_() -> list[RelayState]:
    """Every relay that has not ended, the eldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, name, pid, started_at, beat_at, beat_at > now() - make_interval(secs => %s), facts::text "
            "FROM sending_relay WHERE ended_at IS NULL ORDER BY id",
            [SILENT_AFTER.total_seconds()],
        )
        return [
            RelayState(row[0], row[1], row[2], row[3], row[4], row[5], json.loads(row[6])) for row in cursor.fetchall()
        ]


def held_sites(relays: Iterable[RelayState] | None = None) -> list[HeldSite]:
    """Sites that living relays hold at this moment, the first to be tried again first."""
    now = timezone.now()
    found = [
        HeldSite(
            relay.name,
            str(held["site"]),
            str(held["provider"]),
            tuple(held["hosts"]),
            str(held["cause"]),
            str(held["why"]),
            datetime.fromtimestamp(float(held["since"]), UTC),
            datetime.fromtimestamp(float(held["until"]), UTC),
            bool(held.get("ruled")),
            str(held.get("source", "")),
        )
        for relay in (all_() if relays is None else relays)
        if relay.lives
        for held in told(relay, "held")
    ]
    return sorted((held for held in found if held.until > now), key=lambda held: held.until)


def slowed_sites(relays: Iterable[RelayState]) -> list[SlowedSite]:
    """Busy sites that living relays bring back after trouble, those with the fewest connections first. Not those that have all
    of a pace that is theirs by the data or by a ruling.
    """
    found = [
        SlowedSite(
            relay.name,
            str(busy["site"]),
            str(busy["provider"]),
            int(busy["window"]),
            int(busy["limit"]),
            int(busy["failures"]),
            float(busy.get("pace", 0)),
            float(busy.get("back", 1)),
            str(busy.get("source", "")),
        )
        for relay in relays
        if relay.lives
        for busy in told(relay, "busy")
        if busy["failures"] or busy["window"] < busy["limit"] or busy.get("back", 1) < 1
    ]
    return sorted(found, key=lambda site: (site.window, site.provider, site.site))


def learned(relays: Iterable[RelayState]) -> list[LearnedLimit]:
    """What living relays have learned, the newest first."""
    found = [
        LearnedLimit(
            relay.name,
            str(one["site"]),
            str(one["provider"]),
            int(one["source"]),
            learned_words(one),
            datetime.fromtimestamp(float(one["since"]), UTC),
        )
        for relay in relays
        if relay.lives
        for one in told(relay, "learned")
    ]
    return sorted(found, key=lambda limit: limit.since, reverse=True)


def learned_words(one: Mapping[str, Any]) -> str:
    """One of the limits that a relay tells of (sending/relay/memory.py)."""
    if "pace" in one["what"]:
        return f"at most {60 * one['value']:.0f} messages a minute"
    return f"at most {one['value']:g} {one['what']} {'in one connection' if one['what'] == 'messages' else 'at once'}"


def slowed(relays: Iterable[RelayState] | None = None) -> dict[str, datetime]:
    """Mailbox providers that have asked us to wait, and when they get full speed again."""
    now = timezone.now()
    until: dict[str, datetime] = {}
    for relay in all_() if relays is None else relays:
        said = relay.facts.get("slowed")
        for provider, seconds in said.items() if relay.lives and isinstance(said, dict) else ():
            at = datetime.fromtimestamp(float(seconds), UTC)
            if at > now:
                until[provider] = max(until.get(provider, at), at)
    return until


def conversations(organization_id: int, relays: Iterable[RelayState]) -> dict[str, int]:
    """Messages of an organization that are in conversation now, by provider. No other organization's."""
    found: dict[str, int] = {}
    for relay in relays:
        for whose, provider, count in told(relay, "talks") if relay.lives else ():
            if whose == organization_id:
                found[provider] = found.get(provider, 0) + int(count)
    return found


def provider_of(domain: str) -> str:
    """Whose mailboxes a domain has, as far as relays have learned it; "" when they have not."""
    return DomainProvider.objects.filter(pk=domain).values_list("provider", flat=True).first() or ""


def told(relay: RelayState, name: str) -> list[Any]:
    """A relay of another version may tell it otherwise, or not at all."""
    told = relay.facts.get(name)
    return told if isinstance(told, list) else []
