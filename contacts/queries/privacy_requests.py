"""Requests under privacy law as a page: what is open by its due date first, then what is closed, newest first."""

from dataclasses import dataclass

from accounts.models import Organization
from accounts.queries import keysets
from contacts.enums import RequestState
from contacts.models import PrivacyRequest

PAGE = 50
OPEN_MOST = 500  # open ones that a page shows; more than that nobody works through in one sitting


@dataclass(frozen=True, slots=True)
class Page:
    """`open_`: on the first page only. `next`: the cursor for older closed ones."""

    open_: list[PrivacyRequest]
    closed: list[PrivacyRequest]
    overdue: int
    next: int | None = None
    previous: int | None = None


def page(organization: Organization, *, after: int | None = None, before: int | None = None) -> Page:
    rows = PrivacyRequest.objects.filter(organization=organization).select_related("handled_by")
    open_: list[PrivacyRequest] = []
    if after is None and before is None:
        open_ = list(rows.filter(closed_at=None).order_by("due_at", "pk")[:OPEN_MOST])
    # Links that nobody used are no requests that anybody has to answer; they would bury the others.
    closed = rows.filter(closed_at__isnull=False).exclude(state=RequestState.EXPIRED)
    found, following, preceding = keysets.newest_first(closed, PAGE, after=after, before=before)
    return Page(open_, found, overdue=sum(row.is_overdue for row in open_), next=following, previous=preceding)
