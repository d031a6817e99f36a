"""Members: roles, removal, undo; the last owner cannot go."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import AuditEntry, Membership, Organization, User
from accounts.tenancy import tenant_scope
from tests.cast import house, logged_in, person

pytestmark = pytest.mark.django_db


def url(organization: Organization, name: str = "members", **kwargs: object) -> str:
    return reverse(f"accounts:{name}", kwargs={"org": organization.public_id, **kwargs})


def membership(organization: Organization, user: User) -> Membership | None:
    with tenant_scope(organization):
        return Membership.objects.filter(user=user).first()


def id_of(organization: Organization, user: User) -> int:
    found = membership(organization, user)
    assert found is not None
    return found.pk


def role_of(organization: Organization, user: User) -> int | None:
    found = membership(organization, user)
    return found and found.role


def said(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_everybody_sees_everybody(as_analyst: Client, organization: Organization) -> None:
    page = said(as_analyst, url(organization))
    assert all(name in page for name in ("Olga", "Mara", "Ana"))
    assert "Remove" not in page


def test_the_list_asks_as_many_questions_for_one_as_for_three(
    as_owner: Client, organization: Organization, django_assert_num_queries: object
) -> None:
    lonely = person("Lena")
    small = house("Small", {lonely: Role.OWNER})
    for client, where in ((logged_in(lonely), small), (as_owner, organization)):
        with django_assert_num_queries(QUERIES):  # type: ignore[operator]
            client.get(url(where))


# Session, person; the person's scope and membership; the organization's scope; the members: not one more a row.
QUERIES = 12


def test_a_role_is_changed_and_written_down(as_owner: Client, organization: Organization, analyst: User) -> None:
    as_owner.post(url(organization, "member_role", membership=id_of(organization, analyst)), {"role": Role.ADMIN})
    assert role_of(organization, analyst) == Role.ADMIN
    with tenant_scope(organization):
        assert AuditEntry.objects.get().data == {"role": ["Analyst", "Admin"]}


@pytest.mark.parametrize("role", ["", "x", "25", "-1", "9" * 30])
def test_a_role_that_there_is_not_changes_nothing(
    as_owner: Client, organization: Organization, analyst: User, role: str
) -> None:
    as_owner.post(url(organization, "member_role", membership=id_of(organization, analyst)), {"role": role})
    assert role_of(organization, analyst) == Role.ANALYST
    assert "Choose a role of the list" in said(as_owner, url(organization))


def test_an_admin_makes_no_owner_and_touches_none(organization: Organization, owner: User, marketer: User) -> None:
    with tenant_scope(organization):
        Membership.objects.filter(user=marketer).update(role=Role.ADMIN)
    admin = logged_in(marketer)
    for user, role in ((marketer, Role.OWNER), (owner, Role.ANALYST)):
        admin.post(url(organization, "member_role", membership=id_of(organization, user)), {"role": role})
    admin.post(url(organization, "member_remove", membership=id_of(organization, owner)))
    assert role_of(organization, owner) == Role.OWNER
    assert role_of(organization, marketer) == Role.ADMIN
    assert "Only an owner may change an owner" in said(admin, url(organization))


def test_the_last_owner_neither_goes_nor_steps_down(as_owner: Client, organization: Organization, owner: User) -> None:
    mine = id_of(organization, owner)
    as_owner.post(url(organization, "member_remove", membership=mine))
    assert "An organization needs an owner" in said(as_owner, url(organization))
    as_owner.post(url(organization, "member_role", membership=mine), {"role": Role.ADMIN})
    assert role_of(organization, owner) == Role.OWNER


def test_one_of_two_owners_may_go(as_owner: Client, organization: Organization, owner: User, marketer: User) -> None:
    as_owner.post(url(organization, "member_role", membership=id_of(organization, marketer)), {"role": Role.OWNER})
    answer = as_owner.post(url(organization, "member_remove", membership=id_of(organization, owner)))
    assert answer.url == "/"
    assert role_of(organization, owner) is None
    assert as_owner.get(url(organization)).status_code == 404


def test_anybody_may_leave_but_not_put_others_out(
    as_analyst: Client, organization: Organization, analyst: User, marketer: User
) -> None:
    assert (
        as_analyst.post(url(organization, "member_remove", membership=id_of(organization, marketer))).status_code == 403
    )
    as_analyst.post(url(organization, "member_remove", membership=id_of(organization, analyst)))
    assert role_of(organization, analyst) is None
    assert role_of(organization, marketer) == Role.MARKETER


def test_a_removal_can_be_undone(as_owner: Client, organization: Organization, marketer: User) -> None:
    as_owner.post(url(organization, "member_remove", membership=id_of(organization, marketer)))
    assert role_of(organization, marketer) is None
    token = said(as_owner, url(organization)).split("restore/")[1].split('"')[0].rstrip("/")
    as_owner.post(url(organization, "member_restore", token=token))
    assert role_of(organization, marketer) == Role.MARKETER


def test_an_undo_of_another_organization_or_of_nobody_is_refused(
    as_owner: Client, organization: Organization, owner: User, marketer: User
) -> None:
    second = house("Second", {owner: Role.OWNER, marketer: Role.OWNER})
    as_owner.post(url(second, "member_remove", membership=id_of(second, marketer)))
    token = said(as_owner, url(second)).split("restore/")[1].split('"')[0].rstrip("/")
    as_owner.post(url(organization, "member_remove", membership=id_of(organization, marketer)))
    assert as_owner.post(url(organization, "member_restore", token=token)).status_code == 404
    assert as_owner.post(url(organization, "member_restore", token="made-up")).status_code == 404
    assert role_of(organization, marketer) is None


@pytest.mark.parametrize("name", ["member_role", "member_remove"])
def test_members_of_others_are_not_there(
    as_owner: Client,
    as_outsider: Client,
    organization: Organization,
    other_organization: Organization,
    outsider: User,
    name: str,
) -> None:
    theirs = id_of(other_organization, outsider)
    assert as_owner.post(url(organization, name, membership=theirs), {"role": 10}).status_code == 404
    assert as_outsider.post(url(organization, name, membership=theirs), {"role": 10}).status_code == 404
    assert as_owner.get(url(organization, name, membership=theirs)).status_code == 405
