"""All checks of one sending domain, at the same time."""

import asyncio
from dataclasses import dataclass

from reputation.dns_checks import dkim, dmarc, mx, spf
from reputation.dns_checks.findings import Finding
from reputation.dns_checks.resolver import Resolver
from sending.dns_records import Record


@dataclass(frozen=True, slots=True)
class Expected:
    """What a domain should publish; names are A-labels (RFC 5891), lower case. `addresses`: the IPs that we send from."""

    domain: str
    return_path: str
    dkim: Record
    spf: Record | None
    mx: Record | None
    dmarc: Record
    addresses: tuple[str, ...] = ()
    dkim2: Record | None = None


async def check(resolver: Resolver, expected: Expected) -> list[Finding]:
    """The findings in the order in which the page shows them: dkim, spf, mx, dmarc, align, dkim2 if it is published."""
    found = await asyncio.gather(
        dkim.check(resolver, expected=expected.dkim),
        spf.check(resolver, domain=expected.return_path, expected=expected.spf, addresses=expected.addresses),
        mx.check(resolver, domain=expected.return_path, expected=expected.mx),
        dmarc.check(resolver, domain=expected.domain, expected=expected.dmarc),
        dmarc.check_alignment(
            resolver,
            domain=expected.domain,
            signing_domain=expected.domain,
            return_path=expected.return_path,
        ),
        dkim.check_second(resolver, expected=expected.dkim2),
    )
    return [finding for finding in found if finding is not None]
