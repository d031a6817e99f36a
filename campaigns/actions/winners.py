"""Who wins a test: look at what became of the versions, and let the rest have one; by itself, or by hand.

What was decided is kept in `Campaign.test`: "winner" (a version's number) and "outcome": {"word": "won" | "ask", "why", "at",
"by_hand"}. It is decided once: who is asked decides, and numbers that come later do not. The rest is one row of the ledger.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from campaigns import ab_testing
from campaigns.ab_testing import Settings
from campaigns.actions import launches, notices
from campaigns.enums import CampaignState
from campaigns.errors import Refused, Unlawful
from campaigns.models import Campaign
from campaigns.queries import variants
from sending.actions import mailings
from sending.enums import REST
from sending.models import MailingVariant


@transaction.atomic
def watch(*, campaign: Campaign) -> str:
    """One look at a test that runs; gives the word of what was decided now, "" for nothing."""
    campaign = launches.locked(campaign)
    settings = Settings.of(campaign.test)
    if settings is None or not settings.has_rest or campaign.state != CampaignState.SENDING:
        return ""
    over = variants.over_at(campaign)
    # Of so few people that no version has any, there is no time to wait for, and those who wait are not kept.
    if campaign.test.get("outcome") or (over is not None and over > timezone.now()):
        return ""
    verdict = ab_testing.judge(settings, variants.seen(campaign), is_over=True)
    if verdict.word == "wait":
        return ""
    if verdict.word == "win":
        _win(campaign, verdict.number, verdict.why)
        subject, then = "Decided", f"Version {ab_testing.name(verdict.number)} goes to the others now."
    else:
        _decide(campaign, "ask", verdict.why)
        subject, then = "Waits for you", "Choose the version that the others get, or cancel it."
    had = f"The versions of “{campaign.name}” have had their time."
    nobody = f"So few people get “{campaign.name}” that no version was tried with any."
    notices.tell(
        campaign=campaign,
        people=notices.owners_of(campaign),
        subject=f"{subject}: {campaign.name}",
        text=f"{nobody if over is None else had} {verdict.why}\n{then}",
    )
    audit.record(
        organization=campaign.organization,
        verb="campaigns.test_won" if verdict.word == "win" else "campaigns.test_asks",
        target=campaign,
        data={"why": verdict.why, **({"version": ab_testing.name(verdict.number)} if verdict.number else {})},
    )
    return "won" if verdict.word == "win" else "ask"


@transaction.atomic
def choose(*, campaign: Campaign, number: int, actor: User) -> None:
    """Let the rest have a version, whatever the numbers say, at any time. Raises Unlawful, Refused.

    A paused campaign stays paused: the rest gets it when it goes on.
    """
    campaign = launches.locked(campaign)
    settings = Settings.of(campaign.test)
    if settings is None or not settings.has_rest or campaign.mailing is None:
        raise Unlawful("Nobody waits for a winner.")
    if campaign.state not in (CampaignState.SENDING, CampaignState.PAUSED):
        raise Unlawful("A winner can be chosen while it is being sent.")
    if campaign.test.get("winner"):
        raise Unlawful("It has been decided already: the others have their version.")
    if number not in {row.number for row in variants.rows(campaign)}:
        raise Refused("There is no such version.")
    seen = variants.seen(campaign)
    said = ab_testing.in_words(settings, seen, ab_testing.read(settings, seen))
    over = variants.over_at(campaign)
    early = "" if over is not None and over <= timezone.now() else " before its time was over"
    _win(campaign, number, f"{actor} chose {ab_testing.name(number)}{early}. The numbers then: {said}", by_hand=True)
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.winner_chosen",
        target=campaign,
        data={"version": ab_testing.name(number), "numbers": said},
    )


def _win(campaign: Campaign, number: int, why: str, *, by_hand: bool = False) -> None:
    assert campaign.mailing is not None
    campaign.test = {**campaign.test, "winner": number}
    _decide(campaign, "won", why, by_hand=by_hand)
    row = MailingVariant.objects.select_related("letter").get(mailing=campaign.mailing, variant=number)
    mailings.release_variant(mailing=campaign.mailing, variant=REST, letter=row.letter)


def _decide(campaign: Campaign, word: str, why: str, *, by_hand: bool = False) -> None:
    outcome: dict[str, Any] = {"word": word, "why": why, "at": timezone.now().isoformat(), "by_hand": by_hand}
    campaign.test = {**campaign.test, "outcome": outcome}
    campaign.save(update_fields=["test", "updated_at"])
