"""Reading approvals: what waits for a second person, and whether a campaign has its yes."""

from django.db.models import Count, QuerySet

from accounts.enums import Role
from accounts.models import Membership, Organization, User
from campaigns.enums import CampaignState, Decision
from campaigns.models import Approval, Campaign
from campaigns.queries import fingerprints


def last(campaign: Campaign) -> Approval | None:
    """The newest question about a campaign, whatever was decided."""
    asked = Approval.objects.filter(campaign=campaign).select_related("asked_by", "decided_by")
    return asked.order_by("-id").first()


def stands(campaign: Campaign) -> bool:
    """Whether somebody approved it exactly as it is now."""
    approval = last(campaign)
    return (
        approval is not None
        and approval.decision == Decision.APPROVED
        and approval.fingerprint == fingerprints.of(campaign)
    )


def waiting(organization: Organization) -> QuerySet[Approval]:
    """Questions that nobody has answered yet, the oldest first."""
    return (
        Approval.objects.filter(
            organization=organization, decision=Decision.WAITING, campaign__state=CampaignState.TO_APPROVE
        )
        .select_related("campaign", "campaign__topic", "campaign__segment", "asked_by")
        .order_by("id")
    )


def decided(organization: Organization, *, limit: int = 20) -> QuerySet[Approval]:
    """What was decided lately, the newest first."""
    found = Approval.objects.filter(organization=organization).exclude(decision=Decision.WAITING)
    return found.select_related("campaign", "asked_by", "decided_by").order_by("-id")[:limit]


def approvers(organization: Organization, *, but: User) -> list[User]:
    """The members who may answer a question of `but`: marketers and above, never the one who asks."""
    members = Membership.objects.filter(organization=organization, role__gte=Role.MARKETER, user__is_active=True)
    return [member.user for member in members.exclude(user=but).select_related("user").order_by("pk")]


def count(organization: Organization) -> int:
    """How many questions wait."""
    return waiting(organization).aggregate(n=Count("id"))["n"] or 0
