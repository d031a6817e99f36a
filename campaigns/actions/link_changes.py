"""A link of a campaign that was sent leads elsewhere: for whoever clicks from now on, in the mail that they have already."""

from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from accounts.models import Brand, User
from campaigns.actions import link_checks
from campaigns.errors import Refused
from campaigns.models import Campaign
from sending.actions import link_changes
from sending.errors import Refused as SendingRefused
from sending.tracking import destinations


@transaction.atomic
def change(
    *, campaign: Campaign, was: str, url: str, reason: str, actor: User, keep_tags: bool = False
) -> tuple[str, int]:
    """Lead a link elsewhere at once, and have the new address asked in the background: wake a worker when the number of
    addresses to ask, which is given with the new one, is not 0.

    `keep_tags`: the new address gets the tags for statistics of the old one. Raises Refused with a sentence.
    """
    url = url.strip()
    try:
        if keep_tags and not destinations.why_not(url):
            url = destinations.with_tags_of(was, url)
        made = link_changes.change(
            mailing=_mailing(campaign), was=was, url=url, reason=reason, actor=actor, ours=hosts(campaign)
        )
    except SendingRefused as refused:
        raise Refused(str(refused)) from refused
    return made.url, link_checks.want(organization=campaign.organization, urls=[made.url], again=True)


def lead_back(*, campaign: Campaign, was: str, actor: User) -> bool:
    """Let a link lead again where it led when it was sent; False when it does. Raises Refused."""
    try:
        return link_changes.lead_back(mailing=_mailing(campaign), was=was, actor=actor)
    except SendingRefused as refused:
        raise Refused(str(refused)) from refused


def hosts(campaign: Campaign) -> frozenset[str]:
    """Where recipients' pages of the organization can be: the link hosts of all its brands, and this app's own."""
    found = {urlsplit(address).hostname for address in (settings.LINK_URL, settings.BASE_URL)}
    own = Brand.objects.filter(organization_id=campaign.organization_id).values_list("link_host", flat=True)
    return frozenset(filter(None, {*found, *own}))


def _mailing(campaign: Campaign):  # type: ignore[no-untyped-def]
    if campaign.mailing is None:
        raise Refused("Nothing has been sent yet: change the link in the content.")
    return campaign.mailing
