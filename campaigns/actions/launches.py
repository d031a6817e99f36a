"""Launch, and what may be done to a send: pause, resume, cancel, finish.

Policy: every move goes through the lifecycle under a lock on the campaign's row, so a double click and two tabs make one
send. The view that launches only writes rows; the worker freezes the audience, and a sweep redoes what a crash left.
"""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from campaigns import lifecycle
from campaigns.enums import CampaignState
from campaigns.errors import BadDesign, NotReady, Unlawful
from campaigns.models import Campaign
from campaigns.queries import checklist, content
from contacts.queries import audience
from contacts.segments.tree import BadDefinition
from sending.actions import letters, mailings
from sending.enums import Hold


@transaction.atomic
def launch(*, campaign: Campaign, actor: User, accepted: Iterable[str] = ()) -> bool:
    """Freeze the content and start. False when it was started before (by a second click).

    `accepted` names the checks whose warning was ticked. Raises NotReady with the findings that are in the way.
    """
    campaign = _locked(campaign)
    if campaign.state != CampaignState.DRAFT:
        return False
    accepted = set(accepted)
    results = checklist.results(campaign)
    in_the_way = [
        r for r in results if r.status == "fail" or (r.status in ("warn", "unknown") and r.name not in accepted)
    ]
    if in_the_way:
        raise NotReady(in_the_way)
    made = content.make(campaign)
    if made.plan is None:
        raise BadDesign("The content cannot be compiled just now. Try again.")
    assert campaign.domain is not None
    letter = letters.freeze(
        organization=campaign.organization,
        brand=campaign.brand,
        domain=campaign.domain,
        from_name=campaign.from_name,
        from_local=campaign.from_local,
        reply_to=campaign.reply_to,
        subject=campaign.subject,
        preheader=campaign.preheader,
        html=made.compiled.html if made.compiled else "",
        text=made.compiled.text if made.compiled else "",
        plan=made.plan,
    )
    campaign.mailing = mailings.open_(
        organization=campaign.organization, letter=letter, topic_id=campaign.topic_id, name=campaign.name
    )
    campaign.accepted_warnings = sorted(accepted & {result.name for result in results if result.status != "pass"})
    campaign.launched_by, campaign.launched_at, campaign.problem = actor, timezone.now(), ""
    _move(campaign, CampaignState.LAUNCHING, "mailing", "accepted_warnings", "launched_by", "launched_at", "problem")
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.campaign_launched",
        target=campaign,
        data={"accepted": campaign.accepted_warnings},
    )
    return True


@transaction.atomic
def freeze(*, campaign: Campaign) -> bool:
    """The worker's part of a launch: everybody it is meant for becomes a row of the ledger. False when that is done.

    Waits for nobody: a row that another worker holds is left to it.
    """
    held = (
        Campaign.objects.select_for_update(skip_locked=True)
        .filter(pk=campaign.pk, state=CampaignState.LAUNCHING)
        .first()
    )
    if held is None or held.mailing is None or held.topic is None:
        return False
    try:
        people = audience.select(
            organization=held.organization,
            topic=held.topic,
            segment=held.segment,
            excluded=held.excluded_segment,
        )
    except BadDefinition as error:
        mailing = held.mailing
        held.mailing, held.launched_at, held.launched_by = None, None, None
        held.problem = f"{error} Nothing was sent."
        _move(held, CampaignState.DRAFT, "mailing", "launched_at", "launched_by", "problem")
        mailings.discard(mailing=mailing)
        return False
    size = mailings.seal(mailing=held.mailing, audience=people)
    _move(held, CampaignState.SENDING)
    audit.record(organization=held.organization, verb="campaigns.audience_frozen", target=held, data={"people": size})
    return True


@transaction.atomic
def pause(*, campaign: Campaign, actor: User) -> None:
    """Let nothing more leave. Mail whose last byte is on its way arrives. Raises Unlawful."""
    campaign = _locked(campaign)
    mailing = _move(campaign, CampaignState.PAUSED)
    mailings.hold(mailing=mailing, hold=Hold.PAUSED)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.campaign_paused", target=campaign)


@transaction.atomic
def resume(*, campaign: Campaign, actor: User) -> None:
    """Go on after a pause. Raises Unlawful."""
    campaign = _locked(campaign)
    if campaign.state != CampaignState.PAUSED:
        raise Unlawful(lifecycle.why_not(campaign.state, CampaignState.SENDING))
    mailing = _move(campaign, CampaignState.SENDING)
    mailings.release(mailing=mailing)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.campaign_resumed", target=campaign)


@transaction.atomic
def cancel(*, campaign: Campaign, actor: User) -> None:
    """Stop for good: nothing more leaves from now on; the rows follow by `clear_away`. Raises Unlawful."""
    campaign = _locked(campaign)
    mailing = _move(campaign, CampaignState.CANCELLED)
    mailings.hold(mailing=mailing, hold=Hold.CANCELLED)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.campaign_cancelled", target=campaign)


def clear_away(*, campaign: Campaign) -> bool:
    """One batch of a cancelled campaign's waiting rows. True while there may be more to do."""
    mailing = campaign.mailing
    if campaign.state != CampaignState.CANCELLED or mailing is None or mailing.finished_at is not None:
        return False
    if mailings.cancel_some(mailing=mailing):
        return True
    _end(campaign)
    return False


@transaction.atomic
def finish_if_done(*, campaign: Campaign) -> bool:
    """Finish a campaign of which nothing is open any more."""
    campaign = _locked(campaign)
    mailing = campaign.mailing
    if mailing is None or not lifecycle.may(campaign.state, CampaignState.FINISHED) or not _end(campaign):
        return False
    _move(campaign, CampaignState.FINISHED)
    audit.record(organization=campaign.organization, verb="campaigns.campaign_finished", target=campaign)
    return True


@transaction.atomic
def reopen(*, mailing_id: int) -> None:
    """A message of a finished campaign goes out again: the campaign is being sent again."""
    campaign = Campaign.objects.select_for_update().filter(mailing_id=mailing_id, state=CampaignState.FINISHED).first()
    if campaign is not None:
        campaign.finished_at = None
        _move(campaign, CampaignState.SENDING, "finished_at")


def _end(campaign: Campaign) -> bool:
    """Note that nothing of it is open any more; False when something is."""
    if campaign.mailing is None or not mailings.finish(mailing=campaign.mailing):
        return False
    campaign.finished_at = timezone.now()
    campaign.save(update_fields=["finished_at", "updated_at"])
    return True


def _locked(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_for_update().get(pk=campaign.pk)


def _move(campaign: Campaign, to: CampaignState, *fields: str):  # type: ignore[no-untyped-def]
    """Move a locked campaign, saving `fields` with it; gives its mailing."""
    if not lifecycle.may(campaign.state, to):
        raise Unlawful(lifecycle.why_not(campaign.state, to))
    campaign.state = to
    campaign.save(update_fields=["state", "updated_at", *fields])
    return campaign.mailing
