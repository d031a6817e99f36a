"""`manage.py do_not_send add|remove|list`: addresses that nobody in this installation may send to.

Runs as the owner of the tables (manage.py sees to it). What is done goes to the house's audit log with the operator's name.
"""

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contacts.actions import house_suppressions
from contacts.errors import Refused
from contacts.models import HouseSuppression


class Command(BaseCommand):
    help = "Keeps the operator's do-not-send list: spam traps, courts, people who asked you."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, words in (("add", "put addresses on the list"), ("remove", "take addresses off the list")):
            one = verbs.add_parser(verb, help=words)
            one.add_argument("addresses", nargs="+", metavar="ADDRESS")
            one.add_argument("--why", required=True, help="for whoever looks at this in a year")
            one.add_argument("--by", default="", help="who decided it (you)")
        listing = verbs.add_parser("list", help="show the list, newest first")
        listing.add_argument("text", nargs="?", default="", help="only addresses that contain this")
        listing.add_argument("--limit", type=int, default=100)

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "list":
            self._list(options["text"].lower(), max(1, options["limit"]))
            return
        deed = house_suppressions.add if verb == "add" else house_suppressions.remove
        by = options["by"] or getpass.getuser()
        done = 0
        for address in options["addresses"]:
            try:
                changed = deed(address=address, why=options["why"], by=by)
            except Refused as refused:
                raise CommandError(f"{refused} {done} done before it.") from refused
            done += changed
            if not changed:
                self.stdout.write(f"{address}: {'on the list already' if verb == 'add' else 'not on the list'}.")
        self.stdout.write(f"{done} {'added' if verb == 'add' else 'removed'}.")

    def _list(self, text: str, limit: int) -> None:
        rows = HouseSuppression.objects.order_by("-pk")
        if text:
            rows = rows.filter(address_key__contains=text)
        for row in rows[:limit]:
            self.stdout.write(f"{row.created_at:%Y-%m-%d %H:%M}  {row.address_key}  {row.why}")
        self.stdout.write(f"{rows.count()} in all.")
