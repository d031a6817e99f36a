"""`manage.py rulings`: what relays are told to hold, to limit, to release; by whom, until when, why. No verb: the list."""

import getpass
import json
import re
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.tenancy import cross_tenant
from campaigns.queries import ruling_scopes
from campaigns.queries.ruling_scopes import Unknown
from sending.actions import rulings
from sending.actions.rulings import Author, Scope
from sending.errors import Refused
from sending.models import Ruling
from sending.queries import rulings as reading

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Command(BaseCommand):
    help = "Holds, limits and releases what relays send, with a reason and an end. They obey within a second."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb")
        listing = verbs.add_parser("list", help="what is in force")
        listing.add_argument("--over", action="store_true", help="the last that are over, too")
        listing.add_argument("--json", action="store_true", help="for programs: a list of objects")
        for verb, words in (
            ("hold", "nothing of it leaves for a while"),
            ("limit", "no more of it than so much for a while"),
            ("release", "end what relays hold by themselves, once; what people ruled stays"),
        ):
            one = verbs.add_parser(verb, help=words)
            one.add_argument("--source", default="", help="one of our addresses")
            one.add_argument("--provider", default="", help="as mailq names it")
            one.add_argument("--site", default="", help="mail servers, as `relays` names them")
            one.add_argument("--organization", default="", metavar="ID", help="its id in addresses (/o/...)")
            one.add_argument("--campaign", default="", metavar="ID", help="its id in addresses (/campaigns/...)")
            one.add_argument("--everything", action="store_true", help="all mail of everybody, if nothing is named")
            one.add_argument("--why", required=True, help="for operators, and for the log")
            if verb != "release":
                one.add_argument("--for", dest="lasting", required=True, help="30m, 2h, 3d; 30 days at most")
                one.add_argument("--tell", default="", help="what the people read whose mail it is")
            if verb == "limit":
                one.add_argument("--connections", type=int, default=0, help="at once, of all relays together")
                one.add_argument("--messages", type=int, default=0, help="in one connection")
                one.add_argument("--per-minute", type=float, default=0.0, help="messages, of all relays together")
            one.add_argument("--by", default="", help="who decided it (you)")
        ending = verbs.add_parser("end", help="it is over now")
        ending.add_argument("id", type=int)
        ending.add_argument("--by", default="", help="who decided it (you)")
        longer = verbs.add_parser("extend", help="it ends so long from now")
        longer.add_argument("id", type=int)
        longer.add_argument("--for", dest="lasting", required=True, help="30m, 2h, 3d; 30 days at most")
        longer.add_argument("--by", default="", help="who decided it (you)")

    def handle(self, *args: Any, verb: str | None = None, **options: Any) -> None:
        author = Author(options.get("by") or getpass.getuser())
        try:
            if verb in (None, "list"):
                self._list(over=options.get("over", False), as_json=options.get("json", False))
            elif verb == "end":
                rulings.end(ruling_id=options["id"], author=author)
                self.stdout.write(f"{options['id']} is over.")
            elif verb == "extend":
                ruling = rulings.extend(ruling_id=options["id"], lasting=_span(options["lasting"]), author=author)
                self.stdout.write(f"{ruling.pk} ends at {ruling.expires_at:%Y-%m-%d %H:%M} UTC.")
            else:
                self._rule(str(verb), author, options)
        except (Refused, Unknown) as refused:
            raise CommandError(str(refused)) from refused

    def _rule(self, verb: str, author: Author, options: dict[str, Any]) -> None:
        with cross_tenant("an operator names an organization or a campaign"):
            found = ruling_scopes.find(
                source=options["source"],
                provider=options["provider"],
                organization=options["organization"],
                campaign=options["campaign"],
            )
        scope = Scope(
            source_id=found.source_id,
            provider=found.provider,
            site=options["site"],
            organization=found.organization,
            mailing=found.mailing,
        )
        if scope.is_everything != options["everything"]:
            raise CommandError(
                "Name what is meant, or say --everything: that is all mail of everybody."
                if scope.is_everything
                else "--everything goes with nothing else."
            )
        why = options["why"]
        if verb == "release":
            ruling, ended = rulings.release(scope=scope, reason=why, author=author)
            self.stdout.write(
                f"{ruling.pk}: relays hold nothing of it by themselves any more; {ended} of their rulings ended."
            )
            return
        more = {"lasting": _span(options["lasting"]), "told": options["tell"]}
        if verb == "hold":
            ruling = rulings.hold(scope=scope, reason=why, author=author, **more)
        else:
            limits = {name: options[name] for name in ("connections", "messages", "per_minute")}
            ruling = rulings.limit(scope=scope, reason=why, author=author, **limits, **more)
        self.stdout.write(f"{ruling.pk}: in force until {ruling.expires_at:%Y-%m-%d %H:%M} UTC.")

    def _list(self, *, over: bool, as_json: bool) -> None:
        with cross_tenant("an operator looks at the rulings about all organizations"):
            found = reading.in_force()
            found += reading.over()[0] if over else []
            sources = reading.sources([ruling.source_id for ruling in found])
        if as_json:
            self.stdout.write(json.dumps([_object(ruling, sources) for ruling in found]))
            return
        now = timezone.now()
        for ruling in found:
            left = (ruling.expires_at - now).total_seconds()
            ended = ruling.ended_at or (ruling.expires_at if left <= 0 else None)
            when = (
                f"over since {ended:%Y-%m-%d %H:%M} UTC"
                if ended
                else f"until {ruling.expires_at:%Y-%m-%d %H:%M} UTC ({left / 60:.0f} min)"
            )
            self.stdout.write(
                f"{ruling.pk:>6}  {ruling.kind:<7} {reading.scope_words(ruling, sources)}{reading.limit_words(ruling)}, {when}; "
                f"by {ruling.author_name}{', a relay' if ruling.by == 'relay' else ''}: {ruling.cause or ''}"
                f"{': ' if ruling.cause else ''}{ruling.reason}"
            )
        if not found:
            self.stdout.write(
                "Nothing is held or limited by a ruling. What relays hold by themselves: manage.py relays."
            )


def _span(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,5})([mhd])", text)
    if match is None:
        raise CommandError(f"--for {text[:20]!r} is no length of time: 30m, 2h or 3d.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _object(ruling: Ruling, sources: dict[int, str]) -> dict[str, Any]:
    return {
        "id": ruling.pk,
        "kind": ruling.kind,
        "source": sources.get(ruling.source_id, str(ruling.source_id or "")),
        "provider": ruling.provider,
        "site": ruling.site,
        "organization": ruling.organization.public_id if ruling.organization else "",
        "mailing": ruling.mailing.public_id if ruling.mailing else "",
        "connections": ruling.connections,
        "messages": ruling.messages,
        "per_minute": ruling.per_minute,
        "by": ruling.by,
        "author": ruling.author_name,
        "cause": ruling.cause,
        "why": ruling.reason,
        "told": ruling.told,
        "since": ruling.created_at.isoformat(),
        "until": (ruling.ended_at or ruling.expires_at).isoformat(),
        "in_force": ruling.ended_at is None and ruling.expires_at > timezone.now(),
    }
