"""One mailbox provider's front desk: what it answers to a sender, by its character."""

import asyncio
import sqlite3
import time
from collections import Counter

from posthouse.sandbox import authentication, letters
from posthouse.sandbox.chance import chance
from posthouse.sandbox.characters import Provider
from posthouse.sandbox.people import People
from posthouse.sandbox.store import Accepted, Kept, Ledger
from posthouse.sandbox.zone import Zone
from sending.mailroom.reception import Session

KEPT_OF_A_SEND = 200  # how many copies of one send each provider keeps to look at
REMEMBERED = 200_000

_REQUIREMENT_TEXT = {
    "spf": "550 5.7.27 {why}. This provider wants SPF to pass",
    "dkim": "550 5.7.30 {why}. This provider wants DKIM to pass",
    "dmarc": "550 5.7.26 Unauthenticated mail: {why}",
}


class Desk:
    """A Clerk (see sending.mailroom.reception) with the habits of one provider."""

    def __init__(self, *, provider: Provider, zone: Zone, ledger: Ledger, people: People, seed: str) -> None:
        self.provider = provider
        self._zone = zone
        self._ledger = ledger
        self._people = people
        self._seed = seed
        self._next_slot = 0.0
        self._bucket = provider.throttle.burst
        self._filled_at = time.monotonic()
        self._closed_until = 0.0
        self._first_contact: dict[tuple[str, str], float] = {}
        self._sends: Counter[str] = Counter()

    async def greet(self, session: Session) -> str:
        if self._is_closed():
            return f"421 4.7.0 {self.provider.name}: too fast, please wait a little"
        return f"220 {self._host(session)} ESMTP {self.provider.name} (sandbox)"

    async def mail(self, session: Session, sender: str) -> str:
        if self._is_closed() or not self._take_from_bucket():
            return f"421 4.7.0 {self.provider.name}: you are sending too fast; slow down and come back in a while"
        return "250 2.1.0 Fine"

    async def rcpt(self, session: Session, recipient: str) -> str:
        local, _, domain = recipient.lower().rpartition("@")
        provider = self.provider
        if not local or not (domain in provider.domains or provider.everything_else):
            return f"550 5.7.1 <{recipient}>: {domain or 'that'} is not at home here, and we pass nothing on"
        words = local.replace("+", ".").replace("-", ".").split(".")
        if "unknown" in words or self._fate("unknown", recipient) < provider.unknown:
            return f"550 5.1.1 <{recipient}>: there is no such person here"
        if "full" in words or self._fate("full", recipient) < provider.full:
            return f"452 4.2.2 <{recipient}>: the mailbox is full; please try again later"
        if self._fate("gone_full", recipient) < provider.gone_full:
            return f"552 5.2.2 <{recipient}>: the mailbox is full and has not been read for months"
        if provider.greylist.share and self._fate("greylist", recipient) < provider.greylist.share:
            wait = self._greylisted(session, recipient.lower())
            if wait > 0:
                return f"451 4.7.1 <{recipient}>: greylisted, we do not know you yet; please come back in {wait:.0f} seconds"
        return "250 2.1.5 Fine"

    async def take(self, session: Session, data: bytes) -> str:
        headers = letters.headers_of(data)
        refusal = self._unauthenticated(session, headers, data) if self.provider.requires else ""
        if refusal:
            return refusal
        await self._slot()
        now = time.time()
        message_id = headers.get("message-id", "").strip("<> ")
        sender = session.sender or ""
        bulk = letters.is_bulk(headers)
        recipients = tuple(session.recipients)
        accepted = [
            Accepted(message_id=message_id, rcpt=r.lower(), sender=sender, provider=self.provider.name, at=now)
            for r in recipients
        ]
        kept = (
            [self._copy(r, headers, data, message_id, sender, bulk, now) for r in recipients]
            if self._keeps(headers, bulk)
            else []
        )
        try:
            await self._ledger.write(accepted, kept)
        except (OSError, sqlite3.Error):
            return "452 4.3.1 We cannot write anything down at the moment; please try again later"
        if bulk and not self.provider.inbox:
            for recipient in recipients:
                self._people.got(
                    provider=self.provider, rcpt=recipient.lower(), sender=sender, headers=headers, raw=data
                )
        return "250 2.0.0 Taken"

    # --- habits

    def _host(self, session: Session) -> str:
        provider = self.provider
        return dict(zip(provider.addresses, provider.mx, strict=True)).get(session.server, provider.mx[0])

    def _fate(self, what: str, recipient: str) -> float:
        return chance(self._seed, what, recipient.lower())

    def _is_closed(self) -> bool:
        return time.monotonic() < self._closed_until

    def _take_from_bucket(self) -> bool:
        throttle = self.provider.throttle
        if not throttle.pace:
            return True
        now = time.monotonic()
        self._bucket = min(throttle.burst, self._bucket + (now - self._filled_at) * throttle.pace)
        self._filled_at = now
        if self._bucket < 1:
            self._closed_until = now + throttle.seconds
            return False
        self._bucket -= 1
        return True

    def _greylisted(self, session: Session, recipient: str) -> float:
        """Seconds until this sender may come back for this person; 0 when it is known."""
        now = time.monotonic()
        key = ((session.sender or "").rpartition("@")[2].lower(), recipient)
        if len(self._first_contact) > REMEMBERED:
            self._first_contact.clear()
        return max(0.0, self._first_contact.setdefault(key, now) + self.provider.greylist.seconds - now)

    async def _slot(self) -> None:
        """Wait for this provider's turn to read one more message."""
        if self.provider.pace:
            now = time.monotonic()
            slot = max(now, self._next_slot)
            self._next_slot = slot + 1 / self.provider.pace
            if slot > now:
                await asyncio.sleep(slot - now)

    def _unauthenticated(self, session: Session, headers: dict[str, str], data: bytes) -> str:
        from_domain = letters.address_in(headers.get("from", "")).rpartition("@")[2]
        if not from_domain:
            return "550 5.6.0 This message does not say who it is from"
        result = authentication.weigh(
            message=data,
            from_domain=from_domain,
            sender=session.sender or "",
            client=session.client,
            helo=session.helo,
            values=self._zone.values,
        )
        for requirement in self.provider.requires:
            if requirement in result.why:
                return _REQUIREMENT_TEXT[requirement].format(why=result.why[requirement])
        return ""

    def _keeps(self, headers: dict[str, str], bulk: bool) -> bool:
        if not bulk or self.provider.inbox:
            return True
        send = headers.get("feedback-id") or headers.get("subject", "")
        if len(self._sends) > 10_000:
            self._sends.clear()
        self._sends[send] += 1
        return self._sends[send] <= KEPT_OF_A_SEND

    def _copy(
        self, rcpt: str, headers: dict[str, str], data: bytes, message_id: str, sender: str, bulk: bool, at: float
    ) -> Kept:
        return Kept(
            mailbox=rcpt.lower(),
            sender=sender,
            from_=letters.readable(headers.get("from", "")),
            subject=letters.readable(headers.get("subject", "")),
            message_id=message_id,
            provider=self.provider.name,
            bulk=bulk,
            at=at,
            raw=data,
        )
