"""Whether a message is from whom it says: SPF (RFC 7208), DKIM and DMARC (RFC 7489) as a strict receiver weighs them."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from sending.mailroom import verification

MAX_LOOKUPS = 10  # RFC 7208, section 4.6.4

Values = Callable[[str, str], list[str]]  # a name and a type to its values


@dataclass(frozen=True)
class Result:
    """What a receiver knows about one message's origin. `why` holds a reason for each of spf, dkim, dmarc that fails."""

    spf: bool
    dkim: bool
    dmarc: bool
    why: dict[str, str] = field(default_factory=dict)


def weigh(*, message: bytes, from_domain: str, sender: str, client: str, helo: str, values: Values) -> Result:
    """Check one message. `sender` is the envelope's, `client` the IP address that it came from."""
    why: dict[str, str] = {}
    domain = (sender.rpartition("@")[2] or helo).lower()
    spf_says = spf(domain, client, values)
    spf_passed = spf_says == "pass"
    if not spf_passed:
        why["spf"] = f"SPF of {domain} says {spf_says} for {client}"
    verdicts = verification.verify(message, lambda name: values(name, "TXT"))
    good = [v for v in verdicts if v.passed]
    if not good:
        why["dkim"] = "; ".join(f"DKIM of {v.domain}: {v.why}" for v in verdicts) or "it has no DKIM signature"
    policy = dmarc_policy(from_domain, values)
    aligned = any(same_organization(v.domain, from_domain) for v in good) or (
        spf_passed and same_organization(domain, from_domain)
    )
    if policy is None:
        why["dmarc"] = f"{from_domain} publishes no DMARC policy"
    elif not aligned:
        why["dmarc"] = f"neither SPF nor DKIM passes for {from_domain}"
    return Result(spf=spf_passed, dkim=bool(good), dmarc="dmarc" not in why, why=why)


def dmarc_policy(domain: str, values: Values) -> str | None:
    """The p= that holds for a From domain: its own record, else its organizational domain's; None when there is none."""
    for name in dict.fromkeys((domain, organizational(domain))):
        records = [t for t in values(f"_dmarc.{name}", "TXT") if re.match(r"v\s*=\s*DMARC1\s*(;|$)", t)]
        if len(records) == 1:
            found = re.search(r";\s*p\s*=\s*(none|quarantine|reject)\b", records[0], re.IGNORECASE)
            return found.group(1).lower() if found else None
    return None


def spf(domain: str, client: str, values: Values) -> str:
    """The result of RFC 7208, section 2.6: pass, fail, softfail, neutral, none or permerror."""
    try:
        return _spf(domain, ipaddress.ip_address(client), values, [MAX_LOOKUPS])
    except _PermanentError:
        return "permerror"


class _PermanentError(Exception):
    """The record cannot be used."""


_QUALIFIERS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


def _spf(
    domain: str, client: "ipaddress.IPv4Address | ipaddress.IPv6Address", values: Values, budget: list[int]
) -> str:
    records = [t for t in values(domain, "TXT") if t == "v=spf1" or t.startswith("v=spf1 ")]
    if not records:
        return "none"
    if len(records) > 1:
        raise _PermanentError
    redirect = ""
    for term in records[0].split()[1:]:
        if term.startswith("redirect="):
            redirect = term[len("redirect=") :]
            continue
        if re.match(r"[a-z][a-z0-9_.-]*=", term, re.IGNORECASE):
            continue
        qualifier = _QUALIFIERS.get(term[0])
        if _matches(term[1:] if qualifier else term, domain, client, values, budget):
            return qualifier or "pass"
    if redirect:
        _spend(budget)
        said = _spf(redirect.lower(), client, values, budget)
        if said == "none":
            raise _PermanentError
        return said
    return "neutral"


def _matches(
    term: str, domain: str, client: "ipaddress.IPv4Address | ipaddress.IPv6Address", values: Values, budget: list[int]
) -> bool:
    name, _, argument = term.partition(":")
    name = name.lower()
    bits = ""
    if name.split("/")[0] in ("a", "mx"):
        name, _, bits = name.partition("/")
        if "/" in argument:
            argument, _, bits = argument.partition("/")
    target = argument.lower() or domain
    try:
        if name == "all":
            return True
        if name in ("ip4", "ip6"):
            network = ipaddress.ip_network(argument, strict=False)
            return network.version == client.version and client in network
        _spend(budget)
        if name == "include":
            said = _spf(target, client, values, budget)
            if said == "none":
                raise _PermanentError
            return said == "pass"
        if name == "exists":
            return bool(values(target, "A"))
        if name in ("a", "mx"):
            hosts = [target] if name == "a" else [mx.split()[-1].rstrip(".") for mx in values(target, "MX")][:10]
            found = [ip for host in hosts for ip in values(host, "A")]
            return any(client in ipaddress.ip_network(f"{ip}/{bits.split('/')[0] or 32}", strict=False) for ip in found)
    except ValueError:
        raise _PermanentError from None
    if name == "ptr":
        return False
    raise _PermanentError


def _spend(budget: list[int]) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        raise _PermanentError


def same_organization(one: str, other: str) -> bool:
    """Relaxed alignment: both names belong to one organizational domain."""
    return bool(one) and bool(other) and organizational(one) == organizational(other)


@lru_cache(maxsize=10_000)
def organizational(domain: str) -> str:
    """The registered domain: example.co.uk of mail.example.co.uk."""
    return str(_suffixes().privatesuffix(domain.lower().rstrip(".")) or domain.lower())


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
