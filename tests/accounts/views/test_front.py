"""The front door leads where a person belongs."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import Organization, User
from tests.cast import house, logged_in, person

pytestmark = pytest.mark.django_db


def test_strangers_are_asked_to_log_in(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


def test_who_belongs_nowhere_founds_an_organization() -> None:
    assert logged_in(person("Nora")).get("/").url == reverse("accounts:organization_new")


def test_an_operator_goes_to_the_operators_pages(as_operator: Client) -> None:
    assert as_operator.get("/").url == reverse("operating:rulings")


def test_an_operator_who_belongs_somewhere_finds_both(operator: User) -> None:
    mine = house("Copper Kettle", {operator: Role.OWNER})
    here = logged_in(operator)
    assert here.get("/").url.startswith(f"/o/{mine.public_id}/")
    assert reverse("operating:rulings") in here.get("/", follow=True).content.decode()
    assert reverse("operating:rulings") in here.get(reverse("accounts:organizations")).content.decode()


def test_members_find_no_operators_pages(as_owner: Client) -> None:
    assert reverse("operating:rulings") not in as_owner.get("/", follow=True).content.decode()


def test_who_belongs_to_one_goes_to_its_home(as_marketer: Client, organization: Organization) -> None:
    assert as_marketer.get("/").url.startswith(f"/o/{organization.public_id}/")


def test_who_belongs_to_several_chooses(as_marketer: Client, marketer: User, organization: Organization) -> None:
    other = house("Second Kettle", {marketer: Role.ANALYST})
    assert as_marketer.get("/").url == reverse("accounts:organizations")
    page = as_marketer.get(reverse("accounts:organizations")).content.decode()
    assert organization.public_id in page
    assert other.public_id in page


def test_the_choice_shows_only_ones_own(as_outsider: Client, organization: Organization) -> None:
    page = as_outsider.get(reverse("accounts:organizations")).content.decode()
    assert organization.public_id not in page
    assert organization.name not in page
