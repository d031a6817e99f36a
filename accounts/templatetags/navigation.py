"""The map of the app: every entry of the side navigation, of + Create and of the organization menu, in one list.

An entry is hidden while none of its URL names resolves (the page does not exist), and from roles that may not use it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accounts.enums import Role

register = template.Library()


@dataclass(frozen=True)
class Entry:
    """`names`: URL names, the first that resolves counts. `only`: a choice of the organization that must be on."""

    label: str
    icon: str
    names: tuple[str, ...]
    need: Role = Role.ANALYST
    only: str = ""


@dataclass(frozen=True)
class Group:
    label: str
    entries: tuple[Entry, ...]
    foot: bool = False


MAP = (
    Group(
        "",
        (
            Entry("Home", "home", ("campaigns:home",)),
            Entry("Campaigns", "send", ("campaigns:campaigns",)),
            Entry("To approve", "circle-check", ("campaigns:approvals",), only="needs_approval"),
            Entry("Templates", "template", ("campaigns:designs",)),
        ),
    ),
    Group(
        "Audience",
        (
            Entry("People", "users", ("contacts:people", "contacts:contacts")),
            Entry("Segments", "filter", ("contacts:segments",)),
            Entry("Topics", "tags", ("contacts:topics",)),
            Entry("Sign-up forms", "user-plus", ("contacts:forms",)),
            Entry("Fields", "list-details", ("contacts:fields",)),
            Entry("Imports", "file-import", ("contacts:imports",)),
            Entry("Do-not-send list", "ban", ("contacts:suppressions",)),
            Entry("Audience health", "heart", ("contacts:health",)),
            Entry("Privacy requests", "shield", ("contacts:privacy_requests",)),
        ),
    ),
    Group(
        "Deliverability",
        (
            Entry("Domains", "world-check", ("reputation:domains", "sending:domains")),
            Entry("Messages", "mail", ("sending:messages", "campaigns:messages")),
            Entry("On its way", "mail-fast", ("campaigns:waiting",), Role.ADMIN),
            Entry("Addresses", "server-2", ("sending:addresses",), Role.ADMIN),
            Entry("Bounces to review", "mail-off", ("sending:bounces",)),
        ),
    ),
    Group(
        "",
        (
            Entry("Settings", "settings", ("accounts:settings",)),
            Entry("Sandbox inbox", "inbox", ("posthouse:inbox",)),
        ),
        foot=True,
    ),
)
CREATE = (
    Entry("Campaign", "send", ("campaigns:campaign_new",), Role.MARKETER),
    Entry("Import people", "file-import", ("contacts:import_new",), Role.MARKETER),
    Entry("Segment", "filter", ("contacts:segment_new",), Role.MARKETER),
    Entry("Topic", "tags", ("contacts:topic_new",), Role.MARKETER),
    Entry("Sign-up form", "user-plus", ("contacts:form_new",), Role.MARKETER),
    Entry("Template", "template", ("campaigns:design_new",), Role.MARKETER),
    Entry("Sending domain", "world", ("reputation:domain_new", "sending:domain_new"), Role.ADMIN),
)
ACCOUNT = (
    Entry("Settings", "settings", ("accounts:settings",)),
    Entry("Switch organization", "switch-horizontal", ("accounts:organizations",)),
    Entry("Your account", "user-circle", ("accounts:you",)),
)
OPERATING = (  # pages of the operator
    Entry("Holds and limits", "hand-stop", ("operating:rulings",)),
    Entry("Addresses", "server-2", ("leaving:addresses",)),
)
JOBS = ("contacts:jobs", "campaigns:jobs")  # fragments of kit/job.html rows
SEARCH = ("campaigns:messages", "sending:messages")


def address(request: HttpRequest, names: Iterable[str]) -> str:
    """Of the first name that resolves, in the request's organization or outside of any; else ""."""
    for name in names:
        for kwargs in ({"org": request.organization.public_id}, {}):
            try:
                return reverse(name, kwargs=kwargs)
            except NoReverseMatch:
                continue
    return ""


def visible(request: HttpRequest, entries: Iterable[Entry]) -> list[dict[str, str]]:
    """The entries that exist and that this member may use."""
    return [
        {"label": entry.label, "icon": entry.icon, "url": url}
        for entry in entries
        if (request.role or 0) >= entry.need
        and (not entry.only or getattr(request.organization, entry.only))
        and (url := address(request, entry.names))
    ]


def here(path: str, urls: Iterable[str]) -> str:
    """The entry that the path lies under: the longest that begins it."""
    return max(
        (url for url in urls if path == url or (path.startswith(url) and url.endswith("/"))), key=len, default=""
    )


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> dict[str, Any]:
    """Groups with entries (label, icon, url), the current entry's url, and the rest of the shell's links."""
    request = context["request"]
    groups = [
        {"label": group.label, "foot": group.foot, "entries": entries}
        for group in MAP
        if (entries := visible(request, group.entries))
    ]
    home = address(request, MAP[0].entries[0].names)
    urls = [entry["url"] for group in groups for entry in group["entries"]]
    deeper = [url for url in urls if url != home]
    return {
        "groups": groups,
        "current": here(request.path, deeper) or (home if request.path == home else ""),
        "home": home or reverse("accounts:front"),
        "create": visible(request, CREATE),
        "account": visible(request, ACCOUNT),
        "jobs": [url for name in JOBS if (url := address(request, (name,)))],
        "search": address(request, SEARCH),
    }


@register.simple_tag(takes_context=True)
def operator_pages(context: template.Context) -> list[dict[str, Any]]:
    """The operator's pages that exist, and which of them this is; [] for everybody else."""
    request = context["request"]
    if not getattr(request.user, "is_staff", False):
        return []
    found = []
    for entry in OPERATING:
        for name in entry.names:
            try:
                url = reverse(name)
            except NoReverseMatch:
                continue
            found.append({"label": entry.label, "icon": entry.icon, "url": url, "here": request.path.startswith(url)})
            break
    return found


@register.inclusion_tag("kit/sandbox_ribbon.html", takes_context=True)
def sandbox_ribbon(context: template.Context) -> dict[str, Any]:
    """Quiet and permanent, while the sandbox is on."""
    request = context["request"]
    inbox = address(request, ("posthouse:inbox",)) if getattr(request, "organization", None) else ""
    return {"sandbox": settings.SANDBOX, "inbox": inbox}
