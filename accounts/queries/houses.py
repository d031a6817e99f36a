"""What the pages of accounts read."""

from dataclasses import dataclass

from accounts.models import AuditEntry, Brand, Membership, Organization, User
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
    if before is not None:
        found = list(rows.filter(pk__gt=before).order_by("pk")[: PAGE + 1])
        newer, entries = len(found) > PAGE, list(reversed(found[:PAGE]))
        older = True
    else:
        found = list((rows.filter(pk__lt=after) if after is not None else rows).order_by("-pk")[: PAGE + 1])
        older, entries = len(found) > PAGE, found[:PAGE]
        newer = after is not None
    return Log(
        entries=entries,
        next=str(entries[-1].pk) if entries and older else None,
        previous=str(entries[0].pk) if entries and newer else None,
    )


def demo_people() -> list[User]:
    """Those whom the sandbox's login cards let in."""
    return list(User.objects.filter(is_demo=True, is_active=True).order_by("pk"))
