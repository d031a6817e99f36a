"""SPF of the return path (RFC 7208): is there one record, does it keep its limits, does it allow our addresses?

We evaluate `all, ip4, ip6, a, mx, include, redirect, exists`; `ptr` counts and never matches (RFC 7208, 5.5 asks not to use
it). A record with macros is `unknown`: what it says depends on each single mail.
"""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from reputation.dns_checks.findings import Finding, Status
from reputation.dns_checks.resolver import Answer, Outcome, Resolver
from sending.dns_records import Record

MAX_LOOKUPS = 10  # RFC 7208, 4.6.4
MAX_VOID_LOOKUPS = 2
MAX_RECORD_CHARS = 4096
MAX_TERMS = 200

_ADDRESS_MECHANISM = re.compile(r"(?:a|mx)(?::([^/\s]+))?(?:/(\d{1,3}))?(?://(\d{1,3}))?", re.ASCII | re.IGNORECASE)


class _Permanent(Exception):
    """permerror: the record is broken, receivers treat it as such."""


class _Temporary(Exception):
    """temperror: DNS did not answer."""


class _Undecidable(Exception):
    """The record uses what depends on the single mail."""


@dataclass(slots=True)
class _Walk:
    resolver: Resolver
    lookups: int = 0
    voids: int = 0
    seen: list[str] = field(default_factory=list)

    async def ask(self, name: str, rdtype: str) -> Answer:
        answer = await self.resolver.lookup(name, rdtype)
        if answer.outcome is Outcome.UNKNOWN:
            raise _Temporary(f"{name} {rdtype}: {answer.why}")
        if answer.outcome is Outcome.NONE:
            self.voids += 1
            if self.voids > MAX_VOID_LOOKUPS:
                raise _Permanent(f"more than {MAX_VOID_LOOKUPS} of its lookups find nothing")
        return answer

    def count(self) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise _Permanent(f"it needs more than {MAX_LOOKUPS} DNS lookups")


