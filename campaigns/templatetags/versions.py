"""Versions of a campaign on its pages: how a test stands, and what is planned of one."""

from typing import Any

from django import template

from campaigns.models import Campaign
from campaigns.queries import moments, variants

register = template.Library()


@register.inclusion_tag("campaigns/variants/_results.html", takes_context=True)
def test_results(context: template.Context, campaign: Campaign) -> dict[str, Any]:
    """The panel of a test that was launched; nothing for any other campaign."""
    return {
        "request": context["request"],
        "campaign": campaign,
        "may_write": context.get("may_write"),
        "test": variants.results(campaign),
    }


@register.simple_tag
def versions_of(campaign: Campaign) -> list[variants.Version]:
    """The versions that a campaign tests, A first; none where nothing is tested."""
    return variants.of(campaign)


@register.simple_tag
def plan_of_test(campaign: Campaign) -> list[str]:
    """What is going to happen with the versions, sentence by sentence; nothing where nothing is tested."""
    return moments.of_test(campaign)
