"""The mail as others see it: looks, readers, worst cases, search; in sandboxed frames, by everybody who may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from campaigns.models import Campaign
from campaigns.queries import previews
from contacts.models import Contact
from tests.campaigns.views.test_campaigns import url

People = Callable[..., list[Contact]]


def mail(client: Client, organization: Organization, campaign: Campaign, **asked: str) -> Any:
    return client.get(url(organization, "campaign_mail", campaign), asked)


def test_a_page_of_looks_and_readers(
    as_analyst: Client, organization: Organization, draft: Campaign, people: People
) -> None:
    people(1, first_name="Ann", last_name="Appleby")
    (zoe,) = people(1, first_name="Zoë")
    page = as_analyst.get(url(organization, "campaign_preview", draft), {"q": "appl", "look": "dark"}).content.decode()
    for look in previews.Look:
        assert look.label in page
    assert "Ann Appleby" in page and 'sandbox src="' in page and "Zoë &lt;" in page
    page = as_analyst.get(
        url(organization, "campaign_preview", draft), {"q": "nobody-here", "look": "?"}
    ).content.decode()
    assert "Nobody of that name or address." in page
    page = as_analyst.get(
        url(organization, "campaign_preview", draft), {"person": "x@nowhere.example"}
    ).content.decode()
    assert "is nobody of yours" in page
    page = as_analyst.get(url(organization, "campaign_preview", draft), {"person": zoe.address}).content.decode()
    assert "Hello Zoë" in page  # as the inbox shows the subject


def test_the_topic_is_named(as_analyst: Client, organization: Organization, draft: Campaign) -> None:
    with tenant_scope(organization):
        Campaign.objects.filter(pk=draft.pk).update(subject="{{ topic.name }} of today")
    page = as_analyst.get(url(organization, "campaign_preview", draft)).content.decode()
    assert "Weekly news of today" in page


def test_looks(as_analyst: Client, organization: Organization, draft: Campaign, people: People) -> None:
    people(1)
    plain = mail(as_analyst, organization, draft, look="desktop")
    assert "sandbox" in plain["Content-Security-Policy"] and "img-src https:" in plain["Content-Security-Policy"]
    blind = mail(as_analyst, organization, draft, look="no-pictures")
    assert "img-src 'none'" in blind["Content-Security-Policy"] and "alt=" in blind.content.decode()
    text = mail(as_analyst, organization, draft, look="text")
    assert "<pre>" in text.content.decode() and "<table" not in text.content.decode()
    assert "sandbox" in text["Content-Security-Policy"]


def test_the_dark_is_the_designs_own_or_turned_round() -> None:
    own = '<head><meta name="color-scheme" content="light dark"><style>@media (prefers-color-scheme: dark) {p{}}</style></head>'
    assert "@media all {" in previews.dressed(own, "dark") and "invert" not in previews.dressed(own, "dark")
    light = previews.dressed(own, "desktop")
    assert "@media not all {" in light and "color-scheme" not in light
    assert "invert(1)" in previews.dressed("<html><head></head><body>", "dark")


def test_the_worst_cases(as_analyst: Client, organization: Organization, draft: Campaign, people: People) -> None:
    short = people(3)
    people(1, first_name="Wolfeschlegelsteinhausenbergerdorff <b>")
    with tenant_scope(organization):
        Contact.objects.filter(pk=short[0].pk).update(values={})
    shown = mail(as_analyst, organization, draft, who="longest").content.decode()
    assert "Wolfeschlegelsteinhausenbergerdorff &lt;b&gt;" in shown
    assert "Hello there" in mail(as_analyst, organization, draft, who="missing").content.decode()
    assert (
        f"Hello {short[1].values['first_name']}"
        in mail(as_analyst, organization, draft, person=short[1].address).content.decode()
    )
    page = as_analyst.get(url(organization, "campaign_preview", draft), {"who": "longest"}).content.decode()
    assert "the longest value that anybody of the audience has" in page
    with tenant_scope(organization):
        Contact.objects.update(values={})
    assert previews.MADE_LONG in mail(as_analyst, organization, draft, who="longest").content.decode()


@pytest.mark.parametrize("asked", [{"who": "x" * 999}, {"person": "\0"}, {"look": "\0"}, {"q": "%_\0'"}])
def test_odd_questions_get_a_page(
    as_analyst: Client, organization: Organization, draft: Campaign, asked: dict[str, str]
) -> None:
    assert as_analyst.get(url(organization, "campaign_preview", draft), asked).status_code == 200
    assert mail(as_analyst, organization, draft, **asked).status_code == 200


def test_a_draft_without_content_says_so(as_marketer: Client, organization: Organization, draft: Campaign) -> None:
    with tenant_scope(organization):
        Campaign.objects.filter(pk=draft.pk).update(design=None)
    assert "There is no content yet." in as_marketer.get(url(organization, "campaign_preview", draft)).content.decode()
    assert "There is no content yet." in mail(as_marketer, organization, draft).content.decode()
