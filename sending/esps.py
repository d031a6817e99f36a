"""The ESPs that an organization may bring: what each wants to be spoken to with, where its API is, how its reports are set up.

Policy: the hosts are fixed here. Nobody types one in, so that an account is no way into anybody's private network. Only
services that tell our own id back in their reports are here, since the report must find the message that it is about.
"""

from dataclasses import dataclass

from sending.enums import EspKind


@dataclass(frozen=True, slots=True)
class Field:
    """Something that an account is spoken to with. `name` as django-anymail calls it; `in_reports`: it proves reports."""

    name: str
    label: str
    help: str = ""
    is_secret: bool = True
    required: bool = True
    in_reports: bool = False


@dataclass(frozen=True, slots=True)
class Region:
    """Where an account lives, and the API there."""

    name: str
    label: str
    api: str


@dataclass(frozen=True, slots=True)
class Esp:
    """`mutes`: whether its own tracking of opens and clicks can be switched off in a call. `reports`: where its reports are set
    up; `events`: which to tick there.
    """

    kind: EspKind
    fields: tuple[Field, ...]
    regions: tuple[Region, ...]
    reports: str
    events: str
    mutes: bool = True
    at_once: int = 8  # calls

    @property
    def label(self) -> str:
        return str(self.kind.label)

    def region(self, name: str) -> Region:
        """The region of that name; the first for any other."""
        return next((region for region in self.regions if region.name == name), self.regions[0])


_KEY = Field("api_key", "API key")

ESPS: dict[str, Esp] = {
    esp.kind.value: esp
    for esp in (
        Esp(
            EspKind.MAILGUN,
            (
                Field("api_key", "Sending API key", "Of the sending domain, or of the whole account."),
                Field(
                    "webhook_signing_key",
                    "HTTP webhook signing key",
                    "In Mailgun under Settings, API security. Its reports are signed with it.",
                    in_reports=True,
                ),
            ),
            (
                Region("us", "United States", "https://api.mailgun.net/v3/"),
                Region("eu", "European Union", "https://api.eu.mailgun.net/v3/"),
            ),
            "Sending, Webhooks",
            "delivered, permanent failure, temporary failure, spam complaints and unsubscribes",
        ),
        Esp(
            EspKind.POSTMARK,
            (
                Field("server_token", "Server API token"),
                Field(
                    "message_stream",
                    "Message stream",
                    "Campaigns need a broadcast stream. Empty: the default transactional stream.",
                    is_secret=False,
                    required=False,
                ),
            ),
            (Region("", "", "https://api.postmarkapp.com/"),),
            "the message stream, Webhooks",
            "Delivery, Bounce, Spam complaint and Subscription change",
        ),
        Esp(
            EspKind.SENDGRID,
            (
                _KEY,
                Field(
                    "tracking_webhook_verification_key",
                    "Verification key of the event webhook",
                    "If you switch its signature on.",
                    required=False,
                    in_reports=True,
                ),
            ),
            (
                Region("global", "Global", "https://api.sendgrid.com/v3/"),
                Region("eu", "European Union", "https://api.eu.sendgrid.com/v3/"),
            ),
            "Settings, Mail settings, Event webhooks",
            "Delivered, Deferred, Bounced, Dropped, Spam reports and Unsubscribes",
        ),
        Esp(
            EspKind.BREVO,
            (_KEY,),
            (Region("", "", "https://api.brevo.com/v3/"),),
            "Transactional, Settings, Webhook",
            "delivered, soft and hard bounce, blocked, invalid, error, deferred, complaint and unsubscribed",
            mutes=False,
        ),
        Esp(
            EspKind.MAILJET,
            (_KEY, Field("secret_key", "Secret key")),
            (
                Region("eu", "Mailjet", "https://api.mailjet.com/v3.1/"),
                Region("us", "Mailjet US", "https://api.us.mailjet.com/v3.1/"),
            ),
            "Account settings, Event notifications",
            "Sent, Bounce, Blocked, Spam and Unsub",
        ),
        Esp(
            EspKind.SPARKPOST,
            (_KEY,),
            (
                Region("us", "United States", "https://api.sparkpost.com/api/v1/"),
                Region("eu", "European Union", "https://api.eu.sparkpost.com/api/v1/"),
            ),
            "Configuration, Webhooks",
            "Delivery, Bounce, Delay, Out of band, Policy rejection, Spam complaint and unsubscribes",
        ),
        Esp(
            EspKind.RESEND,
            (_KEY,),
            (Region("", "", "https://api.resend.com/"),),
            "Webhooks",
            "email.delivered, email.bounced, email.delivery_delayed and email.complained",
            mutes=False,
            at_once=2,
        ),
    )
}
