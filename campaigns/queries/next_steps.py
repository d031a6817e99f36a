"""The one most useful thing to do now, for somebody of a role."""

from dataclasses import dataclass

from accounts.enums import Role
from accounts.models import Organization, User
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.queries import approvals
from contacts.models import Contact
from sending.enums import DomainState
from sending.models import SendingDomain


@dataclass(frozen=True, slots=True)
class Step:
    """`names`: URL names, of which the first that exists is meant; `campaign` its argument, or ""."""

    title: str
    text: str
    label: str
    icon: str
    names: tuple[str, ...]
    campaign: str = ""


def of(organization: Organization, role: int, person: User) -> Step | None:
    """The next step of a person; None for those who only look on."""
    if role < Role.MARKETER:
        return None
    domains = SendingDomain.objects.filter(organization=organization)
    if not domains.filter(state=DomainState.VERIFIED).exists():
        waiting = domains.exists()
        if role >= Role.ADMIN:
            if waiting:
                return Step(
                    "Finish your sending domain",
                    "Its records are not found in DNS yet. Mail leaves once they are there.",
                    "See the records",
                    "world",
                    ("reputation:domains", "sending:domains"),
                )
            return Step(
                "Add your sending domain",
                "Mail needs a domain that vouches for it. We make the keys and show the records to paste.",
                "Add a domain",
                "world",
                ("reputation:domain_new", "sending:domain_new", "reputation:domains"),
            )
    if not Contact.objects.filter(organization=organization).exists():
        return Step(
            "Bring your people",
            "A CSV file from wherever they are now. You see what would happen before anything does.",
            "Import people",
            "file-import",
            ("contacts:import_new", "contacts:imports"),
        )
    asked = approvals.waiting(organization).exclude(asked_by=person).first() if organization.needs_approval else None
    if asked is not None:
        return Step(
            f"Look at “{asked.campaign.name}”",
            "A colleague asks whether it may be sent. It waits for your answer.",
            "Look at it",
            "circle-check",
            ("campaigns:campaign",),
            asked.campaign.public_id,
        )
    newest = Campaign.objects.filter(organization=organization).order_by("-id")
    drafted = newest.filter(state=CampaignState.DRAFT).first()
    if drafted is not None:
        return Step(
            f"Finish “{drafted.name}”",
            "The checklist says what is left before it can go.",
            "Go on",
            "send",
            ("campaigns:campaign",),
            drafted.public_id,
        )
    first = not newest.exists()
    return Step(
        "Write your first campaign" if first else "Write your next campaign",
        "Pick a template, change the words, send yourself a test.",
        "New campaign",
        "send",
        ("campaigns:campaign_new",),
    )
