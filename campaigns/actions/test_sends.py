"""A test of a draft, to one address or a few: the whole mail, merged for a chosen person, counted nowhere."""

from collections.abc import Sequence
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from django.db import transaction
from django.utils import timezone

from accounts import derived_keys
from accounts.actions import audit
from accounts.models import Organization, User
from campaigns.actions import campaigns
from campaigns.errors import BadDesign, Refused
from campaigns.models import Campaign
from campaigns.queries import content, variants
from contacts import tokens
from sending.actions import stored_mail
from sending.enums import DomainState, StreamKind
from sending.merging import Merged, Unmergeable
from sending.models import Delivery
from sending.tracking import tokens as tracking_tokens
from sending.tracking.about import of_delivery

MARK = "[Test] "
MOST_AN_HOUR = 100  # an organization's tests: they go to any address that is typed, and past the unsubscribed
# Python's default folds and encodes long header fields, which breaks List-Unsubscribe; ours may be 998 characters.
POLICY = SMTP.clone(max_line_length=998)


@transaction.atomic
def send(*, campaign: Campaign, to: Sequence[str], actor: User, person: str = "", version: int = 1) -> list[Delivery]:
    """Send a draft to these addresses as the person of the address `person` would get it ("": with the fallbacks).

    `version`: of a campaign that tests some.

    Raises Refused with a sentence when the content or the person is missing, or the domain missing or nobody's yet; then
    none of them gets it.
    """
    campaign = campaigns.draft(campaign)
    if (chosen := variants.version(campaign, version)) is not None:
        campaign = chosen.campaign
    if campaign.domain is None or not campaign.from_local:
        raise Refused("Choose the sender's address first: a test goes out like the real mail.")
    # A test leaves this house to whatever address was typed; nobody may write in the name of a domain that is not theirs.
    if campaign.domain.state == DomainState.PENDING:
        raise Refused(
            f"{campaign.domain.name} is not verified yet, so nothing leaves in its name. Publish its records first."
        )
    if _sent_lately(campaign.organization) + len(to) > MOST_AN_HOUR:
        raise Refused(f"At most {MOST_AN_HOUR} tests go out within an hour. Wait a little before the next one.")
    made = content.make(campaign)
    if made.plan is None:
        raise BadDesign(made.errors[0].message if made.errors else "There is no content yet. Pick a template.")
    contact = content.somebody(campaign, person) if person.strip() else None
    if person.strip() and contact is None:
        raise Refused(f"{person} is nobody of yours. Leave it empty to see the fallbacks.")
    token = tokens.mint(organization_id=campaign.organization_id, contact_id=tokens.TEST_CONTACT, about=of_delivery(0))
    base = campaign.brand.link_base
    unsubscribe_url = f"{base}/u/{token}"
    try:
        merged = content.show(
            made.plan,
            organization=campaign.organization,
            brand=campaign.brand,
            contact=contact,
            unsubscribe_url=unsubscribe_url,
            preferences_url=f"{base}/p/{token}",
            web_version_url=f"{base}/v/{_web_version_token()}",
            topic_name=campaign.topic.name if campaign.topic else "",
        )
    except Unmergeable as error:
        raise BadDesign(f"The content could not be made for {person or 'this test'}: {error}") from error
    sent = [_keep(campaign, merged, address, unsubscribe_url) for address in dict.fromkeys(to)]
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.test_sent",
        target=campaign,
        data={"to": ", ".join(dict.fromkeys(to))},
    )
    return sent


def _web_version_token() -> str:
    """A test has no web version: its link leads to a page that says so."""
    key = derived_keys.keys_for(tracking_tokens.PURPOSE)[0]
    return tracking_tokens.MessageTokens(delivery_id=tracking_tokens.TEST_DELIVERY, mailing_id=0, key=key).view()


def _keep(campaign: Campaign, merged: Merged, to: str, unsubscribe_url: str) -> Delivery:
    """One test, stored: the relay takes it from there."""
    domain = campaign.domain
    assert domain is not None
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(campaign.from_name or campaign.brand.name, campaign.from_local, domain.name)
    mail["To"] = to
    if campaign.reply_to:
        mail["Reply-To"] = campaign.reply_to
    mail["Subject"] = MARK + (merged.subject or "(no subject yet)")
    mail["Date"] = format_datetime(timezone.now())
    message_id = make_msgid(domain=domain.return_path)
    mail["Message-ID"] = message_id
    mail["List-Unsubscribe"] = f"<{unsubscribe_url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(merged.text, cte="quoted-printable")
    mail.add_alternative(merged.html, subtype="html", cte="quoted-printable")
    return stored_mail.keep(
        organization=campaign.organization,
        kind=StreamKind.TEST,
        to=to,
        raw=mail.as_bytes(),
        domain=domain,
        from_address=f"{campaign.from_local}@{domain.name}",
        subject=mail["Subject"],
        message_id=message_id.strip("<>"),
    )


def _sent_lately(organization: Organization) -> int:
    return Delivery.objects.filter(
        organization=organization,
        mailing__stream__kind=StreamKind.TEST,
        created_at__gt=timezone.now() - timedelta(hours=1),
    ).count()
