"""Tables of campaigns."""

from campaigns.models.campaign import Campaign
from campaigns.models.design import Design

__all__ = ["Campaign", "Design"]
