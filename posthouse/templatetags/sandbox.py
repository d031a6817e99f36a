"""The demo's "Five things to try" card."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.urls import NoReverseMatch, reverse

from accounts.access import may, tenant_url
from accounts.enums import Role
from posthouse.demo.audience import YOU
from posthouse.queries import five_things

register = template.Library()


@dataclass(frozen=True)
class Thing:
    """One thing to try. `button`: it is done by a POST."""

    label: str
    text: str
    url: str
    done: bool
    button: bool = False


@register.inclusion_tag("posthouse/five_things.html", takes_context=True)
def five_things_to_try(context: template.Context) -> dict[str, Any]:
    """For members of the demo organization in the sandbox; nothing for anybody else."""
    request = context["request"]
    organization = getattr(request, "organization", None)
    if not settings.SANDBOX or organization is None or not organization.is_demo:
        return {"things": []}
    deeds = five_things.deeds(organization)
    domain, draft = five_things.failing_domain(organization), five_things.draft(organization)
    things = [
        Thing(
            "Ask why somebody did not get it",
            "A full mailbox, in plain words, with what happens next.",
            _url(request, "sandbox:why"),
            bool(request.session.get("asked_why")),
        ),
        Thing(
            "Pull the plug",
            "Kill the relay in the middle of its work (kill -9), and count.",
            _url(request, "sandbox:pull_the_plug") if may(request, Role.MARKETER) else "",
            deeds.pulled,
            button=True,
        ),
        Thing(
            "Mend a domain",
            "A DMARC record is missing. Publish it in the sandbox’s DNS.",
            _url(request, "reputation:domain", domain=domain) if domain else "",
            deeds.published,
        ),
        Thing(
            "Send yourself a test",
            f"To {YOU}, for example. It lands in the sandbox inbox.",
            _url(request, "campaigns:campaign", campaign=draft) if draft else "",
            deeds.tested,
        ),
        Thing(
            "Unsubscribe as a reader",
            "Open a letter on the phone, and leave by its link.",
            f"{reverse('posthouse:inbox')}?mailbox={YOU}",
            deeds.left,
        ),
    ]
    shown = [thing for thing in things if thing.url or thing.done]
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "things": shown,
        "done": sum(thing.done for thing in shown),
        "yours": reverse("accounts:organization_new"),
    }


def _url(request: Any, name: str, **kwargs: str) -> str:
    try:
        return tenant_url(request, name, **kwargs)
    except NoReverseMatch:
        return ""
