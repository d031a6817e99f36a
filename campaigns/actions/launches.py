"""Launch, and what may be done to a send: take back, pause, resume, cancel, finish.

Policy: every move goes through the lifecycle under a lock on the campaign's row, so a double click and two tabs make one
send. The view that launches only writes rows; the worker freezes the audience, and a sweep redoes what a crash left.
A launch waits out its undo window with its audience frozen (HOLDING); the ledger's hold on the mailing decides in the end
whether anything has left, and not the clock.
"""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from campaigns import ab_testing, lifecycle
from campaigns.careful_start import Settings
from campaigns.enums import CampaignState
from campaigns.errors import AudienceChanged, BadDesign, NotReady, Unlawful
from campaigns.models import Campaign
from campaigns.queries import approvals as approved
from campaigns.queries import audiences, checklist, content, moments, variants
from contacts.segments.tree import BadDefinition
from reputation.queries import warming
from sending.actions import letters, mailings
from sending.enums import REST, Hold, Reason
from sending.models import Letter, Mailing
from sending.queries import mailings as ledger

MUCH = 0.1  # of the audience, by which it may have changed between the look at the page and the press of the button
FEW = 10  # people more or less are never much


@transaction.atomic
def launch(*, campaign: Campaign, actor: User, accepted: Iterable[str] = (), seen: int | None = None) -> bool:
    """Freeze the content and start, or wait for its time. False when it was started before (by a second click).

    `accepted` names the checks whose warning was ticked; `seen` is the number of people that the page told. Raises NotReady
    with the findings that are in the way, AudienceChanged when it has changed much since, Unlawful without an approval
    where the organization asks for one.
    """
    campaign = locked(campaign)
    if campaign.state != CampaignState.DRAFT:
        return False
    ticked = check(campaign, accepted=accepted, seen=seen)
    if campaign.organization.needs_approval and not approved.stands(campaign):
        raise Unlawful("Somebody else has to approve this campaign before it is sent. Ask for approval.")
    begin(campaign, actor=actor, accepted=ticked)
    return True


def check(campaign: Campaign, *, accepted: Iterable[str] = (), seen: int | None = None) -> list[str]:
    """What the checklist finds in a locked campaign: the ticked warnings. Raises NotReady, AudienceChanged."""
    accepted = set(accepted)
    results = checklist.results(campaign)
    in_the_way = [r for r in results if r.status == "fail" or (r.wants_tick and r.name not in accepted)]
    if in_the_way:
        raise NotReady(in_the_way)
    campaign.expected_people = audiences.size(campaign) or 0
    if seen is not None and abs(campaign.expected_people - seen) > max(FEW, seen * MUCH):
        raise AudienceChanged(seen, campaign.expected_people)
    return sorted(accepted & {result.name for result in results if result.wants_tick})


def begin(campaign: Campaign, *, actor: User | None, accepted: list[str]) -> None:
    """Freeze the content of a locked campaign that may be sent; it starts now, or waits for its time."""
    now = timezone.now()
    when = moments.of(campaign, now)
    letter = _letter(campaign)
    mailing = mailings.open_(
        organization=campaign.organization, letter=letter, topic_id=campaign.topic_id, name=campaign.name
    )
    _divide(campaign, mailing, letter)
    campaign.mailing, campaign.accepted_warnings = mailing, accepted
    campaign.canary = {name: value for name, value in campaign.canary.items() if name != "outcome"}
    campaign.test = ab_testing.choices(campaign.test)
    campaign.launched_by, campaign.launched_at, campaign.leaves_at, campaign.problem = actor, now, when.leaves_at, ""
    move(
        campaign,
        CampaignState.SCHEDULED if when.waits(now) else CampaignState.LAUNCHING,
        *("mailing", "accepted_warnings", "launched_by", "launched_at", "leaves_at", "problem", "canary"),
        *("test", "expected_people"),
    )
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.campaign_scheduled" if when.waits(now) else "campaigns.campaign_launched",
        target=campaign,
        data={"accepted": accepted, "leaves_at": when.leaves_at.isoformat(), "people": campaign.expected_people},
    )


