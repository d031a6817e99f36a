"""`manage.py addresses`: our addresses to send from and their pools. No verb: the list. Relays follow within a second or two."""

import getpass
import json
import sys
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Organization
from sending.actions import egress, pools
from sending.enums import NameFinding, StreamKind
from sending.errors import Refused
from sending.models import EgressIP, Pool
from sending.queries import egress as reading


class Command(BaseCommand):
    help = "The addresses that mail leaves from, and whose mail leaves from which."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb")
        listing = verbs.add_parser("list", help="all of them, with what they were answered in the last 24 hours")
        listing.add_argument("--json", action="store_true", help="for programs: a list of objects")

        def verb(name: str, words: str, *, why: bool = False) -> CommandParser:
            one: CommandParser = verbs.add_parser(name, help=words)
            one.add_argument("address", metavar="ADDRESS")
            if why:
                one.add_argument("--why", required=True, help="for operators and for whom it is dedicated to")
            one.add_argument("--by", default="", help="who decided it (you)")
            return one

        adding = verb("add", "a new address of ours, in use")
        adding.add_argument("name", metavar="NAME", help="said in EHLO; its reverse DNS must say the same")
        adding.add_argument("--pool", default="", help="put it in this pool (made if there is none)")
        adding.add_argument(
            "--proxy",
            default="",
            help="socks5://user@host:port (the password is asked for, or read from standard input) or haproxy://host:port",
        )
        verb("name", "say another name").add_argument("name", metavar="NAME")
        through = verb("proxy", "go through another proxy, or through none")
        through.add_argument("proxy", metavar="PROXY", nargs="?", default="")
        verb("pause", "nothing leaves from it for now", why=True)
        verb("resume", "use it again")
        verb("retire", "never again; a pool with no other address is passed over", why=True)
        verb("check", "ask the DNS for its name now")
        for name, words in (("put", "let it carry mail of a pool"), ("take-out", "carry no mail of a pool any more")):
            one = verb(name, words)
            one.add_argument("pool", metavar="POOL")
            self._owner(one)
            if name == "put":
                one.add_argument("--weight", type=int, default=100, help="1 to 1000, against the others of the pool")
        making = verbs.add_parser("make-pool", help="a pool; the house's, or dedicated to an organization")
        making.add_argument("pool", metavar="POOL")
        making.add_argument("--default", action="store_true", help="for all mail of its owner that names no other")
        self._owner(making)
        making.add_argument("--by", default="", help="who decided it (you)")
        assigning = verbs.add_parser("assign", help="an organization's mail of one kind goes by a pool")
        assigning.add_argument("organization", metavar="ORGANIZATION", help="its id in addresses (/o/...)")
        assigning.add_argument("stream", choices=[str(kind) for kind in StreamKind])
        assigning.add_argument("pool", metavar="POOL", nargs="?", default="", help="none: as if it were not said")
        assigning.add_argument("--by", default="", help="who decided it (you)")

    def _owner(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", default="", metavar="ID", help="whose pool: its id in addresses (/o/...)")

    def handle(self, *args: Any, verb: str | None = None, **options: Any) -> None:
        by = options.get("by") or getpass.getuser()
        try:
            if verb in (None, "list"):
                self._list(as_json=options.get("json", False))
            elif verb == "make-pool":
                owner = _organization(options["organization"])
                pool = pools.make(
                    name=options["pool"], organization=owner, is_default=options["default"] or None, by=by
                )
                self.stdout.write(f"{pool} is there{', for all mail of its owner' if pool.is_default else ''}.")
            elif verb == "assign":
                organization = _organization(options["organization"])
                assert organization is not None
                pool_or_none = _pool(options["pool"], organization) if options["pool"] else None
                pools.assign(organization=organization, kind=StreamKind(options["stream"]), pool=pool_or_none, by=by)
                self.stdout.write("Done; what waits follows.")
            else:
                self._address(str(verb), by, options)
        except Refused as refused:
            raise CommandError(str(refused)) from refused

    def _address(self, verb: str, by: str, options: dict[str, Any]) -> None:
        if verb == "add":
            proxy = _with_password(options["proxy"])
            address = egress.add(address=options["address"], name=options["name"], proxy=proxy, by=by)
            if name := options["pool"]:
                with egress.as_the_house():
                    pool = Pool.objects.filter(name=name, organization=None).first()
                pools.put(pool=pool or pools.make(name=name, by=by), address=address, by=by)
            self._check(address)
            return
        with egress.as_the_house():
            found = EgressIP.objects.filter(address=egress.parse(options["address"])).first()
        if found is None:
            raise CommandError(f"{options['address']} is none of ours. Add it first.")
        if verb == "check":
            self._check(found)
        elif verb == "name":
            egress.rename(address=found, name=options["name"], by=by)
            self._check(found)
        elif verb == "proxy":
            egress.reach_through(address=found, proxy=_with_password(options["proxy"]), by=by)
        elif verb == "pause":
            egress.pause(address=found, why=options["why"], by=by)
        elif verb == "resume":
            egress.resume(address=found, by=by)
        elif verb == "retire":
            egress.retire(address=found, why=options["why"], by=by)
        else:
            pool = _pool(options["pool"], _organization(options["organization"]))
            if verb == "put":
                pools.put(pool=pool, address=found, weight=options["weight"], by=by)
            else:
                pools.take_out(pool=pool, address=found, by=by)
        if verb not in ("check", "name"):
            self.stdout.write("Done.")

    def _check(self, address: EgressIP) -> None:
        egress.check(addresses=[address])
        self.stdout.write(f"{address} {address.name}: {_in_words(address.finding, address.found_names, address.name)}")

    def _list(self, *, as_json: bool) -> None:
        with egress.as_the_house():
            found = reading.addresses(with_proxies=True)
            stranded = [pool for pool in reading.pools() if pool.is_stranded]
        if as_json:
            self.stdout.write(json.dumps([asdict(address) for address in found], default=str, indent=1))
            return
        if not found:
            self.stdout.write(
                "None: mail leaves from wherever the system chooses. See `manage.py addresses add --help`."
            )
        for address in found:
            counts = address.lately
            where = address.relay or ("no relay has it" if address.is_idle else "")
            self.stdout.write(f"{address.address}  {address.name}  {address.state.label}  {where}".rstrip())
            self.stdout.write(f"    {_in_words(address.finding, address.found_names, address.name)}")
            for name, whose, weight in address.pools:
                self.stdout.write(f"    pool {name}{f' of {whose}' if whose else ''}, weight {weight}")
            if address.proxy:
                self.stdout.write(f"    through {address.proxy}")
            self.stdout.write(
                f"    24 h: {counts.delivered} delivered, {counts.deferred} put off, {counts.blocked} blocked, "
                f"{counts.bounced} bounced, {counts.complained} complaints"
            )
        for pool in stranded:
            owner = f" of {pool.owner}" if pool.owner else ""
            self.stdout.write(
                self.style.WARNING(f"The mail of the pool {pool.name}{owner} waits: no relay has an address of it.")
            )


def _organization(public_id: str) -> Organization | None:
    if not public_id:
        return None
    with egress.as_the_house():
        organization = Organization.objects.filter(public_id=public_id).first()
    if organization is None:
        raise CommandError(f"There is no organization {public_id}.")
    return organization


def _pool(name: str, organization: Organization | None) -> Pool:
    """An organization's own, or the house's of that name."""
    with egress.as_the_house():
        pool = organization and Pool.objects.filter(name=name, organization=organization).first()
        pool = pool or Pool.objects.filter(name=name, organization=None).first()
    if pool is None:
        raise CommandError(f"There is no pool {name}. Make it first (make-pool).")
    return pool


def _with_password(proxy: str) -> str:
    """The password does not stand on the command line, where everybody on this computer can read it."""
    scheme, _, rest = proxy.partition("://")
    user, at, host = rest.rpartition("@")
    if not at or ":" in user:
        return proxy
    password = getpass.getpass(f"Password of {user}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}" if password else proxy


def _in_words(finding: str, names: str, name: str) -> str:
    return {
        NameFinding.CONFIRMED: "its name is confirmed by the DNS",
        NameFinding.NO_NAME: f"it has no reverse DNS: let whoever gave you the address set its PTR record to {name}",
        NameFinding.OTHER_NAME: f"its reverse DNS says {names}, not {name}: change either",
        NameFinding.NOT_BACK: f"{name} does not lead back to it: add an A or AAAA record",
        NameFinding.UNKNOWN: "the DNS gave no answer; it is asked again within the hour",
    }.get(NameFinding(finding), "its name has not been looked at yet")
