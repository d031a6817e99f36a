"""Our own words for what is kept about a person, in the person's language: for the page that shows them their data.

The file that they download says the same in English, because programs read it.
"""

from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.template.defaultfilters import yesno
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

register = template.Library()

# As the enums of contacts and sending call them; listed so that `make messages` finds them.
WORDS = (
    gettext_noop("Subscribed"),
    gettext_noop("Waiting for confirmation"),
    gettext_noop("Unsubscribed"),
    gettext_noop("Asked to confirm"),
    gettext_noop("Confirmed"),
    gettext_noop("Came back"),
    gettext_noop("Never confirmed"),
    gettext_noop("Taken back with its import"),
    gettext_noop("Says they never signed up"),
    gettext_noop("Import"),
    gettext_noop("Entered by a member"),
    gettext_noop("Sign-up form"),
    gettext_noop("Preference page"),
    gettext_noop("One-click unsubscribe"),
    gettext_noop("Unsubscribe by mail"),
    gettext_noop("Spam report"),
    gettext_noop("Unsubscribed from everything"),
    gettext_noop("Reported as spam"),
    gettext_noop("The address does not exist"),
    gettext_noop("Bounced again and again"),
    gettext_noop("Put on the list by a member"),
    gettext_noop("Brought from another service"),
    gettext_noop("Asked to be forgotten"),
    gettext_noop("Queued"),
    gettext_noop("Sending"),
    gettext_noop("Retrying"),
    gettext_noop("Delivered"),
    gettext_noop("Bounced"),
    gettext_noop("Gave up"),
    gettext_noop("Skipped"),
    gettext_noop("Cancelled"),
    gettext_noop("Our fault"),
    gettext_noop("Unconfirmed"),
    gettext_noop("deferred"),
    gettext_noop("delivered"),
    gettext_noop("bounced"),
    gettext_noop("expired"),
    gettext_noop("suppressed"),
    gettext_noop("cancelled"),
    gettext_noop("failed"),
    gettext_noop("in doubt"),
    gettext_noop("requeued"),
    gettext_noop("opened"),
    gettext_noop("opened machine"),
    gettext_noop("clicked"),
    gettext_noop("clicked machine"),
    gettext_noop("unsubscribed"),
    gettext_noop("complained"),
    gettext_noop("resubscribed"),
    gettext_noop("auto replied"),
    gettext_noop("late bounce"),
)


@register.filter
def spoken(words: str) -> str:
    """One of our words in the language of the page; what is none of ours stays as it is."""
    return gettext(words) if words in WORDS else words


@register.filter
def moment(text: str | None) -> str:
    """2024-01-22T09:30:00+00:00 as people of the page's language write it, in UTC; "" for none."""
    if not text:
        return ""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{date_format(at, 'DATE_FORMAT')} {at:%H:%M} UTC"


@register.filter
def told(value: Any) -> str:
    """The value of a field in the page's language: yes and no, days; all else as it is kept."""
    if isinstance(value, bool):
        return str(yesno(value))
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    text = str(value)
    try:
        return date_format(date.fromisoformat(text), "DATE_FORMAT") if len(text) == len("2024-01-22") else text
    except ValueError:
        return text
