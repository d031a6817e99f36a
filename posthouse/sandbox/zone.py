"""What the sandbox's DNS knows: its providers, the house itself, and the records that people publish from their domain's page.

Policy: every name of the world resolves here, to the sandbox's own addresses, so that nothing leaves this computer. What must
be published to exist (names with an underscore label: DKIM, DMARC) does not exist until it is.
"""

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from posthouse.sandbox import reports
from posthouse.sandbox.characters import Cast

TTL = 5
TYPES = ("A", "MX", "TXT", "CNAME", "PTR", "SOA", "NS", "AAAA")

#: domains to try the odd cases with
NO_SUCH_DOMAIN = "nowhere.example"
NO_MAIL = "nomail.example"  # a null MX (RFC 7505)
BROKEN = "broken.example"  # SERVFAIL
SILENT = "silent.example"  # a mail server that does not answer


@dataclass(frozen=True)
class Record:
    """One record. `value` is its text as a person would type it; a TXT's is unquoted, however long."""

    name: str
    kind: str
    value: str


@dataclass(frozen=True)
class Answer:
    """`code` is NOERROR, NXDOMAIN or SERVFAIL."""

    code: str
    records: tuple[Record, ...] = ()


class Zone:
    """Looks names up. `published` is asked each time, so a record counts from the moment it is published."""

    def __init__(
        self, cast: Cast, *, house_domain: str, published: Callable[[str], Iterable[Record]] = lambda name: ()
    ) -> None:
        self._published = published
        self._built_in: dict[str, list[Record]] = {}
        self._catch_all = cast.everything_else.mx
        self._house_domain = house_domain
        self._build(cast, house_domain)

    def look_up(self, name: str, kind: str) -> Answer:
        """Everything that is known of one name and type, a CNAME followed to its end (at most 8 steps)."""
        name = name.rstrip(".").lower()
        kind = kind.upper()
        found: list[Record] = []
        for _ in range(8):
            if name == BROKEN or name.endswith("." + BROKEN):
                return Answer("SERVFAIL")
            here = self._records(name)
            if here is None:
                return Answer("NXDOMAIN", tuple(found))
            wanted = [r for r in here if r.kind == kind]
            if wanted or kind == "CNAME":
                return Answer("NOERROR", (*found, *wanted))
            alias = next((r for r in here if r.kind == "CNAME"), None)
            if alias is None:
                return Answer("NOERROR", (*found, *self._by_default(name, kind, here)))
            found.append(alias)
            name = alias.value.rstrip(".").lower()
        return Answer("SERVFAIL")

    def values(self, name: str, kind: str) -> list[str]:
        """The values of one name and type, for the receivers' own checks; empty when there are none."""
        return [r.value for r in self.look_up(name, kind).records if r.kind == kind]

    def _records(self, name: str) -> list[Record] | None:
        """The records that stand at a name; None when the name does not exist."""
        published = list(self._published(name))
        kinds = {r.kind for r in published}
        built_in = self._built_in.get(name)
        if published or built_in is not None:
            return published + [r for r in built_in or () if r.kind not in kinds and "CNAME" not in kinds]
        labels = name.split(".")
        if (
            not name
            or labels[-1] in ("invalid", "arpa")
            or name == NO_SUCH_DOMAIN
            or name.endswith("." + NO_SUCH_DOMAIN)
            or any(label.startswith("_") for label in labels)
        ):
            return None
        return []

    def _by_default(self, name: str, kind: str, here: list[Record]) -> list[Record]:
        """What any domain of the world has: mailboxes at Elsewhere, and an address."""
        if kind == "SOA":
            return [Record(name, "SOA", f"ns.{self._house_domain}. hostmaster.{self._house_domain}. 1 60 60 60 {TTL}")]
        if kind == "NS":
            return [Record(name, "NS", f"ns.{self._house_domain}.")]
        if any(r.kind in ("MX", "A") for r in here):
            return []
        if kind == "MX":
            return [Record(name, "MX", f"10 {host}.") for host in self._catch_all]
        if kind == "A":
            return [Record(name, "A", r.value) for host in self._catch_all for r in self._built_in[host]]
        return []

    def _build(self, cast: Cast, house: str) -> None:
        def add(name: str, kind: str, value: str) -> None:
            self._built_in.setdefault(name, []).append(Record(name, kind, value))

        def address(name: str, ip: str) -> None:
            add(name, "A", ip)
            add(ipaddress.ip_address(ip).reverse_pointer, "PTR", name + ".")

        for provider in cast.providers:
            for host, ip in zip(provider.mx, provider.addresses, strict=True):
                address(host, ip)
            add(*_txt(reports.key_record(provider.mx[0])))
            for domain in provider.domains:
                for preference, host in enumerate(provider.mx, start=1):
                    add(domain, "MX", f"{preference * 10} {host}.")
                add(domain, "TXT", "v=spf1 mx -all")
                add(f"_dmarc.{domain}", "TXT", "v=DMARC1; p=reject")
        address(f"relay.{house}", "127.0.0.1")
        address(f"ns.{house}", "127.0.0.53")
        for last in range(2, 31):  # more source addresses of the relay
            address(f"relay{last}.{house}", f"127.0.0.{last}")
        spf = "v=spf1 ip4:127.0.0.0/24 -all"
        add(house, "TXT", spf)
        add(f"spf.{house}", "TXT", spf)
        add(f"bounces.{house}", "TXT", spf)
        add(f"mail.{house}", "A", "127.0.0.1")
        add(f"links.{house}", "A", "127.0.0.1")
        for name in (house, f"bounces.{house}"):
            add(name, "MX", f"10 mail.{house}.")
        add(f"_dmarc.{house}", "TXT", "v=DMARC1; p=reject")
        add(NO_MAIL, "MX", "0 .")
        add(SILENT, "MX", f"10 mx.{SILENT}.")
        address(f"mx.{SILENT}", "127.0.1.250")


def _txt(record: tuple[str, str]) -> tuple[str, str, str]:
    name, value = record
    return name, "TXT", value
