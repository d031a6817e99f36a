"""A person's page, as members use it: what it shows, what can be changed, who may; queries counted."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tenancy import tenant_scope
from contacts.enums import SubscriptionState
from contacts.models import ConsentRecord, Preference, Subscription, Suppression, Tag, Tagging
from tests.contacts.views.test_people import names, person, topic, url

__all__ = ["topic"]


@pytest.mark.parametrize("n", [1, 3])
def test_a_person_takes_the_same_queries_for_any_history(n, as_analyst, organization, topic, django_assert_num_queries):
    contact = person(organization, topic=topic)
    with tenant_scope(organization):
        for i in range(n):
            ConsentRecord.objects.create(
                organization=organization,
                contact=contact,
                topic=topic,
                action="subscribed",
                at=timezone.now(),
                source="form",
            )
            Suppression.objects.create(
                organization=organization,
                address_key=contact.address_key,
                reason=["manual", "bounced", "invalid"][i],
                source="x",
            )
            tag = Tag.objects.create(organization=organization, name=f"t{i}")
            Tagging.objects.create(organization=organization, tag=tag, contact=contact)
    as_analyst.get(url(organization, "person", contact=contact.pk))
    with django_assert_num_queries(27):
        as_analyst.get(url(organization, "person", contact=contact.pk))


def test_values_are_corrected_and_emptied(as_marketer, organization):
    contact = person(organization, values={"first_name": "Ann", "secret": "kept"}, locale="de")
    response = as_marketer.post(
        url(organization, "person_edit", contact=contact.pk),
        {"v_first_name": "", "v_last_name": "Lee", "locale": "nonsense!"},
    )
    assert "is not a language" in response.content.decode()
    as_marketer.post(
        url(organization, "person_edit", contact=contact.pk), {"v_first_name": "", "v_last_name": "Lee", "locale": ""}
    )
    with tenant_scope(organization):
        contact.refresh_from_db()
        assert (contact.values, contact.locale) == ({"last_name": "Lee", "secret": "kept"}, "")


@pytest.mark.parametrize("state", [SubscriptionState.UNSUBSCRIBED, SubscriptionState.PENDING])
def test_who_left_or_never_confirmed_is_brought_back_by_an_admin_only(
    state, as_marketer, as_owner, organization, topic
):
    contact = person(organization, topic=topic)
    with tenant_scope(organization):
        Subscription.objects.filter(contact=contact).update(state=state)
    said = {"topic": "news", "why": "Called us"}
    refused = as_marketer.post(url(organization, "person_subscribe", contact=contact.pk), said, follow=True)
    assert "Only they can change that, or an admin" in refused.content.decode()
    with tenant_scope(organization):
        assert Subscription.objects.get(contact=contact).state == state
    assert as_owner.post(url(organization, "person_subscribe", contact=contact.pk), said).status_code == 302
    with tenant_scope(organization):
        assert Subscription.objects.get(contact=contact).state == SubscriptionState.SUBSCRIBED
        assert ConsentRecord.objects.get(contact=contact).wording == "Called us"


def test_who_left_everything_is_added_to_a_topic_by_an_admin_only(as_marketer, as_owner, organization, topic):
    contact = person(organization)
    subscribe = url(organization, "person_subscribe", contact=contact.pk)
    as_marketer.post(url(organization, "person_unsubscribe", contact=contact.pk), {"topic": "", "why": "Wrote us"})
    said = {"topic": "news", "why": "Called us"}
    refused = as_marketer.post(subscribe, said, follow=True)
    assert "Only they can change that, or an admin" in refused.content.decode()
    with tenant_scope(organization):
        assert not Subscription.objects.exists()
    as_owner.post(subscribe, said)
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.SUBSCRIBED
        assert Suppression.objects.get().lifted_at is None, "mail stays stopped until that is lifted as well"


def test_subscribing_and_unsubscribing_by_hand_needs_a_reason(as_marketer, organization, topic):
    contact = person(organization)
    subscribe = url(organization, "person_subscribe", contact=contact.pk)
    unsubscribe = url(organization, "person_unsubscribe", contact=contact.pk)
    assert as_marketer.post(subscribe, {"topic": "news", "why": ""}).status_code == 422
    assert as_marketer.post(subscribe, {"topic": "", "why": "Called us"}).status_code == 422
    as_marketer.post(subscribe, {"topic": "news", "why": "Called us"})
    with tenant_scope(organization):
        record = ConsentRecord.objects.get()
        assert (record.action, record.wording, record.actor.name) == ("subscribed", "Called us", "Mara")
    as_marketer.post(unsubscribe, {"topic": "", "why": "Wrote us"})
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.UNSUBSCRIBED
        assert Suppression.objects.get().reason == "unsubscribed"


def test_archive_can_be_undone(as_marketer, organization):
    contact = person(organization)
    as_marketer.post(url(organization, "person_archive", contact=contact.pk))
    assert names(as_marketer.get(url(organization, "people"))) == []
    as_marketer.post(url(organization, "person_restore", contact=contact.pk))
    assert names(as_marketer.get(url(organization, "people"))) == ["ann"]


def test_tags_are_put_on_and_taken_off_in_place(as_marketer, organization):
    contact = person(organization)
    tag = url(organization, "person_tag", contact=contact.pk)
    part = as_marketer.post(tag, {"name": "  VIP <b>"}, headers={"HX-Request": "true"})
    assert "VIP &lt;b&gt;" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert as_marketer.post(tag, {"name": "vip <B>"}).status_code == 302
    assert as_marketer.post(tag, {"name": "\x00"}).status_code == 302
    with tenant_scope(organization):
        one = Tag.objects.get()
        assert Tagging.objects.get().contact_id == contact.pk
    as_marketer.post(url(organization, "person_untag", contact=contact.pk, tag=one.pk))
    with tenant_scope(organization):
        assert not Tagging.objects.exists()


def test_the_timeline_goes_back_page_by_page(as_analyst, organization, topic, monkeypatch):
    monkeypatch.setattr("contacts.queries.timelines.of.__kwdefaults__", {"before": None, "most": 4})
    contact = person(organization)
    start = timezone.now()
    with tenant_scope(organization):
        for i in range(10):
            ConsentRecord.objects.create(
                organization=organization,
                contact=contact,
                topic=topic,
                action="unsubscribed" if i % 2 else "subscribed",
                at=start + timedelta(minutes=i // 2),  # two at each moment
                source="form",
                wording=f"words {i}",
            )
    page, seen, following = url(organization, "person_timeline", contact=contact.pk), [], ""
    for _ in range(9):
        response = as_analyst.get(page, {"before": following} if following else {})
        seen += [moment.detail or moment.what for moment in response.context["moments"]]
        if response.context["following"] is None:
            break
        following = response.context["following"].isoformat()
    assert sorted(seen[:-1]) == [f"words {i}" for i in range(10)]
    assert seen[-1] == "Added"
    for nonsense in ("x", "2026-01-01", "9999-99-99T00:00:00+00:00"):
        assert as_analyst.get(page, {"before": nonsense}).status_code == 200


def test_their_data_is_handed_out_as_json_and_noted(as_marketer, organization, topic):
    contact = person(organization, topic=topic, values={"first_name": "Zoë 😀 شيرين"})
    response = as_marketer.post(url(organization, "person_data", contact=contact.pk))
    assert "attachment" in response["Content-Disposition"]
    held = json.loads(response.content)
    assert held["person"]["fields"][0]["value"] == "Zoë 😀 شيرين"
    assert held["topics"][0]["topic"] == "News"
    with tenant_scope(organization):
        assert AuditEntry.objects.filter(verb="contacts.person_exported").count() == 1
    assert as_marketer.get(url(organization, "person_data", contact=contact.pk)).status_code == 405


def test_to_be_forgotten_the_address_is_typed(as_owner, as_marketer, organization, topic):
    contact = person(organization, topic=topic)
    erase = url(organization, "person_erase", contact=contact.pk)
    assert as_marketer.post(erase, {"typed": contact.address}).status_code == 403
    assert as_owner.get(erase).status_code == 200
    assert as_owner.post(erase, {"typed": "ann"}).status_code == 422
    assert as_owner.post(erase, {"typed": contact.address}).status_code == 302
    assert as_owner.get(url(organization, "person", contact=contact.pk)).status_code == 404
    with tenant_scope(organization):
        contact.refresh_from_db()
        assert contact.erased_at is not None
        assert "ann@example.org" not in contact.address


def test_what_they_chose_and_where_they_came_from(as_analyst, organization):
    contact = person(organization, source="form")
    with tenant_scope(organization):
        Preference.objects.create(
            organization=organization, contact=contact, cap="weekly", paused_until=timezone.now() + timedelta(days=9)
        )
    shown = as_analyst.get(url(organization, "person", contact=contact.pk)).content.decode()
    assert "At most one mail a week" in shown
    assert "They paused their mail" in shown
    assert "Sign-up form" in shown
    assert (
        "No campaign has"
        in as_analyst.get(
            url(organization, "person", contact=contact.pk), {"why": "n\x00 <b>", "before": "x"}
        ).content.decode()
    )


def test_suppressing_by_hand_says_why(as_marketer, organization):
    contact = person(organization)
    suppress = url(organization, "person_suppress", contact=contact.pk)
    assert as_marketer.post(suppress, {"reason": "manual", "evidence": ""}).status_code == 422
    assert as_marketer.post(suppress, {"reason": "erased", "evidence": "x"}).status_code == 422
    as_marketer.post(suppress, {"reason": "manual", "evidence": "Asked by phone"})
    with tenant_scope(organization):
        assert Suppression.objects.get().evidence == "Asked by phone"


def test_who_may_do_what(as_owner, as_marketer, as_analyst, as_outsider, organization, topic):
    contact = person(organization)
    with tenant_scope(organization):
        tag = Tag.objects.create(organization=organization, name="VIP")
    looks = ("person", "person_timeline")
    deeds = ("tag", "archive", "restore", "subscribe", "unsubscribe", "suppress", "data")
    for client, sees, writes, admins in (
        (as_outsider, 404, 404, 404),
        (as_analyst, 200, 403, 403),
        (as_marketer, 200, None, 403),
        (as_owner, 200, None, 200),
    ):
        for name in looks:
            assert client.get(url(organization, name, contact=contact.pk)).status_code == sees
            assert client.get(url(organization, name, contact=10**15)).status_code == 404
        for name in deeds:
            answer = client.post(url(organization, f"person_{name}", contact=contact.pk), {"name": "x", "why": "y"})
            assert answer.status_code == writes if writes else answer.status_code in (200, 302, 422)
        untag = client.post(url(organization, "person_untag", contact=contact.pk, tag=tag.pk))
        assert untag.status_code == (writes or 302)
        assert client.get(url(organization, "person_edit", contact=contact.pk)).status_code == (writes or 200)
        assert client.get(url(organization, "person_erase", contact=contact.pk)).status_code == admins


def test_the_erased_are_gone(as_owner, organization):
    contact = person(organization, erased_at=timezone.now())
    for name in ("person", "person_timeline", "person_erase", "person_edit"):
        assert as_owner.get(url(organization, name, contact=contact.pk)).status_code == 404
