"""Tables of campaigns."""

from campaigns.models.approval import Approval
from campaigns.models.block import Block
from campaigns.models.brand_kit import BrandKit
from campaigns.models.campaign import Campaign
from campaigns.models.design import Design, DesignVersion
from campaigns.models.link_check import LinkCheck
from campaigns.models.media import Media
from campaigns.models.report_share import ReportShare
from campaigns.models.tester import Tester
from campaigns.models.variant import Variant

__all__ = [
    "Approval",
    "Block",
    "BrandKit",
    "Campaign",
    "Design",
    "DesignVersion",
    "LinkCheck",
    "Media",
    "ReportShare",
    "Tester",
    "Variant",
]
