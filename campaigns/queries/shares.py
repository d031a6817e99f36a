"""Shared reports: the link, and which of them still open."""

from dataclasses import dataclass

from django.core import signing
from django.db.models import Q
from django.utils import timezone

from accounts.models import Brand
from campaigns.models import Campaign, ReportShare

SALT = "campaigns.report_share"


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine token names."""

    organization_id: int
    share: str


def address_of(share: ReportShare, brand: Brand) -> str:
    """The link, on the brand's link host. Signed, because a public id alone is short enough to be guessed at length."""
    return f"{brand.link_base}/r/{signing.dumps([share.organization_id, share.public_id], salt=SALT)}"


def read(token: str) -> Link | None:
    """What the token says; None when we did not make it. Never raises."""
    try:
        organization_id, share = signing.loads(token[:300], salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Link(organization_id, share) if isinstance(organization_id, int) and isinstance(share, str) else None


def campaign_of(link: Link) -> Campaign | None:
    """The campaign whose report the link still opens; None once it was taken back or has ended. In the scope."""
    share = (
        _open()
        .select_related(
            *("campaign", "campaign__brand", "campaign__organization", "campaign__mailing", "campaign__topic"),
            "campaign__mailing__letter__organization",
        )
        .filter(public_id=link.share)
        .first()
    )
    return share.campaign if share is not None else None


def of(campaign: Campaign) -> list[tuple[ReportShare, str]]:
    """The links that open a campaign's report now, the newest first, with their addresses."""
    found = _open().select_related("made_by").filter(campaign=campaign).order_by("-pk")
    return [(share, address_of(share, campaign.brand)) for share in found[:50]]


def _open():  # type: ignore[no-untyped-def]
    return ReportShare.objects.filter(Q(ends_at=None) | Q(ends_at__gt=timezone.now()), revoked_at=None)
