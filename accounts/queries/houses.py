"""What the pages of accounts read."""

from dataclasses import dataclass

from accounts.models import AuditEntry, Brand, Membership, Organization, User
from accounts.queries import keysets
from accounts.tenancy import person_scope

PAGE = 50


@dataclass(frozen=True)
class Log:
    """A page of the audit log, newest first. `next`, `previous`: cursors, None at an end."""

    entries: list[AuditEntry]
    next: str | None
    previous: str | None


def memberships_of(user: User) -> list[Membership]:
    """Where a person belongs, with the organizations, by name."""
    with person_scope(user.pk):
        return list(
            Membership.objects.select_related("organization")
            .filter(user=user, organization__is_house=False)
            .order_by("organization__name", "pk")
        )


def members(organization: Organization) -> list[Membership]:
    """The organization's members, the highest role first."""
    rows = Membership.objects.select_related("user").filter(organization=organization)
    return list(rows.order_by("-role", "user__name", "user__email"))


def default_brand(organization: Organization) -> Brand:
    """The organization's own brand. Raises Brand.DoesNotExist."""
    return Brand.objects.get(organization=organization, is_default=True)


def log(organization: Organization, *, after: int | None = None, before: int | None = None) -> Log:
    """A page of the log: the entries older than `after`, or those newer than `before`."""
    rows = AuditEntry.objects.filter(organization=organization)
    entries, following, preceding = keysets.newest_first(rows, PAGE, after=after, before=before)
    return Log(
        entries=entries,
        next=str(following) if following else None,
        previous=str(preceding) if preceding else None,
    )


def demo_people() -> list[User]:
    """Those whom the sandbox's login cards let in."""
    return list(User.objects.filter(is_demo=True, is_active=True).order_by("pk"))