async def check(resolver: Resolver, *, domain: str, expected: Record | None, addresses: tuple[str, ...]) -> Finding:
    """Check the SPF record of `domain`, a return path. `addresses`: the IPs that we send from; `expected`: what to publish."""

    def finding(status: Status, summary: str, seen: tuple[str, ...], fix: str = "") -> Finding:
        return Finding("spf", status, summary, seen, fix, expected if fix else None)

    publish = "Publish this record." if expected else "Ask your operator which record to publish."
    answer = await resolver.lookup(domain, "TXT")
    if answer.outcome is Outcome.UNKNOWN:
        return finding(Status.UNKNOWN, "The name server did not answer; we will ask again.", answer.lines)
    records = [value for value in answer.values if is_spf(value)]
    if not records:
        return finding(Status.FAIL, f"There is no SPF record at {domain}.", answer.lines, publish)
    if len(records) > 1:
        summary = f"There are {len(records)} SPF records at {domain}; receivers then count none."
        return finding(Status.FAIL, summary, answer.lines, "Keep only this record.")

    walk = _Walk(resolver)
    results: dict[str, str] = {}
    try:
        # Without known addresses a documentation address (RFC 5737) walks the whole record, so that its errors show.
        for address in addresses or ("192.0.2.1",):
            walk.lookups = walk.voids = 0
            results[address] = await _evaluate(walk, records[0], domain, address)
    except _Temporary as error:
        return finding(Status.UNKNOWN, "A name server did not answer; we will ask again.", (*answer.lines, str(error)))
    except _Undecidable as error:
        return finding(Status.UNKNOWN, f"We cannot tell from outside: {error}.", answer.lines, publish)
    except _Permanent as error:
        return finding(Status.FAIL, f"The SPF record is broken: {error}.", answer.lines, publish)
    seen = (*answer.lines, *dict.fromkeys(walk.seen), f"DNS lookups: {walk.lookups} of {MAX_LOOKUPS}")
    if not addresses:
        if expected and records[0].split() == expected.value.split():
            return finding(Status.PASS, "The SPF record is as we asked.", seen)
        return finding(Status.UNKNOWN, "The record is sound; which addresses send is not set here.", seen, publish)
    seen += tuple(f"{address}: {result}" for address, result in results.items())
    refused = [address for address, result in results.items() if result != "pass"]
    if refused:
        return finding(Status.FAIL, f"It does not allow {', '.join(refused)} to send.", seen, publish)
    if walk.lookups == MAX_LOOKUPS:
        return finding(
            Status.WARN, "It passes, with not one DNS lookup to spare.", seen, "Take out what you do not need."
        )
    return finding(Status.PASS, "It allows every address that we send from.", seen)


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record (RFC 7208, 4.5)."""
    lower = text.lower()
    return lower == "v=spf1" or lower.startswith("v=spf1 ")


async def _evaluate(walk: _Walk, record: str, domain: str, address: str) -> str:
    """check_host() for one record: pass, fail, softfail or neutral (RFC 7208, 4)."""
    if len(record) > MAX_RECORD_CHARS or len(terms := record.split(" ")[1:]) > MAX_TERMS:
        raise _Permanent("it is too long")
    redirect = ""
    for term in filter(None, terms):
        if "%" in term:
            raise _Undecidable(f'"{term}" has a macro')
        head, equals, value = term.partition("=")
        if equals and ":" not in head and "/" not in head:
            if head.lower() == "redirect":
                redirect = value
            continue  # other modifiers change nothing here (RFC 7208, 6)
        qualifier, mechanism = (term[0], term[1:]) if term[0] in "+-~?" else ("+", term)
        if await _matches(walk, mechanism, domain, address):
            return {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}[qualifier]
    if redirect:
        walk.count()
        return await _evaluate(walk, await _fetch(walk, redirect), redirect, address)
    return "neutral"


async def _matches(walk: _Walk, mechanism: str, domain: str, address: str) -> bool:
    name, _, rest = mechanism.partition(":")
    lower = name.lower().partition("/")[0]
    ip = ip_address(address)
    if lower == "all":
        return True
    if lower in {"ip4", "ip6"}:
        try:
            network = ip_network(rest, strict=False)
        except ValueError as error:
            raise _Permanent(f'"{mechanism}" is not an address range') from error
        return network.version == ip.version and ip in network
    if lower not in {"a", "mx", "include", "exists", "ptr"}:
        raise _Permanent(f'"{mechanism[:60]}" is not a known mechanism')
    walk.count()
    if lower == "ptr":
        return False
    if lower == "include":
        if not rest:
            raise _Permanent('"include" names no domain')
        return await _evaluate(walk, await _fetch(walk, rest), rest, address) == "pass"
    if lower == "exists":
        return (await walk.ask(rest, "A")).outcome is Outcome.FOUND
    target, prefix = _target(mechanism, domain, ip.version)
    hosts = [target]
    if lower == "mx":
        hosts = [value.split()[1] for value in (await walk.ask(target, "MX")).values[:MAX_LOOKUPS]]
    for host in hosts:
        answer = await walk.ask(host, "A" if ip.version == 4 else "AAAA")
        if any(ip in ip_network(f"{value}/{prefix}", strict=False) for value in answer.values):
            return True
    return False


def _target(mechanism: str, domain: str, version: int) -> tuple[str, int]:
    """The domain and the prefix length of an `a` or `mx` mechanism: a, a:host, a/24, a//64, a:host/24//64."""
    shape = _ADDRESS_MECHANISM.fullmatch(mechanism)
    if shape is None:
        raise _Permanent(f'"{mechanism[:60]}" cannot be read')
    host, four, six = shape.groups()
    full, given = (32, four) if version == 4 else (128, six)
    length = int(given) if given else full
    if length > full:
        raise _Permanent(f'"{mechanism[:60]}" has a wrong prefix length')
    return host or domain, length


async def _fetch(walk: _Walk, domain: str) -> str:
    answer = await walk.ask(domain, "TXT")
    records = [value for value in answer.values if is_spf(value)]
    if len(records) != 1:
        raise _Permanent(f"{domain} has {len(records)} SPF records")
    walk.seen.append(f"{domain} TXT {records[0]}")
    return records[0]
