"""Answers contacts' questions about what letters say and whom they go to (contacts/ports.py)."""

import re

from django.db.models import Q

from campaigns.enums import CampaignState
from campaigns.models import Campaign, Design, Variant
from contacts.ports import Letter


class LetterAnswers:
    """Plugged in by posthouse/wiring.py."""

    def naming(self, *, organization_id: int, name: str) -> list[Letter]:
        whole = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        templates = Design.objects.filter(
            organization_id=organization_id, is_template=True, archived_at=None, mjml__contains=name
        )
        over = (CampaignState.FINISHED, CampaignState.CANCELLED)
        contains = Q(subject__contains=name) | Q(preheader__contains=name) | Q(design__mjml__contains=name)
        versions = Variant.objects.filter(contains, organization_id=organization_id).select_related("design")
        of_versions: dict[int, list[str]] = {}
        for version in versions.exclude(campaign__state__in=over):
            of_versions.setdefault(version.campaign_id, []).append(_said(version))
        unsent = Campaign.objects.filter(
            contains | Q(pk__in=list(of_versions)), organization_id=organization_id
        ).exclude(state__in=over)
        found = [
            Letter("template", design.name, "campaigns:design", (("design", design.public_id),))
            for design in templates.order_by("name", "pk")
            if whole.search(design.mjml)
        ]
        for campaign in unsent.select_related("design").order_by("name", "pk"):
            if whole.search("\n".join((_said(campaign), *of_versions.get(campaign.pk, ())))):
                what, page = (
                    ("draft", "campaigns:campaign_edit")
                    if campaign.state == CampaignState.DRAFT
                    else ("campaign", "campaigns:campaign")
                )
                found.append(Letter(what, campaign.name, page, (("campaign", campaign.public_id),)))
        return found

    def mailing_to(self, *, organization_id: int, segment_id: int) -> list[Letter]:
        campaigns = Campaign.objects.filter(organization_id=organization_id).filter(
            Q(segment_id=segment_id) | Q(excluded_segment_id=segment_id)
        )
        return [
            Letter(
                "campaign" if campaign.segment_id == segment_id else "campaign without them",
                campaign.name,
                "campaigns:campaign",
                (("campaign", campaign.public_id),),
            )
            for campaign in campaigns.order_by("-pk")[:100]
        ]


def _said(words: Campaign | Variant) -> str:
    return "\n".join((words.subject, words.preheader, words.design.mjml if words.design else ""))