def _letter(campaign: Campaign) -> Letter:
    made = content.make(campaign)
    if made.plan is None:
        raise BadDesign("The content cannot be compiled just now. Try again.")
    assert campaign.domain is not None
    return letters.freeze(
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


def _divide(campaign: Campaign, mailing: Mailing, letter: Letter) -> None:
    """The parts of the mailing besides variant 0: those whose letters differ, and those who wait for the first ones."""
    versions = variants.of(campaign)
    for version in versions:
        own = _letter(version.campaign) if version.has_own_letter else letter
        mailings.add_variant(mailing=mailing, variant=version.number, letter=own)
    if Settings.of(campaign.canary) or (versions and campaign.test["share"] < 100):
        mailings.add_variant(mailing=mailing, variant=REST, letter=letter, hold=Hold.REST)


def _split(campaign: Campaign) -> Sequence[tuple[int, float]]:
    test = ab_testing.Settings.of(campaign.test)
    if test is not None:
        return ab_testing.split(test, len(variants.rows(campaign)), REST)
    careful = Settings.of(campaign.canary)
    return [(REST, 100 - careful.percent)] if careful else []


@transaction.atomic
def freeze(*, campaign: Campaign) -> bool:
    """The worker's part of a launch: everybody it is meant for becomes a row of the ledger. False when that is done.

    Waits for nobody: a row that another worker holds is left to it.
    """
    held = (
        Campaign.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("organization")
        .filter(pk=campaign.pk, state=CampaignState.LAUNCHING)
        .first()
    )
    if held is None or held.mailing is None or held.leaves_at is None:
        return False
    try:
        people = audiences.select(held)
    except BadDefinition as error:
        back_to_draft(held, problem=f"{error} Nothing was sent.")
        return False
    if people is None:
        return False
    in_window = held.leaves_at > timezone.now()
    size = mailings.seal(
        mailing=held.mailing,
        audience=people,
        split=_split(held),
        timing=moments.timing_of(held),
        undo_until=held.leaves_at if in_window else None,
        keenest_first=warming.is_warming(held.mailing.stream),
    )
    if held.test:
        held.test = ab_testing.begun(held.test, ledger.last_due(held.mailing))
    move(held, CampaignState.HOLDING if in_window else CampaignState.SENDING, "test")
    audit.record(
        organization=held.organization,
        verb="campaigns.audience_frozen",
        target=held,
        data={"people": size, "expected": held.expected_people},
    )
    return True


@transaction.atomic
def let_go(*, campaign: Campaign) -> bool:
    """The undo window is over: the campaign is being sent. False while it can still be taken back."""
    campaign = locked(campaign)
    if campaign.state != CampaignState.HOLDING or campaign.mailing is None:
        return campaign.state == CampaignState.SENDING
    if not mailings.let_go(mailing=campaign.mailing):
        return False
    move(campaign, CampaignState.SENDING)
    return True


@transaction.atomic
def take_back(*, campaign: Campaign, actor: User) -> Campaign:
    """Make it a draft again, before anything has left. Raises Unlawful when the window is over.

    What was frozen already stays in the ledger as a mailing of its own, whose rows become CANCELLED (`clear_away`): so its
    parts add up too, and the next launch is another mailing.
    """
    campaign = locked(campaign)
    frozen = campaign.state == CampaignState.HOLDING
    mailing = campaign.mailing
    if campaign.state == CampaignState.TO_APPROVE or not lifecycle.may(campaign.state, CampaignState.DRAFT):
        raise Unlawful(_TOO_LATE if campaign.state in lifecycle.IN_MOTION else _NOTHING)
    if frozen and (mailing is None or not mailings.take_back(mailing=mailing)):
        raise Unlawful(_TOO_LATE)
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.launch_taken_back",
        target=campaign,
        data={"people": mailing.audience_size if frozen and mailing else None},
    )
    back_to_draft(campaign, frozen=frozen)
    return campaign


_TOO_LATE = "It has begun to leave, so it cannot be taken back any more. Pause or cancel it instead."
_NOTHING = "There is nothing to take back."


def back_to_draft(campaign: Campaign, *, problem: str = "", frozen: bool = False) -> None:
    """A locked campaign becomes a draft again. What was not frozen yet leaves nothing behind."""
    mailing = campaign.mailing
    campaign.mailing, campaign.launched_at, campaign.leaves_at = None, None, None
    campaign.problem = problem
    move(campaign, CampaignState.DRAFT, "mailing", "launched_at", "leaves_at", "problem")
    if mailing is not None and not frozen:
        mailings.discard(mailing=mailing)


