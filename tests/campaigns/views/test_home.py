"""Home shows the one next step for who looks, how mail is doing, and what moves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import launches
from campaigns.models import Campaign
from sending.enums import Bucket
from sending.models import Tally

People = Callable[..., list[Any]]


def home(organization: Organization, who: Client) -> str:
    return who.get(reverse("campaigns:home", args=[organization.public_id])).content.decode()


def test_the_next_step_moves_on(
    as_owner: Client, as_analyst: Client, organization: Organization, request: pytest.FixtureRequest, marketer: User
) -> None:
    assert "Add your sending domain" in home(organization, as_owner)
    assert "Next step" not in home(organization, as_analyst)
    request.getfixturevalue("domain")
    assert "Bring your people" in home(organization, as_owner)
    people = request.getfixturevalue("people")
    people(2)
    assert "Write your first campaign" in home(organization, as_owner)
    draft = request.getfixturevalue("draft")
    assert "Finish “Spring letter”" in home(organization, as_owner)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
    page = home(organization, as_owner)
    assert "Write your next campaign" in page and "Mail is on its way." in page and "adds up" in page


def test_rates_want_fifty_messages(
    as_analyst: Client, organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(60)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        campaign = Campaign.objects.get(pk=draft.pk)

        def move(n: int) -> None:
            for kind, sign in ((Bucket.ON_ITS_WAY, -1), (Bucket.DELIVERED, 1)):
                Tally.objects.create(
                    organization=organization,
                    mailing_id=campaign.mailing_id,
                    provider="Granite Mail" if kind == Bucket.DELIVERED else "",
                    kind=kind,
                    n=sign * n,
                    at=campaign.launched_at,
                )

        move(40)
    doing = home(organization, as_analyst).split("How is mail doing?")[1]
    assert "too few to tell" in doing and "100%" not in doing
    with tenant_scope(organization):
        move(15)
    doing = home(organization, as_analyst).split("How is mail doing?")[1]
    assert "100" in doing.split("Delivery rate")[1][:400]
    by_provider = doing.split("Mailbox provider")[1].split("</table>")[0]
    assert by_provider.count("<td>") == 1 and "Granite Mail" in by_provider and "100" in by_provider


@pytest.mark.parametrize("rows", [1, 3])
def test_home_takes_a_fixed_number_of_queries(
    rows: int,
    as_analyst: Client,
    organization: Organization,
    draft: Campaign,
    marketer: User,
    django_assert_num_queries: Any,
) -> None:
    from campaigns.actions import campaigns as verbs

    with tenant_scope(organization):
        for number in range(rows - 1):
            verbs.create(organization=organization, brand=draft.brand, name=f"More {number}", actor=marketer)
    home(organization, as_analyst)
    with django_assert_num_queries(HOME_QUERIES):
        home(organization, as_analyst)


HOME_QUERIES = 14
