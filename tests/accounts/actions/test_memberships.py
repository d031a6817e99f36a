"""Two owners cannot put each other out at the same moment."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts.actions import memberships
from accounts.enums import Role
from accounts.errors import Refused
from accounts.models import Membership, User
from accounts.tenancy import tenant_scope
from tests.cast import house, person


@pytest.mark.django_db(transaction=True)
def test_an_owner_remains_when_both_leave_at_once() -> None:
    first, second = person("First"), person("Second")
    organization = house("Two", {first: Role.OWNER, second: Role.OWNER})
    start = Barrier(2)
    refused: list[str] = []

    def leave(user: User) -> None:
        try:
            start.wait(10)
            with tenant_scope(organization):
                memberships.remove(membership=Membership.objects.get(user=user), actor=user)
        except Refused as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [Thread(target=leave, args=[user]) for user in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert refused == ["An organization needs an owner. Make somebody else owner first."]
    with tenant_scope(organization):
        assert Membership.objects.filter(role=Role.OWNER).count() == 1
