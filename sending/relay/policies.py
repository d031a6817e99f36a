"""The MTA-STS policies of other domains: found, fetched, kept, and asked for again in time (RFC 8461, sections 3.3 and 5.1).

Policy: a policy holds until its max_age is over, whatever the DNS or its web server say meanwhile: whoever can cut us off from
them must not be able to turn it off. The record's id only says when to fetch anew; besides that a policy is fetched again once
a day, so that its time goes on. Without a kept policy a fetch that fails leaves the domain as if it had none.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from sending.relay import https, sts
from sending.relay.dns import Dns, NoSuchDomain, Unknown
from sending.relay.ports import Clock, Unreachable
from sending.relay.sts import Mode, Policy
from sending.relay.tls_counts import PolicyType, Result, TlsCounts

log = logging.getLogger(__name__)

FRESH = 24 * 3600.0  # seconds, then a policy is fetched again although its record has not changed
AGAIN = 300.0  # ... after a fetch that failed (section 3.3)
PAUSES = (0.2, 1.0, 3.0)  # seconds between looks at a shelf that cannot be reached
MOST = 50_000
FETCHES = 20  # at once
PATH = "/.well-known/mta-sts.txt"


@dataclass(frozen=True, slots=True)
class Kept:
    """A policy as it was fetched: the id that led to it, its text, and when (seconds since 1970)."""

    id: str
    text: bytes
    policy: Policy
    fetched: float

    @property
    def expires(self) -> float:
        return self.fetched + self.policy.max_age


class Shelf(Protocol):
    """Where policies outlive the relay."""

    async def policy(self, domain: str) -> tuple[str, bytes, float] | None:
        """(id, text, fetched at) of a domain's policy. Raises Unreachable."""
        ...

    async def keep_policy(self, domain: str, kept: Kept) -> None:
        """Raises Unreachable."""
        ...


class NotFetched(Exception):
    """The policy could not be had; `result` as it is reported."""

    def __init__(self, result: Result, why: str) -> None:
        super().__init__(why)
        self.result = result


Fetch = Callable[[str], Awaitable[bytes]]


def by_https(dns: Dns, limits: https.Limits) -> Fetch:
    """The fetch of RFC 8461, section 3.3: `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`, text/plain, no redirects."""

    async def fetch(domain: str) -> bytes:
        try:
            answer = await https.ask(f"mta-sts.{domain}", PATH, dns=dns, limits=limits)
        except https.Failed as error:
            raise NotFetched(Result.STS_WEBPKI if error.of_certificate else Result.STS_FETCH, str(error)) from error
        if answer.status != 200:
            raise NotFetched(Result.STS_FETCH, f"mta-sts.{domain} answers {answer.status}")
        if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/plain":
            raise NotFetched(Result.STS_INVALID, "the policy is not text/plain")
        return answer.body

    return fetch


class Policies:
    """Policies by domain. `fetch` gives a policy's text, or raises NotFetched."""

    def __init__(self, dns: Dns, clock: Clock, *, fetch: Fetch, shelf: Shelf, counts: TlsCounts) -> None:
        self._dns = dns
        self._clock = clock
        self._fetch = fetch
        self._shelf = shelf
        self._counts = counts
        self._kept: OrderedDict[str, Kept | None] = OrderedDict()
        self._failed: OrderedDict[str, float] = OrderedDict()
        self._gate = asyncio.Semaphore(FETCHES)

    def known(self, domain: str) -> Policy | None:
        """The policy that holds now, as far as it is known without asking; None for mode none, too."""
        kept = self._kept.get(domain)
        if kept is None or kept.expires <= self._clock.wall() or kept.policy.mode is Mode.NONE:
            return None
        return kept.policy

    async def of(self, domain: str) -> Policy | None:
        """The policy that holds now; None when there is none, or its mode is none.

        Raises Unknown when it cannot be known what is kept: then nothing may be sent.
        """
        kept = await self._on_the_shelf(domain)
        try:
            announced = sts.read_record(await self._record(domain))
        except Unknown:
            announced = None
        if announced is not None and self._is_due(domain, kept, announced):
            await self._fetch_now(domain, announced)
        return self.known(domain)

    def is_pending(self, domain: str) -> bool:
        """Whether a fetch failed lately, so that one should come back soon."""
        return domain in self._failed

    def names_none_of(self, domain: str, hosts: list[str]) -> None:
        """Mail to a domain has nowhere to go: its policy is enforced and names none of its mail exchangers."""
        policy = self.known(domain)
        lines = policy.lines if policy is not None else ()
        for host in hosts:
            self._counts.add(
                domain, PolicyType.STS, Result.FAILED, host=host, lines=lines, why="not a host that the policy names"
            )

    async def _record(self, domain: str) -> tuple[bytes, ...]:
        try:
            answer = await self._dns.txt(f"_mta-sts.{domain}")
        except NoSuchDomain:
            return ()
        return tuple(record for record in answer.records if isinstance(record, bytes))

    async def _on_the_shelf(self, domain: str) -> Kept | None:
        if domain in self._kept:
            kept = self._kept[domain]
        else:
            found = await self._read(domain)
            kept = None
            if found is not None:
                name, text, fetched = found
                try:
                    kept = Kept(name, text, sts.read_policy(text), fetched)
                except sts.Invalid as error:
                    log.warning("The kept policy of %s cannot be read: %s", domain, error)
            self._remember(domain, kept)
        return kept if kept is not None and kept.expires > self._clock.wall() else None

    async def _read(self, domain: str) -> tuple[str, bytes, float] | None:
        """What is on the shelf; a database that restarts is waited for a little."""
        for pause in PAUSES:
            try:
                return await self._shelf.policy(domain)
            except Unreachable:
                await asyncio.sleep(pause)
        try:
            return await self._shelf.policy(domain)
        except Unreachable as error:
            raise Unknown(f"{domain}: the policies that are kept cannot be read") from error

    def _is_due(self, domain: str, kept: Kept | None, announced: str) -> bool:
        if self._failed.get(domain, 0.0) > self._clock.monotonic():
            return False
        return (
            kept is None
            or kept.id != announced
            or self._clock.wall() - kept.fetched > min(FRESH, kept.policy.max_age / 2)
        )

    async def _fetch_now(self, domain: str, announced: str) -> None:
        try:
            async with self._gate:
                text = await self._fetch(domain)
            try:
                policy = sts.read_policy(text)
            except sts.Invalid as error:
                raise NotFetched(Result.STS_INVALID, str(error)) from error
        except NotFetched as error:
            self._counts.add(domain, PolicyType.STS, error.result, why=str(error))
            self._failed[domain] = self._clock.monotonic() + AGAIN
            self._failed.move_to_end(domain)
            if len(self._failed) > MOST:
                self._failed.popitem(last=False)
            return
        self._failed.pop(domain, None)
        kept = Kept(announced, text, policy, self._clock.wall())
        self._remember(domain, kept)
        try:
            await self._shelf.keep_policy(domain, kept)
        except Unreachable as error:
            log.warning("The policy of %s is only in memory: %s", domain, error)

    def _remember(self, domain: str, kept: Kept | None) -> None:
        self._kept[domain] = kept
        self._kept.move_to_end(domain)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
