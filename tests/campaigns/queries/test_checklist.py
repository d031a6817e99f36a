"""The facts of the checklist, counted from real people: gaps, skips, languages, recent mail, providers, time-outs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.actions import campaigns as verbs
from campaigns.actions import launches
from campaigns.models import Campaign, LinkCheck
from campaigns.queries import check_counts, checklist
from campaigns.queries.link_checks import hash_of
from contacts.enums import SuppressionReason
from contacts.models import Contact, Preference, Suppression
from sending.models import DomainProvider
from sending.relay import sites

People = Callable[..., list[Contact]]


def said(campaign: Campaign, name: str) -> tuple[str, str]:
    (found,) = [result for result in checklist.results(campaign) if result.name == name]
    return found.status, found.evidence


def test_everything_is_counted_in_the_people_who_get_it(
    organization: Organization, draft: Campaign, people: People
) -> None:
    named, nameless = people(6), people(4, first_name="  ")
    with tenant_scope(organization):
        Suppression.objects.create(
            organization=organization,
            address_key=named[0].address_key,
            reason=SuppressionReason.COMPLAINED,
        )
        Preference.objects.create(
            organization=organization, contact=nameless[0], paused_until=timezone.now() + timedelta(days=3)
        )
        Preference.objects.create(organization=organization, contact=named[1], language="de")
        Contact.objects.filter(pk__in=[one.pk for one in named[2:5]]).update(locale="de-AT")
    with cross_tenant("what a relay learns"):
        DomainProvider.objects.create(domain="a.example", provider="Gmail", learned_at=timezone.now())
    with tenant_scope(organization):
        facts = checklist.facts(draft)
        assert (facts.audience, facts.skipped) == (10, 2)
        assert facts.reasons == {"complained": 1, "paused": 1}
        assert facts.languages == {"de": 1, "de-AT": 3}
        assert {load.provider for load in facts.loads or ()} == {"Gmail", sites.OTHER}
        assert said(draft, "merge_gaps") == ("pass", "3 of 8 have no first_name: they will read “you” or “there”.")
        assert said(draft, "suppressed")[1] == "1 of 10 are skipped: 1 reported earlier mail as spam."
        assert said(draft, "wishes")[1] == "1 has paused their mail: they are skipped."
        assert said(draft, "language")[0] == "warn" and "4 of 4" in said(draft, "language")[1]
        assert said(draft, "duration")[1].startswith("About a few seconds")
        assert said(draft, "inbox")[1].startswith("A phone shows “Hello you”, then “Three things")


def test_who_got_another_campaign_lately(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(4)
    with tenant_scope(organization):
        assert said(draft, "lately")[0] == "pass"
        other = verbs.create(
            organization=organization,
            brand=draft.brand,
            name="Another",
            actor=marketer,
            topic=draft.topic,
            domain=draft.domain,
        )
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        assert said(other, "lately") == ("warn", "4 of 4 got another campaign in the last 3 days.")
        other.parent = Campaign.objects.get(pk=draft.pk)  # what repeats that one is meant for them
        assert said(other, "lately")[0] == "pass"


def test_what_takes_too_long_is_unknown_and_the_rest_is_there(
    organization: Organization, draft: Campaign, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(2)
    with tenant_scope(organization):
        assert check_counts.in_time("SELECT pg_sleep(5)", [], seconds=0.1) is None
        assert check_counts.in_time("SELECT 1", []) == [(1,)]
        monkeypatch.setattr(
            check_counts, "people", lambda chosen, fields: check_counts.in_time("SELECT pg_sleep(5)", [], seconds=0.1)
        )
        found = {result.name: result.status for result in checklist.results(draft)}
    assert {name for name, status in found.items() if status == "unknown"} >= {
        "audience",
        "suppressed",
        "wishes",
        "lately",
    }
    assert found["links"] == found["content"] == "pass"


def test_a_panel_takes_few_statements_however_many_people(
    organization: Organization, draft: Campaign, people: People, django_assert_max_num_queries: Any
) -> None:
    people(3)
    with tenant_scope(organization):
        checklist.facts(draft)
        with django_assert_max_num_queries(40):
            checklist.facts(draft)
        people(60)
        with django_assert_max_num_queries(40):
            checklist.facts(draft)


def test_nothing_is_asked_where_links_are_not_asked(organization: Organization, draft: Campaign) -> None:
    with tenant_scope(organization):
        assert checklist.facts(draft).asked is None and not LinkCheck.objects.exists()
        (result,) = [each for each in checklist.results(draft) if each.name == "links_answer"]
        assert result.status == "unknown" and not result.wants_tick and "LINK_CHECKS" in result.fix


BOTH = "{% if contact.city == 'Oslo' %}https://oslo.kettle.example/{% else %}https://all.kettle.example/{% endif %}"


def test_links_are_asked_as_they_are_written_and_never_as_somebody_fills_them_in(
    organization: Organization, draft: Campaign, marketer: User, settings: Any
) -> None:
    settings.LINK_CHECKS = True
    with tenant_scope(organization):
        mjml = draft.design.mjml.replace("https://copperkettle.example/first-story", BOTH).replace(
            "https://copperkettle.example/second-story", "https://x.kettle.example/?who={{ contact.first_name }}"
        )
        picture = "https://pictures.elsewhere.example/{{ contact.city | default: 'all' }}.png"
        mjml = mjml.replace(
            "</mj-body>",
            f'<mj-section><mj-column><mj-image alt="x" src="{picture}" /></mj-column></mj-section></mj-body>',
        )
        verbs.choose_content(campaign=draft, name="Own", mjml=mjml, actor=marketer)
        draft = Campaign.objects.get(pk=draft.pk)
        asked = checklist.urls(draft)
        assert {"https://oslo.kettle.example/", "https://all.kettle.example/"} <= set(asked)
        assert not [url for url in asked if "{" in url or "x.kettle.example" in url or "pictures.elsewhere" in url]
        assert set(checklist.facts(draft).asked) == set(asked)
        LinkCheck.objects.create(
            organization=organization,
            url="https://oslo.kettle.example/",
            url_hash=hash_of("https://oslo.kettle.example/"),
            status="fail",
            detail="There is no such page (404).",
            asked_at=timezone.now(),
        )
        assert said(draft, "links_answer")[0] == "fail"


def test_a_spam_filter_is_asked_once_for_a_text(
    organization: Organization, draft: Campaign, people: People, settings: Any
) -> None:
    from tests.campaigns.test_link_asking import says, serving

    body = '{"score": 9.5, "required_score": 6, "symbols": {"FREE": {"score": 9}}}'
    with serving(says(f"HTTP/1.1 200 OK\nContent-Length: {len(body)}\n\n{body}")) as server:
        settings.SPAM_FILTER = f"rspamd://127.0.0.1:{server.port}"
        with tenant_scope(organization):
            assert said(draft, "spam_score") == ("warn", "9.5 of 6 points: that is spam. It minds: FREE.")
            assert said(draft, "spam_score")[0] == "warn"
    assert len(server.heads) == 1
