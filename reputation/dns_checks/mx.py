"""MX of the return path: can bounces come home?"""

from reputation.dns_checks.findings import Finding, Status
from reputation.dns_checks.resolver import Outcome, Resolver
from sending.dns_records import Record


async def check(resolver: Resolver, *, domain: str, expected: Record | None) -> Finding:
    """Check that mail to the return path `domain` comes to us. `expected.value` is "10 host"."""

    def finding(status: Status, summary: str, seen: tuple[str, ...], fix: str = "") -> Finding:
        return Finding("mx", status, summary, seen, fix, expected if fix else None)

    answer = await resolver.lookup(domain, "MX")
    if answer.outcome is Outcome.UNKNOWN:
        return finding(Status.UNKNOWN, "The name server did not answer; we will ask again.", answer.lines)
    if not answer.values:
        summary = f"There is no MX record at {domain}: reports of late bounces cannot reach us."
        return finding(Status.FAIL, summary, answer.lines, "Publish this record.")
    if expected is None:
        return finding(Status.UNKNOWN, "Which server takes bounces is not set here.", answer.lines)
    ours = expected.value.split()[-1].rstrip(".").lower()
    hosts = [value.split()[-1] for value in answer.values]
    if ours not in hosts:
        return finding(
            Status.FAIL,
            f"It points to {', '.join(hosts[:3])}, not to us.",
            answer.lines,
            "Replace it with this record.",
        )
    if len(hosts) > 1:
        summary = "It names other servers beside ours: some bounces will get lost."
        return finding(Status.WARN, summary, answer.lines, "Keep only this record.")
    return finding(Status.PASS, "Bounces come back to us.", answer.lines)