@transaction.atomic
def pause(*, campaign: Campaign, actor: User) -> None:
    """Let nothing more leave. Mail whose last byte is on its way arrives. Raises Unlawful."""
    campaign = locked(campaign)
    mailing = move(campaign, CampaignState.PAUSED)
    mailings.hold(mailing=mailing, hold=Hold.PAUSED)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.campaign_paused", target=campaign)


@transaction.atomic
def resume(*, campaign: Campaign, actor: User) -> None:
    """Go on after a pause. Raises Unlawful; also when its careful start stopped it: then somebody has to decide about that."""
    campaign = locked(campaign)
    if campaign.state != CampaignState.PAUSED:
        raise Unlawful(lifecycle.why_not(campaign.state, CampaignState.SENDING))
    if campaign.canary.get("outcome", {}).get("word") == "stop":
        raise Unlawful("Its careful start stopped it. Let it go on anyway, or cancel it.")
    held_at = campaign.mailing.held_at if campaign.mailing is not None else None
    if campaign.test and held_at is not None:
        campaign.test = ab_testing.put_off(campaign.test, timezone.now() - held_at)
    mailing = move(campaign, CampaignState.SENDING, "test")
    mailings.release(mailing=mailing)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.campaign_resumed", target=campaign)


@transaction.atomic
def cancel(*, campaign: Campaign, actor: User) -> None:
    """Stop for good: nothing more leaves from now on; the rows follow by `clear_away`. Raises Unlawful."""
    campaign = locked(campaign)
    mailing = move(campaign, CampaignState.CANCELLED)
    mailings.hold(mailing=mailing, hold=Hold.CANCELLED)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.campaign_cancelled", target=campaign)


def clear_away(*, mailing: Mailing) -> bool:
    """One batch of the waiting rows of a mailing that was cancelled or taken back. True while there may be more to do."""
    if mailing.hold != Hold.CANCELLED or mailing.finished_at is not None or mailing.sealed_at is None:
        return False
    campaign = Campaign.objects.filter(mailing=mailing).first()
    if mailings.cancel_some(mailing=mailing, reason=Reason.CANCELLED if campaign else Reason.TAKEN_BACK):
        return True
    if mailings.finish(mailing=mailing) and campaign is not None:
        campaign.finished_at = timezone.now()
        campaign.save(update_fields=["finished_at", "updated_at"])
    return False


@transaction.atomic
def finish_if_done(*, campaign: Campaign) -> bool:
    """Finish a campaign of which nothing is open any more."""
    campaign = locked(campaign)
    mailing = campaign.mailing
    if mailing is None or not lifecycle.may(campaign.state, CampaignState.FINISHED) or not _end(campaign):
        return False
    move(campaign, CampaignState.FINISHED)
    audit.record(organization=campaign.organization, verb="campaigns.campaign_finished", target=campaign)
    return True


@transaction.atomic
def reopen(*, mailing_id: int) -> None:
    """A message of a finished campaign goes out again: the campaign is being sent again."""
    campaign = Campaign.objects.select_for_update().filter(mailing_id=mailing_id, state=CampaignState.FINISHED).first()
    if campaign is not None:
        campaign.finished_at = None
        move(campaign, CampaignState.SENDING, "finished_at")


def _end(campaign: Campaign) -> bool:
    """Note that nothing of it is open any more; False when something is."""
    if campaign.mailing is None or not mailings.finish(mailing=campaign.mailing):
        return False
    campaign.finished_at = timezone.now()
    campaign.save(update_fields=["finished_at", "updated_at"])
    return True


def locked(campaign: Campaign) -> Campaign:
    """The campaign as it is now, locked until the transaction ends."""
    return Campaign.objects.select_for_update(of=("self",)).select_related("organization").get(pk=campaign.pk)


def move(campaign: Campaign, to: CampaignState, *fields: str):  # type: ignore[no-untyped-def]
    """Move a locked campaign, saving `fields` with it; gives its mailing."""
    if not lifecycle.may(campaign.state, to):
        raise Unlawful(lifecycle.why_not(campaign.state, to))
    campaign.state = to
    campaign.save(update_fields=["state", "updated_at", *fields])
    return campaign.mailing
