"""A second person's yes or no, where the organization asks for it.

Policy: nobody approves what they asked for. A yes is for exactly what was looked at: content, audience and timing have one
fingerprint, and whoever changes one of them asks anew. The yes sends: as it was asked, at the time that was chosen.
"""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from campaigns.actions import launches, notices
from campaigns.enums import CampaignState, Decision
from campaigns.errors import Refused, Unlawful
from campaigns.models import Approval, Campaign
from campaigns.queries import approvals as reading
from campaigns.queries import fingerprints

MOST_WORDS = 2_000


@transaction.atomic
def ask(
    *, campaign: Campaign, actor: User, note: str = "", accepted: Iterable[str] = (), seen: int | None = None
) -> Approval | None:
    """Ask the others to approve a draft; None when it was asked or sent before (by a second click).

    Raises NotReady and AudienceChanged like a launch, Refused when there is nobody else who could say yes.
    """
    campaign = launches.locked(campaign)
    if campaign.state != CampaignState.DRAFT:
        return None
    ticked = launches.check(campaign, accepted=accepted, seen=seen)
    people = reading.approvers(campaign.organization, but=actor)
    if not people:
        raise Refused(
            "Nobody else here may approve it. Invite a second marketer, or have an admin turn approval off in the settings."
        )
    campaign.accepted_warnings, campaign.problem = ticked, ""
    launches.move(campaign, CampaignState.TO_APPROVE, "accepted_warnings", "problem", "expected_people")
    approval = Approval.objects.create(
        organization=campaign.organization,
        campaign=campaign,
        fingerprint=fingerprints.of(campaign),
        asked_by=actor,
        note=_words(note),
    )
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.approval_asked", target=campaign)
    notices.tell(
        campaign=campaign,
        people=people,
        subject=f"To approve: {campaign.name}",
        text=f"{actor} asks you to approve “{campaign.name}”, for {campaign.expected_people or 0:,} people."
        + (f"\n\n{approval.note}" if approval.note else ""),
    )
    return approval


@transaction.atomic
def approve(*, campaign: Campaign, actor: User, fingerprint: str = "") -> bool:
    """Say yes: it is sent as it was asked for. False when it was changed since, and is a draft again.

    `fingerprint`: of the page that was looked at, if it told one. Raises Refused for one's own, Unlawful when it does not
    wait any more, NotReady when the checklist stops it now.
    """
    campaign, approval = _question(campaign, actor)
    now = fingerprints.of(campaign)
    if now != approval.fingerprint or (fingerprint and fingerprint != now):
        why = "It was changed after it was asked for. Look at it, and ask again."
        _decide(approval, Decision.REFUSED, actor=None, answer=why)
        launches.back_to_draft(campaign, problem=why)
        audit.record(organization=campaign.organization, verb="campaigns.approval_outdated", target=campaign)
        _tell_asker(campaign, approval, "Changed, so not approved", why)
        return False
    ticked = launches.check(campaign, accepted=campaign.accepted_warnings)
    _decide(approval, Decision.APPROVED, actor=actor)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.campaign_approved", target=campaign)
    launches.begin(campaign, actor=approval.asked_by, accepted=ticked)
    _tell_asker(campaign, approval, "Approved", f"{actor} approved “{campaign.name}”.")
    return True


@transaction.atomic
def send_back(*, campaign: Campaign, actor: User, answer: str) -> None:
    """Say no, with words: it is a draft again. Raises Refused without words or for one's own, Unlawful."""
    campaign, approval = _question(campaign, actor)
    answer = _words(answer)
    if not answer:
        raise Refused("Say what should be different, so that they know what to do.")
    _decide(approval, Decision.REFUSED, actor=actor, answer=answer)
    launches.back_to_draft(campaign)
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.campaign_sent_back",
        target=campaign,
        data={"answer": answer},
    )
    _tell_asker(campaign, approval, "Sent back", f"{actor} sent “{campaign.name}” back:\n\n{answer}")


@transaction.atomic
def withdraw(*, campaign: Campaign, actor: User) -> None:
    """Ask no longer: it is a draft again, to be edited. Raises Unlawful."""
    campaign = launches.locked(campaign)
    if campaign.state != CampaignState.TO_APPROVE:
        raise Unlawful("It does not wait for approval any more.")
    approval = reading.last(campaign)
    if approval is not None and approval.decision == Decision.WAITING:
        _decide(approval, Decision.REFUSED, actor=actor, answer="Withdrawn.")
    launches.back_to_draft(campaign)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.approval_withdrawn", target=campaign)


def _question(campaign: Campaign, actor: User) -> tuple[Campaign, Approval]:
    """The locked campaign and what is asked. Raises Unlawful when nothing is asked, Refused for one's own."""
    campaign = launches.locked(campaign)
    approval = reading.last(campaign)
    if campaign.state != CampaignState.TO_APPROVE or approval is None or approval.decision != Decision.WAITING:
        raise Unlawful("It does not wait for approval any more.")
    if approval.asked_by_id == actor.pk:
        raise Refused("Nobody approves their own campaign. Somebody else has to look at it.")
    return campaign, approval


def _decide(approval: Approval, decision: Decision, *, actor: User | None, answer: str = "") -> None:
    approval.decision, approval.decided_by, approval.decided_at = decision, actor, timezone.now()
    approval.answer = answer
    approval.save(update_fields=["decision", "decided_by", "decided_at", "answer"])


def _tell_asker(campaign: Campaign, approval: Approval, word: str, text: str) -> None:
    notices.tell(campaign=campaign, people=[approval.asked_by], subject=f"{word}: {campaign.name}", text=text)


def _words(text: str) -> str:
    return text.replace("\x00", "").strip()[:MOST_WORDS]
