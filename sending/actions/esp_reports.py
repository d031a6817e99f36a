"""What an ESP reports about a message that it has: delivered, come back, delayed, reported as spam, left.

Policy: only about messages of the account's own organization that went to this account last; anything else changes nothing.
The same report twice is one. Bounces are judged by the book, as replies to our own relay are. Opens and clicks are not taken:
they are counted by our own links, once.
"""

from dataclasses import dataclass
from enum import StrEnum

from accounts.tenancy import tenant_scope_id
from contacts.enums import ConsentSource, SuppressionReason
from sending.actions import evidence
from sending.adapters.late_waves import LateWaves
from sending.judging import likeness, trouble
from sending.judging.book import shipped
from sending.judging.replies import Reply, quoted
from sending.judging.trouble import Judgement
from sending.models import Delivery
from sending.relay.ports import Wave


class What(StrEnum):
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REFUSED = "refused"  # the ESP itself did not send it
    DELAYED = "delayed"
    COMPLAINED = "complained"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Report:
    """`id`: of the report; `invalid`: the ESP says that there is no such address; `text`: the receiving server's words, or the
    ESP's.
    """

    what: What
    delivery_id: int
    text: str = ""
    id: str = ""
    invalid: bool = False


_waves = LateWaves()


def take(*, organization_id: int, account_id: int, esp: str, report: Report) -> bool:
    """False when it changes nothing. Not inside of a scope."""
    with tenant_scope_id(organization_id):
        delivery = Delivery.objects.filter(pk=report.delivery_id, account_id=account_id).first()
    if delivery is None:
        return False
    if report.what in (What.BOUNCED, What.REFUSED):
        return _bounced(report, delivery, esp)
    reply = quoted(report.text)
    with tenant_scope_id(organization_id):
        if report.what is What.DELIVERED:
            return evidence.carried(delivery_id=delivery.pk, code=reply.codes if reply.code else "", text=report.text)
        if report.what is What.DELAYED:
            return evidence.delayed(
                delivery_id=delivery.pk,
                code=reply.codes if reply.code else "",
                text=report.text,
                report=report.id or report.text[:200],
            )
        if report.what is What.COMPLAINED:
            return evidence.complained(delivery_id=delivery.pk, kind="abuse", agent=esp)
        return delivery.contact_id is not None and evidence.opted_out(
            contact_id=delivery.contact_id,
            about=f"d{delivery.pk}",
            source=ConsentSource.API,
            wording=f"Left at {esp}, which told us",
        )


def _bounced(report: Report, delivery: Delivery, esp: str) -> bool:
    reply = quoted(report.text)
    judgement = _judge(report, reply, delivery)
    is_invalid = judgement.suppress == SuppressionReason.INVALID
    like = ""
    if is_invalid:
        domain = delivery.address.rpartition("@")[2]
        like = likeness.of(
            provider=delivery.provider, domain=domain, code=reply.code, status=reply.status, text=reply.text
        )
        place = likeness.place_of(provider=delivery.provider, domain=domain)
        _waves.refused(Wave(like, place, reply.codes, likeness.plain(reply.text)))
    with tenant_scope_id(delivery.organization_id):
        return evidence.bounced(
            delivery_id=delivery.pk,
            code=reply.codes if reply.code else "",
            text=report.text or f"{esp} gave no reason.",
            reason=judgement.category,
            address_is_invalid=is_invalid,
            source=esp.lower(),
            likeness=like,
        )


def _judge(report: Report, reply: Reply, delivery: Delivery) -> Judgement:
    if report.what is What.REFUSED and not report.invalid:
        return Judgement(trouble.Outcome.BOUNCED, "esp_suppressed")
    provider = delivery.provider or shipped().provider_of(host="", address=delivery.address)
    if report.invalid and not reply.code:
        reply = Reply(550, "5.1.1", reply.lines)
    return trouble.judge_report(reply, provider=provider)
