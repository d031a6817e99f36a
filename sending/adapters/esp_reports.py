"""From an ESP's request to reports: django-anymail's own views prove and read it.

Trap: those views trust what they have proved. Whoever has the password may still send anything, so all that it may be is
an answer about a message whose mark we signed; what is missing or of another shape is Unreadable and never an error of ours.
"""

import warnings
from importlib import import_module
from typing import Any

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from accounts import derived_keys
from sending.actions.esp_accounts import REPORTS_USER
from sending.actions.esp_reports import Report, What
from sending.adapters.esp_messages import MARK
from sending.enums import EspKind
from sending.esps import ESPS
from sending.relay import verp

MOST_EVENTS = 5_000
MAX_TEXT = 1_000
_VIEWS = {
    EspKind.MAILGUN: "MailgunTrackingWebhookView",
    EspKind.POSTMARK: "PostmarkTrackingWebhookView",
    EspKind.SENDGRID: "SendGridTrackingWebhookView",
    EspKind.BREVO: "BrevoTrackingWebhookView",
    EspKind.MAILJET: "MailjetTrackingWebhookView",
    EspKind.SPARKPOST: "SparkPostTrackingWebhookView",
    EspKind.RESEND: "ResendTrackingWebhookView",
}
_WHAT = {
    EventType.DELIVERED: What.DELIVERED,
    EventType.BOUNCED: What.BOUNCED,
    EventType.REJECTED: What.REFUSED,
    EventType.FAILED: What.REFUSED,
    EventType.DEFERRED: What.DELAYED,
    EventType.COMPLAINED: What.COMPLAINED,
    EventType.UNSUBSCRIBED: What.LEFT,
}


class Forged(Exception):
    """It does not come from the ESP, or not for this account."""


class Unreadable(Exception):
    """It is none of the ESP's reports."""


def read(*, kind: EspKind, secrets: dict[str, str], request: HttpRequest) -> list[Report]:
    """The reports in a request that are about messages of ours. Raises Forged, Unreadable."""
    view = _view(kind, secrets, request)
    try:
        view.run_validators(request)
    except (AnymailWebhookValidationFailure, SuspiciousOperation) as error:
        raise Forged(str(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Forged("What should prove it cannot be read.") from error
    try:
        events = view.parse_events(request)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, AnymailError) as error:
        raise Unreadable(str(error)) from error
    if len(events) > MOST_EVENTS:
        raise Unreadable(f"More than {MOST_EVENTS} events at once.")
    return [report for report in (_report(event) for event in events) if report is not None]


def _view(kind: EspKind, secrets: dict[str, str], request: HttpRequest) -> Any:
    made = getattr(import_module(f"anymail.webhooks.{kind.value}"), _VIEWS[kind])
    own = {field.name: secrets.get(field.name, "") for field in ESPS[kind].fields if field.in_reports}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        view = made(
            basic_auth=[f"{REPORTS_USER}:{secrets['password']}"],
            webhook_secret=[f"{REPORTS_USER}:{secrets['password']}"],
            **{name: value for name, value in own.items() if value},
        )
    view.setup(request)
    return view


def _report(event: AnymailTrackingEvent) -> Report | None:
    what = _WHAT.get(event.event_type)
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    mark = metadata.get(MARK)
    if what is None or not isinstance(mark, str):
        return None
    delivery_id = verp.read(mark, secrets=derived_keys.keys_for(verp.PURPOSE))
    if delivery_id is None:
        return None
    raw = event.esp_event.get("error") if isinstance(event.esp_event, dict) else ""  # Mailjet's only words
    texts = (event.mta_response, event.description, raw, event.reject_reason)
    text = next((words for words in texts if isinstance(words, str) and words), "")
    when = event.timestamp.isoformat() if event.timestamp is not None else ""
    return Report(
        what,
        delivery_id,
        text[:MAX_TEXT],
        str(event.event_id or when)[:200],
        event.reject_reason == RejectReason.INVALID,
    )
