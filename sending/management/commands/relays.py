"""`manage.py relays`: each relay process: heartbeat, rate, connections by site, what it holds and why, what is on its way back."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from sending.queries import relays
from sending.queries.relays import RelayState


class Command(BaseCommand):
    help = "Shows the relays: heartbeat, rate, connections by site, sites that are held and why. Changes nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs: a list of objects")

    def handle(self, *args: Any, **options: Any) -> None:
        found = relays.all_()
        now = timezone.now()
        if options["json"]:
            self.stdout.write(json.dumps([_object(relay, now) for relay in found]))
            return
        for relay in found:
            self._tell(relay, now)
        if not any(relay.lives for relay in found):
            self.stdout.write(self.style.WARNING("No relay runs: nothing is sent. Start one with `manage.py relay`."))

    def _tell(self, relay: RelayState, now: datetime) -> None:
        facts = relay.facts
        word = "sends" if relay.lives else "gives no sign of life"
        self.stdout.write(
            f"Relay {relay.id} ({relay.name}) {word}: heartbeat {(now - relay.beat_at).total_seconds():.0f} s ago, "
            f"since {relay.started_at:%Y-%m-%d %H:%M} UTC; {facts.get('per_second', 0)}/s, {facts.get('delivered', 0)} "
            f"delivered; {facts.get('connections', 0)} connections, {facts.get('ready', 0)} messages in hand, "
            f"{facts.get('open_sites', 0)} sites."
        )
        held = relays.held_sites([relay])
        for site in relays.told(relay, "busy"):
            self.stdout.write(_site(site))
        for place in held:
            seconds = (place.until - now).total_seconds()
            self.stdout.write(
                f"  held {place.site} ({place.provider}){_from(place.source)}: {seconds:.0f} s more, since {place.since:%H:%M:%S}, "
                f"{place.cause or '-'}: {place.why or '-'}"
            )
        for one in relays.told(relay, "learned"):
            self.stdout.write(_learned(one))
        if (more := int(facts.get("held_sites", 0)) - len(held)) > 0 and relay.lives:
            self.stdout.write(f"  and {more} more that are held")


def _from(source: object) -> str:
    return f" from {source}" if source else ""


def _site(site: Mapping[str, Any]) -> str:
    line = (
        f"  {site['connections']:>3} of {site['window']} connections to {site['site']} ({site['provider']})"
        f"{_from(site.get('source'))}, "
        f"{site['ready']} messages in hand"
    )
    if site.get("pace"):
        line += f"; at most {site['pace']:g} a minute"
    if site.get("back", 1) < 1:
        line += f", {site['back']:.0%} of its former pace"
    if site["failures"]:
        return f"{line}; tried out after {site['failures']} failures"
    return f"{line}; on its way back to {site['limit']}" if site["window"] < site["limit"] else line


def _learned(one: Mapping[str, Any]) -> str:
    return f"  learned at {one['site']} ({one['provider']}): {relays.learned_words(one)}"


def _object(relay: RelayState, now: datetime) -> dict[str, Any]:
    return {
        "id": relay.id,
        "name": relay.name,
        "pid": relay.pid,
        "lives": relay.lives,
        "started_at": relay.started_at.isoformat(),
        "seconds_since_heartbeat": round((now - relay.beat_at).total_seconds(), 1),
        **{name: fact for name, fact in relay.facts.items() if name != "talks"},
    }
