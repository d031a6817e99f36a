"""The named cast: an organization with its owner, marketer and analyst, and an outsider from another organization.

`as_owner`, `as_marketer`, `as_analyst`, `as_outsider` are test clients that are logged in. `scoped` opens the
organization's scope for the length of the test.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client

from accounts.enums import Role
from accounts.models import Brand, Membership, Organization, User
from accounts.tenancy import cross_tenant, tenant_scope

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> None:
    """Hashing a password slowly is right for people and wrong for a thousand tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def person(name: str) -> User:
    """Somebody with a confirmed address, who belongs nowhere yet."""
    user = User.objects.create_user(email=f"{name.lower()}@posthouse.example", password=PASSWORD, name=name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def house(name: str, members: dict[User, Role], **facts: Any) -> Organization:
    """An organization with its one brand and its members."""
    facts = {"postal_address": "Kettle Street 1\n12345 Teatown\nExampleland", "time_zone": "Europe/Berlin"} | facts
    with cross_tenant("the tests' cast belongs to two organizations"):
        organization = Organization.objects.create(name=name, **facts)
        Brand.objects.create(organization=organization, name=name, is_default=True)
        for user, role in members.items():
            Membership.objects.create(organization=organization, user=user, role=role)
    return organization


@pytest.fixture
def owner(db: None) -> User:
    return person("Olga")


@pytest.fixture
def marketer(db: None) -> User:
    return person("Mara")


@pytest.fixture
def analyst(db: None) -> User:
    return person("Ana")


@pytest.fixture
def outsider(db: None) -> User:
    return person("Otto")


@pytest.fixture
def operator(db: None) -> User:
    """Of the installation: belongs to no organization."""
    user = person("Oskar")
    user.is_staff = True
    user.save()
    return user


@pytest.fixture
def organization(owner: User, marketer: User, analyst: User) -> Organization:
    return house("Copper Kettle", {owner: Role.OWNER, marketer: Role.MARKETER, analyst: Role.ANALYST})


@pytest.fixture
def other_organization(outsider: User) -> Organization:
    return house("Tin Teapot", {outsider: Role.OWNER})


@pytest.fixture
def scope() -> Callable[[Organization], AbstractContextManager[None]]:
    """`with scope(organization):` for tests that look into several organizations, one after the other."""
    return tenant_scope


@pytest.fixture
def scoped(organization: Organization) -> Iterator[Organization]:
    """The whole test works inside of the organization's scope, in one transaction."""
    with tenant_scope(organization):
        yield organization


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.fixture
def as_owner(organization: Organization, owner: User) -> Client:
    return logged_in(owner)


@pytest.fixture
def as_marketer(organization: Organization, marketer: User) -> Client:
    return logged_in(marketer)


@pytest.fixture
def as_analyst(organization: Organization, analyst: User) -> Client:
    return logged_in(analyst)


@pytest.fixture
def as_outsider(organization: Organization, other_organization: Organization, outsider: User) -> Client:
    return logged_in(outsider)


@pytest.fixture
def as_operator(operator: User) -> Client:
    return logged_in(operator)


@pytest.fixture
def tasks_at_once() -> Iterator[None]:
    """Celery's tasks run in the call itself, and their errors are raised: for tests of what a wake-up leads to."""
    from posthouse.celery import app

    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False
