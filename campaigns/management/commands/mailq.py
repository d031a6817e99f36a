"""`manage.py mailq`: the mail that waits, by mailbox provider, site or domain and by age, as qshape shows a queue. Only looks."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import cross_tenant
from campaigns.models import Campaign
from sending.enums import DeliveryState
from sending.management.commands.relay import reach_of_settings
from sending.queries import relays, waiting
from sending.queries.waiting import AGES, By, Heap
from sending.relay.dns import Resolver, Unknown
from sending.relay.ports import SystemClock
from sending.relay.routes import NoHostAllowed, NoSuchMailDomain, Routes, TakesNoMail
from sending.relay.sites import name_of

MOST_DOMAINS = 1000  # asked of the DNS for --by site, those with the most mail
AT_ONCE = 50
UNKNOWN = {"provider": "(not tried yet)", "site": "(no way found)", "domain": "(none)"}
REST = "(others)"


class Command(BaseCommand):
    help = "Shows the mail that waits, by mailbox provider, site or domain, and by age in minutes. Changes nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", choices=["provider", "site", "domain"], default="provider")
        parser.add_argument("--organization", default="", help="only of this one: its id in addresses (/o/...)")
        parser.add_argument("--campaign", default="", help="only of this one: its id in addresses (/campaigns/...)")
        parser.add_argument("--retried", action="store_true", help="only what was tried before")
        parser.add_argument("--holds", action="store_true", help="the sites that are held, and why, instead")
        parser.add_argument(
            "--limit", type=int, default=30, help="how many places are named (30); the others are summed"
        )
        parser.add_argument("--json", action="store_true", help="for programs: one object")

    def handle(self, *args: Any, by: str, organization: str, campaign: str, **options: Any) -> None:
        as_json = options["json"]
        with cross_tenant("an operator looks at the queue of all organizations"):
            if options["holds"]:
                self._holds(relays.held_sites(), as_json=as_json)
                return
            organization_id = _organization(organization)
            mailing_id = _mailing(campaign)
            heaps = waiting.heaps(
                by=By.PROVIDER if by == "provider" else By.DOMAIN,
                organization_id=organization_id,
                mailing_id=mailing_id,
            )
            standing = waiting.held_mailings(organization_id)
            living = [relay for relay in relays.all_() if relay.lives]
        if options["retried"]:
            heaps = [heap for heap in heaps if heap.state == DeliveryState.DEFERRED]
        places: dict[str, list[Heap]] = defaultdict(list)
        for heap in heaps:
            places[heap.place].append(heap)
        if by == "site":
            places = _by_site(places)
        limit = max(1, options["limit"])
        ranked = sorted(places.items(), key=lambda place: (-sum(heap.count for heap in place[1]), place[0]))
        named = [(place or UNKNOWN[by], heaps) for place, heaps in ranked[:limit]]
        if others := [heap for _, heaps in ranked[limit:] for heap in heaps]:
            named.append((f"{REST}: {len(ranked) - limit}", others))
        if mailing_id is not None:
            standing = [row for row in standing if row[0] == mailing_id]
        if as_json:
            self._json(by, named, standing)
        else:
            self._table(by, named, standing, has_relay=bool(living))

    def _table(
        self,
        by: str,
        named: Sequence[tuple[str, list[Heap]]],
        standing: Sequence[tuple[int, str, str, int]],
        *,
        has_relay: bool,
    ) -> None:
        now = timezone.now()
        if not named:
            self.stdout.write("No mail waits.")
        else:
            width = min(40, max(len(by), *(len(place) for place, _ in named)))
            head = "".join(f"{age:>8}" for age in (*AGES, f"{AGES[-1]}+"))
            self.stdout.write(f"{by:{width}} {'T':>8}{head}  {'oldest':>7} {'next try':>8}  mostly because of")
            everything = [heap for _, heaps in named for heap in heaps]
            for place, heaps in [("TOTAL", everything), *named]:
                counts = waiting.ages(heaps)
                self.stdout.write(
                    f"{place[:width]:{width}} {sum(counts):>8}{''.join(f'{count:>8}' for count in counts)}  "
                    f"{_span((now - min(heap.oldest for heap in heaps)).total_seconds()):>7} "
                    f"{_until(now, min(heap.next_try for heap in heaps)):>8}  {_why(heaps) or '-'}"
                )
        for number, name, hold, count in standing:
            self.stdout.write(f"{count} of these stand still: send {number} ({name or 'unnamed'}) is {hold}.")
        if not has_relay:
            self.stdout.write(self.style.WARNING("No relay runs: nothing is sent. Start one with `manage.py relay`."))

    def _json(
        self, by: str, named: Sequence[tuple[str, list[Heap]]], standing: Sequence[tuple[int, str, str, int]]
    ) -> None:
        everything = [heap for _, heaps in named for heap in heaps]
        self.stdout.write(
            json.dumps(
                {
                    "at": timezone.now().isoformat(timespec="seconds"),
                    "by": by,
                    "ages_in_minutes": AGES,  # counts have one number more: what is older
                    "total": sum(heap.count for heap in everything),
                    "counts": waiting.ages(everything),
                    "places": [_object(place, heaps) for place, heaps in named],
                    "standing_still": [
                        {"send": number, "name": name, "hold": hold, "waiting": count}
                        for number, name, hold, count in standing
                    ],
                }
            )
        )

    def _holds(self, held: Sequence[relays.HeldSite], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([relays.as_object(site) for site in held]))
            return
        if not held:
            self.stdout.write("No site is held.")
        now = timezone.now()
        for site in held:
            self.stdout.write(
                f"{site.site} ({site.provider}) by relay {site.relay}: for {_span((now - site.since).total_seconds())}, "
                f"{_until(now, site.until)} more: {site.cause or '-'}: {site.why or '-'}"
            )


def _organization(public_id: str) -> int | None:
    if not public_id:
        return None
    found = Organization.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
    if found is None:
        raise CommandError(f"There is no organization {public_id!r}. Its id is in its pages' addresses, behind /o/.")
    return int(found)


def _mailing(public_id: str) -> int | None:
    if not public_id:
        return None
    found = Campaign.objects.filter(public_id=public_id).values_list("mailing_id", flat=True).first()
    if found is None:
        raise CommandError(
            f"No campaign {public_id!r} was launched. Its id is in its pages' addresses, behind /campaigns/."
        )
    return int(found)


def _object(place: str, heaps: list[Heap]) -> dict[str, Any]:
    counts = waiting.ages(heaps)
    states = {state: sum(heap.count for heap in heaps if heap.state == state) for state in DeliveryState}
    return {
        "place": place,
        "total": sum(counts),
        "counts": counts,
        "states": {state.name.lower(): count for state, count in states.items() if count},
        "held_back": sum(heap.count for heap in heaps if heap.hold),
        "oldest": min(heap.oldest for heap in heaps).isoformat(timespec="seconds"),
        "next_try": min(heap.next_try for heap in heaps).isoformat(timespec="seconds"),
        "reason": _why(heaps),
    }


def _why(heaps: Iterable[Heap]) -> str:
    """The commonest reason."""
    counts: dict[str, int] = defaultdict(int)
    for heap in heaps:
        if heap.reason or heap.hold:
            counts[heap.reason or heap.hold] += heap.count
    return max(counts, key=lambda reason: (counts[reason], reason), default="")


def _by_site(domains: Mapping[str, list[Heap]]) -> dict[str, list[Heap]]:
    """The same, by the mail exchangers that the DNS names at this moment."""
    ranked = sorted(domains, key=lambda domain: -sum(heap.count for heap in domains[domain]))
    sites = asyncio.run(_sites(ranked[:MOST_DOMAINS]))
    found: dict[str, list[Heap]] = defaultdict(list)
    for domain in ranked:
        found[sites.get(domain, "(domains that were not asked)")] += domains[domain]
    return found


async def _sites(domains: Sequence[str]) -> dict[str, str]:
    routes = Routes(
        Resolver(settings.RELAY_RESOLVER), SystemClock(), reach=reach_of_settings(), port=settings.RELAY_SMTP_PORT
    )
    few = asyncio.Semaphore(AT_ONCE)

    async def site(domain: str) -> str:
        async with few:
            try:
                return name_of((await routes.of(domain)).hosts)
            except (Unknown, TakesNoMail, NoSuchMailDomain, NoHostAllowed):
                return ""

    return dict(zip(domains, await asyncio.gather(*map(site, domains)), strict=True))


def _until(now: datetime, then: datetime) -> str:
    seconds = (then - now).total_seconds()
    return _span(seconds) if seconds > 0 else "now"


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
