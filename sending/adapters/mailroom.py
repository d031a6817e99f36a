"""The mailroom's clerk over tables: reads tokens with the house's keys, and writes what a mail tells into the ledger.

Policy: 250 only after the commit. When the database is away (or its disk is full) the sender is told to come back (451), and
the next ones at the door (421): reports are not lost, and nobody waits in vain.
"""

import asyncio
import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections

from accounts import derived_keys
from accounts.tenancy import cross_tenant, tenant_scope_id
from contacts import tokens
from contacts.enums import ConsentSource, SuppressionReason
from sending import ports
from sending.actions import evidence
from sending.adapters.key_records import KeyRecords
from sending.adapters.late_waves import LateWaves
from sending.judging import likeness, trouble
from sending.judging.book import shipped
from sending.judging.replies import Reply, quoted
from sending.mailroom import sorting
from sending.mailroom.reception import Session
from sending.mailroom.signatures import DnsAway, Lookup, signed_by
from sending.mailroom.sorting import Address, Finding, Kind, Seals
from sending.models import Delivery
from sending.relay import verp
from sending.relay.ports import Wave

log = logging.getLogger(__name__)

THREADS = 4
AWAY_SECONDS = 5.0  # nobody is let in after the database failed; then the next one tries


def seals(lookup: Lookup) -> Seals:
    """How our tokens are read, with the keys of this installation, and signatures, with keys that `lookup` finds."""
    secrets = derived_keys.keys_for(verp.PURPOSE)
    return Seals(
        delivery=lambda word: verp.read(word, secrets=secrets),
        opt_out=lambda token: _opt_out_token(token) is not None,
        signer=lambda raw: signed_by(raw, lookup),
    )


def act(finding: Finding, waves: LateWaves | None = None) -> bool:
    """Write down what a mail tells; False when it changed nothing. Raises django.db.Error."""
    if finding.kind is Kind.IGNORED:
        return False
    if finding.kind is Kind.DMARC:
        return finding.report is not None and ports.dmarc.take(finding.report, signer=finding.signer)
    if finding.kind is Kind.OPTED_OUT:
        token = _opt_out_token(finding.token)
        if token is None or token.is_test:
            return False
        with tenant_scope_id(token.organization_id):
            return evidence.opted_out(
                contact_id=token.contact_id,
                about=token.about,
                source=ConsentSource.MAILTO,
                wording="Mail to the unsubscribe address",
            )
    with cross_tenant("a report names a message by our token, not by its organization"):
        delivery = (
            Delivery.objects.filter(pk=finding.delivery_id)
            .only("organization_id", "address", "provider", "contact_id")
            .first()
        )
    if delivery is None:
        return False
    if finding.kind is Kind.BOUNCED:
        return _bounced(finding, delivery, waves)
    with tenant_scope_id(delivery.organization_id):
        if finding.kind is Kind.LEFT:
            return delivery.contact_id is not None and evidence.opted_out(
                contact_id=delivery.contact_id,
                about=f"d{finding.delivery_id}",
                source=ConsentSource.MAILTO,
                wording=f"{finding.detail} report by {finding.text or 'their provider'}",
            )
        if finding.kind is Kind.ARRIVED:
            return evidence.arrived(
                delivery_id=finding.delivery_id, text=finding.text or "Their server confirmed the delivery."
            )
        return evidence.complained(delivery_id=finding.delivery_id, kind=finding.detail, agent=finding.text)


def _bounced(finding: Finding, delivery: Delivery, waves: LateWaves | None) -> bool:
    judgement = blame(finding, provider=delivery.provider, address=delivery.address)
    is_invalid = judgement.suppress == SuppressionReason.INVALID
    domain = delivery.address.rpartition("@")[2]
    place = likeness.place_of(provider=delivery.provider, domain=domain)
    like = ""
    if is_invalid:
        like = likeness.of(
            provider=delivery.provider, domain=domain, code=finding.code, status=finding.status, text=finding.text
        )
        if waves is not None:
            waves.refused(Wave(like, place, code_of(finding), likeness.plain(finding.text)))
    with tenant_scope_id(delivery.organization_id):
        return evidence.bounced(
            delivery_id=finding.delivery_id,
            code=code_of(finding),
            text=finding.text,
            reason=judgement.category,
            address_is_invalid=is_invalid,
            source="mailroom",
            likeness=like,
        )


def code_of(finding: Finding) -> str:
    """The reply as the ledger writes it: "550 5.1.1"."""
    return f"{finding.code or ''} {finding.status}".strip()


def blame(finding: Finding, *, provider: str = "", address: str = "") -> trouble.Judgement:
    """The class of a late bounce, and whether it costs the address: judged as a reply in a conversation would be."""
    if not provider or provider == "Other":
        provider = shipped().provider_of(host=finding.host, address=address)
    return trouble.judge_report(Reply(finding.code, finding.status, (quoted(finding.text).text,)), provider=provider)


class MailroomClerk:
    """A Clerk (see sending.mailroom.reception) that acts on what it gets. `handled` counts findings by kind."""

    def __init__(self, *, host_name: str, lookup: Lookup | None = None) -> None:
        """`lookup`: where DKIM keys are found; the DNS that the relay asks by default."""
        self._host_name = host_name
        self._seals = seals(lookup or KeyRecords(settings.RELAY_RESOLVER))
        self._away_until = 0.0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mailroom")
        self._waves = LateWaves()
        self.handled: Counter[str] = Counter()

    async def greet(self, session: Session) -> str:
        if time.monotonic() < self._away_until:
            return "421 4.3.2 We cannot write anything down at the moment; please come back in a few minutes"
        return f"220 {self._host_name} ESMTP Posthouse mailroom"

    async def mail(self, session: Session, sender: str) -> str:
        return "250 2.1.0 Fine"

    async def rcpt(self, session: Session, recipient: str) -> str:
        if sorting.address(recipient, self._seals) is None:
            return "550 5.1.1 There is no such mailbox here"
        return "250 2.1.5 Fine"

    async def take(self, session: Session, data: bytes) -> str:
        boxes = [box for box in (sorting.address(r, self._seals) for r in session.recipients) if box is not None]
        try:
            done = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._work, session.sender or "", boxes, data
            )
        except DnsAway as error:
            log.warning("mailroom: a signature cannot be checked now; its sender was asked to come back: %s", error)
            return "451 4.4.3 We cannot check who signed this at the moment; please try again later"
        except DatabaseError:
            log.exception("mailroom: a report could not be written down; its sender was asked to come back")
            self._away_until = time.monotonic() + AWAY_SECONDS
            return "451 4.3.0 We cannot write this down at the moment; please try again later"
        self.handled.update(done)
        return "250 2.0.0 Taken"

    def close(self) -> None:
        self._threads.shutdown(wait=True)

    def _work(self, sender: str, boxes: list[Address], data: bytes) -> list[str]:
        close_old_connections()
        try:
            kinds = []
            for box in boxes:
                finding = sorting.sort(sender=sender, to=box, raw=data, seals=self._seals)
                changed = act(finding, self._waves)
                kinds.append(str(finding.kind))
                log.info(
                    "mailroom: %s%s%s",
                    finding.kind,
                    f" ({finding.detail})" if finding.detail else "",
                    "" if changed else ", nothing changed",
                )
            return kinds
        except DatabaseError:
            connections.close_all()
            raise


def _opt_out_token(text: str) -> tokens.Token | None:
    return tokens.read_address(text)
