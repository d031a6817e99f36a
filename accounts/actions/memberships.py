"""Who belongs to the organization, and as what.

Policy: nobody touches a role above their own or gives one, and an organization keeps at least one owner. The
organization's memberships are locked first, so that two owners cannot put each other out at the same moment.
"""

from accounts.actions import audit
from accounts.enums import Role
from accounts.errors import LastOwner, RoleTooHigh
from accounts.models import Membership, Organization, User


def _locked(organization: Organization) -> dict[int, Membership]:
    """All memberships by user, until the end of the transaction."""
    rows = Membership.objects.select_for_update().filter(organization=organization).order_by("pk")
    return {membership.user_id: membership for membership in rows}


def _check(members: dict[int, Membership], *, actor: User, touches: int, keeps_owner: bool) -> None:
    mine = members.get(actor.pk)
    if mine is None or mine.role < max(touches, Role.ADMIN):
        raise RoleTooHigh
    if not keeps_owner and sum(member.role == Role.OWNER for member in members.values()) < 2:
        raise LastOwner


def change_role(*, membership: Membership, role: Role, actor: User) -> None:
    """Give a member another role. Raises RoleTooHigh, LastOwner."""
    members = _locked(membership.organization)
    current = members[membership.user_id]
    if current.role == role:
        return
    _check(
        members,
        actor=actor,
        touches=max(current.role, role),
        keeps_owner=current.role != Role.OWNER or role == Role.OWNER,
    )
    before, current.role = Role(current.role), role
    current.save(update_fields=["role"])
    audit.record(
        organization=membership.organization,
        actor=actor,
        verb="accounts.member_role_changed",
        target=membership.user,
        data={"role": [before.label, role.label]},
    )


def remove(*, membership: Membership, actor: User) -> None:
    """Put a member out; anybody may leave. Raises RoleTooHigh, LastOwner."""
    members = _locked(membership.organization)
    current = members[membership.user_id]
    leaving = current.user_id == actor.pk
    if leaving:
        if current.role == Role.OWNER:
            _check(members, actor=actor, touches=current.role, keeps_owner=False)
    else:
        _check(members, actor=actor, touches=current.role, keeps_owner=current.role != Role.OWNER)
    current.delete()
    audit.record(
        organization=membership.organization,
        actor=actor,
        verb="accounts.member_left" if leaving else "accounts.member_removed",
        target=membership.user,
        data={"role": Role(current.role).label},
    )


def restore(*, organization: Organization, user: User, role: Role, actor: User) -> Membership:
    """Undo `remove`. Somebody who is a member again already stays as they are. Raises RoleTooHigh."""
    members = _locked(organization)
    if existing := members.get(user.pk):
        return existing
    _check(members, actor=actor, touches=role, keeps_owner=True)
    membership = Membership.objects.create(organization=organization, user=user, role=role)
    audit.record(
        organization=organization,
        actor=actor,
        verb="accounts.member_restored",
        target=user,
        data={"role": role.label},
    )
    return membership
