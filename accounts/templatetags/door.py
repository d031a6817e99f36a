"""The sandbox's login cards, on the login page."""

from typing import Any

from django import template
from django.conf import settings
from django.urls import NoReverseMatch, reverse

from accounts.enums import Role
from accounts.queries import houses

register = template.Library()
CARDS = {  # in the order of the page: role -> (icon, what one can try)
    Role.MARKETER: ("send", "Campaigns, people, templates."),
    Role.ADMIN: ("world-check", "All of that, and domains, members, the do-not-send list."),
    Role.OWNER: ("building", "Everything in the organization."),
    Role.ANALYST: ("chart-bar", "Looks at everything, changes nothing."),
}
OPERATOR = ("hand-stop", "What the relays hold and limit, of everybody's mail.")
INBOX = ("posthouse:inbox",)


def inbox_url() -> str:
    """The sandbox's inbox, a page of the roof; "" where there is none."""
    if settings.SANDBOX:
        for name in INBOX:
            try:
                return reverse(name)
            except NoReverseMatch:
                continue
    return ""


@register.inclusion_tag("account/login_cards.html", takes_context=True)
def login_cards(context: template.Context) -> dict[str, Any]:
    """One card for each role that the demo data has a person for; none outside of the sandbox."""
    if not settings.SANDBOX:
        return {"cards": []}
    cards: dict[str, dict[str, Any]] = {}
    for person in houses.demo_people():
        memberships = houses.memberships_of(person)
        if not memberships and not person.is_staff:
            continue
        role = max((Role(membership.role) for membership in memberships), default=None)
        label, (icon, text) = (role.label, CARDS[role]) if role is not None else ("Operator", OPERATOR)
        rank = list(CARDS).index(role) if role is not None else len(CARDS)
        cards.setdefault(label, {"rank": rank, "label": label, "icon": icon, "text": text, "person": person})
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "cards": sorted(cards.values(), key=lambda card: card["rank"]),
        "inbox": inbox_url(),
    }


@register.simple_tag
def sandbox_inbox() -> str:
    """The inbox that needs no login, where there is one."""
    return inbox_url()
