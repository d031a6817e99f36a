"""What hangs over a send that has not left yet, or not with everybody: the countdown, the careful start."""

from typing import Any

from django import template
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.queries import canaries

register = template.Library()


@register.inclusion_tag("campaigns/launches/_net.html", takes_context=True)
def net_banner(context: template.Context, campaign: Campaign) -> dict[str, Any]:
    """The banner of the live page; nothing for a send that is simply on its way."""
    mailing = campaign.mailing
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "campaign": campaign,
        "may_write": context.get("may_write"),
        "in_window": campaign.state == "holding"
        and campaign.leaves_at is not None
        and campaign.leaves_at > timezone.now()
        and mailing is not None
        and mailing.hold == "undo",
        "careful": canaries.of(campaign),
        "size": mailing.audience_size if mailing else None,
    }
