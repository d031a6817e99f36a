"""Every page that the face is proved on. Add yours: one line, and a function that makes what it shows.

`prepare` is called in the organization's scope with the organization, before the page is asked for; it returns the
URL's arguments (beside `org`). Pages are looked at as `who`: nobody, owner, marketer or analyst.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accounts.actions import audit
from accounts.models import Organization


def nothing(organization: Organization) -> dict[str, Any]:
    """The page of an organization in which nothing has happened yet."""
    return {}


@dataclass(frozen=True)
class Page:
    """`slug` names the picture; `view` the URL; `query` is added to the address; `tenant` puts `org` into it."""

    slug: str
    view: str
    who: str = "owner"
    prepare: Callable[[Organization], dict[str, Any]] = nothing
    query: str = ""
    tenant: bool = True
    status: int = 200
    ignores: tuple[str, ...] = field(default=())  # axe rules, with the reason beside the entry


def two_pages_of_log(organization: Organization) -> dict[str, Any]:
    for n in range(60):
        audit.record(
            organization=organization, verb="contacts.import_applied", target=organization, data={"people": [0, n * 97]}
        )
    return {}


PAGES = [
    Page("log-in", "account_login", who="nobody", tenant=False),
    Page("sign-up", "account_signup", who="nobody", tenant=False),
    Page("confirmation-sent", "account_email_verification_sent", who="nobody", tenant=False),
    Page("forgot-password", "account_reset_password", who="nobody", tenant=False),
    Page("new-password", "account_change_password", tenant=False),
    Page("addresses", "account_email", tenant=False),
    Page("log-out", "account_logout", tenant=False),
    Page("you", "accounts:you", tenant=False),
    Page("organizations", "accounts:organizations", tenant=False),
    Page("new-organization", "accounts:organization_new", tenant=False),
    Page("settings", "accounts:settings"),
    Page("settings-analyst", "accounts:settings", who="analyst"),
    Page("brand", "accounts:brand"),
    Page("members", "accounts:members"),
    Page("audit-log-empty", "accounts:audit_log"),
    Page("audit-log", "accounts:audit_log", prepare=two_pages_of_log),
    Page("kit", "accounts:kit", tenant=False, query="toasts"),
    Page("recipient", "accounts:kit_recipient", who="nobody", tenant=False),
]
