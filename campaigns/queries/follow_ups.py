"""What follows up on a send: whom a resend or a correction is for, in numbers, words and SQL; and what followed a campaign."""

from dataclasses import dataclass

from campaigns.enums import CampaignKind, CampaignState, ParentPeople
from campaigns.models import Campaign
from contacts.segments.sql import Sql
from reputation.queries import totals
from sending.queries import readers
from sending.queries.readers import Reaction

# In these states a campaign may be followed up: something of it may have arrived.
FOLLOWABLE = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.FINISHED, CampaignState.CANCELLED)
# Which people of the parent each kind may be for.
PEOPLE = {
    CampaignKind.RESEND: (ParentPeople.NO_OPEN, ParentPeople.CANNOT_TELL),
    CampaignKind.CORRECTION: (ParentPeople.GOT_IT, ParentPeople.CLICKED),
}
MOST_LEVELS = 20
_WORDS = {
    ParentPeople.NO_OPEN: "who did not open {}",
    ParentPeople.CANNOT_TELL: "of whom we cannot tell whether they opened {}",
    ParentPeople.GOT_IT: "who got {}",
    ParentPeople.CLICKED: "who clicked in {}",
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many got a send, and what they did: `opened`, `cannot_tell` and `no_open` add up to `got_it`."""

    got_it: int
    opened: int
    cannot_tell: int
    no_open: int
    clicked: int


def numbers(campaign: Campaign) -> Numbers:
    """Of a campaign that was sent, now."""
    if campaign.mailing_id is None:
        return Numbers(0, 0, 0, 0, 0)
    heard = readers.heard(campaign.mailing_id)
    got_it = max(totals.of_mailing(campaign.mailing_id).delivered, heard.opened + heard.cannot_tell)
    return Numbers(
        got_it=got_it,
        opened=heard.opened,
        cannot_tell=heard.cannot_tell,
        no_open=got_it - heard.opened - heard.cannot_tell,
        clicked=heard.clicked,
    )


def may_follow(campaign: Campaign) -> bool:
    """Whether it was sent, so that something can follow."""
    return campaign.state in FOLLOWABLE and campaign.mailing is not None and campaign.mailing.sealed_at is not None


def people_of_parent(campaign: Campaign) -> Sql | None:
    """A SELECT of contact_id: the chosen people of the send that a campaign follows; None for one that follows none."""
    if campaign.parent is None:
        return None
    mailing_id = campaign.parent.mailing_id
    if mailing_id is None:
        return Sql("SELECT NULL::bigint AS contact_id WHERE FALSE")
    return readers.of(mailing_id, [Reaction(each) for each in campaign.parent_people])


def in_words(campaign: Campaign) -> str:
    """The chosen people of the earlier send: "who did not open “Spring letter”"; "" when it follows none."""
    if campaign.parent is None:
        return ""
    names = [f"“{campaign.parent.name}”", *("it" for _ in campaign.parent_people)]
    some = (_WORDS[ParentPeople(each)].format(name) for each, name in zip(campaign.parent_people, names, strict=False))
    return ", or ".join(some)


def followers(campaign: Campaign) -> list[Campaign]:
    """The resends and corrections of a campaign, the newest first."""
    return list(Campaign.objects.filter(parent=campaign).order_by("-pk")[:20])


def mailings_before(campaign: Campaign) -> list[int]:
    """The mailings that a campaign repeats or corrects: of its parent, of the parent's parent, and so on."""
    found: list[int] = []
    parent_id = campaign.parent_id
    while parent_id is not None and len(found) < MOST_LEVELS:
        row = Campaign.objects.filter(pk=parent_id).values_list("mailing_id", "parent_id").first()
        if row is None:
            break
        if row[0] is not None:
            found.append(row[0])
        parent_id = row[1]
    return found
