"""Five things to try in the demo, and which of them have been done: told by what they left behind, never by a tick of ours."""

from dataclasses import dataclass

from accounts.models import AuditEntry, Organization
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from contacts.enums import ConsentAction
from contacts.models import ConsentRecord
from posthouse.demo.audience import YOU
from sending.enums import DeliveryState, DomainState
from sending.models import Delivery, SendingDomain

PULLED, PUBLISHED, TESTED = "sandbox.plug_pulled", "sandbox.records_published", "campaigns.test_sent"
NEWEST = 2_000  # deliveries among which a good example is sought


@dataclass(frozen=True)
class Deeds:
    """What has been done."""

    pulled: bool
    published: bool
    tested: bool
    left: bool


def deeds(organization: Organization) -> Deeds:
    """Two queries, inside of the organization's scope."""
    verbs = set(
        AuditEntry.objects.filter(organization=organization, verb__in=(PULLED, PUBLISHED, TESTED)).values_list(
            "verb", flat=True
        )
    )
    left = ConsentRecord.objects.filter(contact__address_key=YOU, action=ConsentAction.UNSUBSCRIBED).exists()
    return Deeds(pulled=PULLED in verbs, published=PUBLISHED in verbs, tested=TESTED in verbs, left=left)


def failing_domain(organization: Organization) -> str:
    """The public id of a domain that is not ready; "" when all are."""
    waiting = SendingDomain.objects.filter(organization=organization).exclude(state=DomainState.VERIFIED)
    return waiting.order_by("pk").values_list("public_id", flat=True).first() or ""


def draft(organization: Organization) -> str:
    """The public id of the newest draft; "" when there is none."""
    drafts = Campaign.objects.filter(organization=organization, state=CampaignState.DRAFT)
    return drafts.order_by("-pk").values_list("public_id", flat=True).first() or ""


def somebody_without_mail(organization: Organization) -> str:
    """The address of somebody whose mail is being retried, or else has bounced; "" when all got theirs."""
    mailing_id = (
        Campaign.objects.filter(organization=organization)
        .exclude(mailing=None)
        .order_by("-pk")
        .values_list("mailing_id", flat=True)
        .first()
    )
    if mailing_id is None:
        return ""
    for state in (DeliveryState.DEFERRED, DeliveryState.BOUNCED):
        # Replies about a full mailbox make the best story.
        waiting = Delivery.objects.filter(mailing_id=mailing_id, state=state).order_by("id")
        rows = list(waiting.values_list("address", "code")[:NEWEST])
        full = next((address for address, code in rows if code.endswith("2.2")), "")
        if full or rows:
            return full or rows[0][0]
    return ""
