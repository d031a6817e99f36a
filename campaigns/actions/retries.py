"""Send failed and unconfirmed messages of a campaign again, by choice: a finished campaign is being sent again by it."""

from collections.abc import Collection

from django.db import transaction

from accounts.models import User
from campaigns.actions import launches
from campaigns.enums import CampaignState
from campaigns.errors import Refused, Unlawful
from campaigns.models import Campaign
from sending.actions import retries
from sending.enums import DeliveryState
from sending.errors import Refused as SendingRefused
from sending.models import Retry

STATES = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.FINISHED)


@transaction.atomic
def order(
    *, campaign: Campaign, groups: Collection[tuple[int, str, str]], twice_is_fine: bool, actor: User
) -> Retry | None:
    """Have these groups (state, reason, provider) sent again; None when something is being sent again already.

    Raises Refused without a choice, or when unconfirmed ones are among them and nobody has said that twice is fine.
    """
    campaign = launches.locked(campaign)
    if campaign.mailing is None or campaign.state not in STATES:
        raise Unlawful("Of this campaign nothing can be sent again.")
    if not groups:
        raise Refused("Choose what to send again.")
    if not twice_is_fine and any(state == DeliveryState.IN_DOUBT for state, _, _ in groups):
        raise Refused("Unconfirmed messages may arrive twice. Tick that you know, or leave them out.")
    try:
        retry = retries.order(mailing=campaign.mailing, groups=groups, actor=actor)
    except SendingRefused as refused:
        raise Refused(str(refused)) from refused
    if retry is not None:
        launches.reopen(mailing_id=campaign.mailing.pk)
    return retry
