"""Careful starts: look at what became of the first group, and let the rest go, ask somebody, or stop.

What was decided is kept in `Campaign.canary["outcome"]`: {"word": "go" | "ask" | "stop", "why", "at", "by_hand"}.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from campaigns.actions import launches, notices
from campaigns.careful_start import Settings, Verdict, judge
from campaigns.enums import CampaignState
from campaigns.errors import Unlawful
from campaigns.models import Campaign
from campaigns.queries import canaries
from sending.actions import mailings
from sending.enums import REST, Hold


@transaction.atomic
def watch(*, campaign: Campaign) -> str:
    """One look at a careful start; gives the word of what was decided now, "" for nothing."""
    campaign = launches.locked(campaign)
    settings = Settings.of(campaign.canary)
    if settings is None or campaign.mailing is None or campaign.state != CampaignState.SENDING:
        return ""
    before = campaign.canary.get("outcome", {}).get("word", "")
    if before in ("go", "stop"):
        return ""
    verdict = judge(settings, canaries.seen(campaign))
    if verdict.word == "wait" or verdict.word == before:
        return ""
    _decide(campaign, verdict)
    if verdict.word == "go":
        mailings.release_variant(mailing=campaign.mailing, variant=REST)
    elif verdict.word == "stop":
        launches.move(campaign, CampaignState.PAUSED)
        mailings.hold(mailing=campaign.mailing, hold=Hold.PAUSED)
        _tell(
            campaign,
            f"Stopped: {campaign.name}",
            f"The careful start of “{campaign.name}” stopped it. {verdict.why}\nNobody else gets it until you decide.",
        )
    else:
        _tell(
            campaign,
            f"Waits for you: {campaign.name}",
            f"The first people have “{campaign.name}”. {verdict.why}\nLet the others have it too, or cancel it.",
        )
    audit.record(
        organization=campaign.organization,
        verb={"go": "campaigns.canary_passed", "ask": "campaigns.canary_asks", "stop": "campaigns.canary_stopped"}[
            verdict.word
        ],
        target=campaign,
        data={"why": verdict.why},
    )
    return verdict.word


@transaction.atomic
def go_on(*, campaign: Campaign, actor: User) -> None:
    """Let the rest go, whatever the first group says. Raises Unlawful when nothing waits."""
    campaign = _undecided(campaign)
    assert campaign.mailing is not None
    if campaign.state == CampaignState.PAUSED:
        launches.move(campaign, CampaignState.SENDING)
        mailings.release(mailing=campaign.mailing)
    _decide(campaign, Verdict("go", f"{actor} let it go on."), by_hand=True)
    mailings.release_variant(mailing=campaign.mailing, variant=REST)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.canary_let_go", target=campaign)


@transaction.atomic
def stop(*, campaign: Campaign, actor: User) -> None:
    """Stop it by hand, before the time is over. Raises Unlawful when the rest went already."""
    campaign = _undecided(campaign)
    assert campaign.mailing is not None
    if campaign.canary.get("outcome", {}).get("word") == "stop":
        raise Unlawful("It has been stopped already.")
    if campaign.state == CampaignState.SENDING:
        launches.move(campaign, CampaignState.PAUSED)
        mailings.hold(mailing=campaign.mailing, hold=Hold.PAUSED)
    _decide(campaign, Verdict("stop", f"{actor} stopped it."), by_hand=True)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.canary_halted", target=campaign)


def _undecided(campaign: Campaign) -> Campaign:
    campaign = launches.locked(campaign)
    if (
        Settings.of(campaign.canary) is None
        or campaign.mailing is None
        or campaign.state not in (CampaignState.SENDING, CampaignState.PAUSED)
        or campaign.canary.get("outcome", {}).get("word") == "go"
    ):
        raise Unlawful("Nobody waits for what becomes of the first people any more.")
    return campaign


def _decide(campaign: Campaign, verdict: Verdict, *, by_hand: bool = False) -> None:
    outcome: dict[str, Any] = {"word": verdict.word, "why": verdict.why, "at": timezone.now().isoformat()}
    campaign.canary = {**campaign.canary, "outcome": {**outcome, "by_hand": by_hand}}
    campaign.save(update_fields=["canary", "updated_at"])


def _tell(campaign: Campaign, subject: str, text: str) -> None:
    notices.tell(campaign=campaign, people=notices.owners_of(campaign), subject=subject, text=text)
