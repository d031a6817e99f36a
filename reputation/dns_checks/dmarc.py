"""DMARC: is there one sound policy for the From domain, and would our mail be aligned with it (RFC 9989)?

A missing `p` counts as none there, and the record may stand at a parent of the From domain: we walk up the tree.
"""

from collections.abc import Callable

from publicsuffixlist import PublicSuffixList

from reputation.dns_checks.findings import Finding, Status
from reputation.dns_checks.resolver import Answer, Outcome, Resolver
from reputation.dns_checks.tags import parse
from sending.dns_records import Record

POLICIES = {"none", "quarantine", "reject"}
MAX_STEPS = 8  # RFC 9989: a walk asks at most eight names

_SUFFIXES = PublicSuffixList()


async def check(resolver: Resolver, *, domain: str, expected: Record) -> Finding:
    """Check the policy that receivers find for mail From `domain`."""
    answers: list[Answer] = []

    def finding(status: Status, summary: str, fix: str = "") -> Finding:
        seen = tuple(line for answer in answers for line in answer.lines)
        return Finding("dmarc", status, summary, seen, fix, expected if fix else None)

    for name in _walk(domain):
        answer = await resolver.lookup(f"_dmarc.{name}", "TXT")
        answers.append(answer)
        if answer.outcome is Outcome.UNKNOWN:
            return finding(Status.UNKNOWN, "The name server did not answer; we will ask again.")
        records = [value for value in answer.values if is_dmarc(value)]
        if len(records) > 1:
            summary = f"There are {len(records)} DMARC records at _dmarc.{name}; receivers then count none."
            return finding(Status.FAIL, summary, "Keep only one of them.")
        if records:
            return _judge(records[0], name, domain, finding)
    return finding(
        Status.FAIL, "There is no DMARC record. Gmail, Yahoo and Microsoft ask for one.", "Publish this record."
    )


async def check_alignment(resolver: Resolver, *, domain: str, signing_domain: str, return_path: str) -> Finding:
    """Whether the DKIM domain and the return path count as the From domain's own under its DMARC record."""
    policy: dict[str, str] = {}
    seen = [f"From: {domain}", f"DKIM d=: {signing_domain}", f"Return path: {return_path}"]
    for name in _walk(domain):
        answer = await resolver.lookup(f"_dmarc.{name}", "TXT")
        if answer.outcome is Outcome.UNKNOWN:
            return Finding("align", Status.UNKNOWN, "The name server did not answer; we will ask again.", answer.lines)
        records = [value for value in answer.values if is_dmarc(value)]
        if records:
            policy = parse(records[0]) or {}
            seen.append(f"_dmarc.{name} TXT {records[0]}")
            break
    by_dkim = _aligned(domain, signing_domain, strict=policy.get("adkim", "r") == "s")
    by_spf = _aligned(domain, return_path, strict=policy.get("aspf", "r") == "s")
    if by_dkim and by_spf:
        return Finding("align", Status.PASS, "From is aligned with DKIM and with SPF.", tuple(seen))
    if by_dkim:
        summary = (
            "From is aligned with DKIM; not with SPF, because the DMARC record asks for the very same name (aspf=s)."
        )
        return Finding("align", Status.WARN, summary, tuple(seen), "Take aspf=s out of the DMARC record.")
    return Finding("align", Status.FAIL, "From is not aligned with DKIM.", tuple(seen), "Sign with the From domain.")


def is_dmarc(text: str) -> bool:
    """Whether a TXT record is a DMARC record: its first tag is v=DMARC1."""
    name, _, rest = text.partition("=")
    return name.strip() == "v" and rest.partition(";")[0].strip() == "DMARC1"


def organizational_domain(domain: str) -> str:
    """The name below the public suffix: news.example.co.uk -> example.co.uk."""
    return _SUFFIXES.privatesuffix(domain) or domain


def _walk(domain: str) -> list[str]:
    """The names to ask, from the From domain up to, not including, the public suffix."""
    labels, stop = domain.split("."), organizational_domain(domain).count(".")
    names = [".".join(labels[at:]) for at in range(len(labels) - stop)]
    return names if len(names) <= MAX_STEPS else [names[0], *names[-(MAX_STEPS - 1) :]]


def _judge(record: str, name: str, domain: str, finding: Callable[..., Finding]) -> Finding:
    tags = parse(record)
    if tags is None:
        return finding(Status.FAIL, "The DMARC record cannot be read.", "Replace it with this record.")
    policy = tags.get("p", "none").lower()
    if name != domain:
        policy = tags.get("sp", policy).lower()
    if policy not in POLICIES:
        return finding(Status.FAIL, f'The policy "{policy[:40]}" is not known.', "Replace it with this record.")
    if not tags.get("rua"):
        return finding(Status.PASS, f"The policy is {policy}. Reports go to nobody: you may add rua=mailto:… one day.")
    return finding(Status.PASS, f"The policy is {policy}, and reports go to {tags['rua'][:120]}.")


def _aligned(domain: str, other: str, *, strict: bool) -> bool:
    return domain == other if strict else organizational_domain(domain) == organizational_domain(other)
