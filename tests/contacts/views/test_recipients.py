"""Recipients' pages on the web host: what they say, what their buttons do, and that GET, strangers and old forms do nothing."""

import re

import pytest
from django.core import signing
from django.urls import reverse

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts import tokens
from contacts.actions import subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, SubscriptionState, SuppressionReason
from contacts.models import ConsentRecord, Contact, Subscription, Suppression, Topic
from tests.sending import ledger


@pytest.fixture
def topics(organization):
    with tenant_scope(organization):
        brand = Brand.objects.get(organization=organization)
        names = ("Kettle weekly", "Offers", "Tea <walks>")
        return [Topic.objects.create(organization=organization, brand=brand, name=name) for name in names]


@pytest.fixture
def person(organization, topics):
    with tenant_scope(organization):
        contact = ledger.contact(organization)
        for topic in topics[:2]:
            subscriptions.subscribe(contact=contact, topic=topic, statement=Statement(source=ConsentSource.FORM))
        return contact


@pytest.fixture
def token(organization, topics, person):
    with tenant_scope(organization):
        row = ledger.delivery(ledger.mailing(organization, topic_id=topics[0].pk), contact=person)
    return tokens.mint(organization_id=organization.pk, contact_id=person.pk, about=f"d{row.pk}")


def url(name, token):
    return reverse(f"recipients:{name}", args=[token])


def hidden(text, name="form"):
    return re.search(rf'name="{name}" value="([^"]+)"', text)[1]


def states(organization):
    with tenant_scope(organization):
        rows = Subscription.objects.order_by("topic__name").values_list("topic__name", "state")
        return {name: SubscriptionState(state).label for name, state in rows}


def page(client, token, name="unsubscribe"):
    answer = client.get(url(name, token))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_says_exactly_what_stops(client, organization, token):
    text = page(client, token)
    assert "Unsubscribe from “Kettle weekly”" in text
    assert "Stop all mail from Copper Kettle" in text
    assert "m•••@elsewhere.example" in text
    assert "mara.lind" not in text
    assert "Kettle Street 1" in text
    assert states(organization) == {"Kettle weekly": "Subscribed", "Offers": "Subscribed"}
    with tenant_scope(organization):
        assert ConsentRecord.objects.count() == 2


def test_leaving_one_topic_and_undoing_it(client, organization, token):
    left = client.post(url("leave", token), {"form": hidden(page(client, token)), "what": "topic"})
    assert left.status_code == 200
    assert states(organization) == {"Kettle weekly": "Unsubscribed", "Offers": "Subscribed"}
    with tenant_scope(organization):
        record = ConsentRecord.objects.latest("id")
        assert record.wording == "Unsubscribe from “Kettle weekly”"
        assert (record.source, record.ip, record.about) == ("page", "127.0.0.1", tokens.read(token).about)
        assert not Suppression.objects.exists()
    assert "You do not get “Kettle weekly” any more" in page(client, token)
    client.post(url("undo", token), {"undo": hidden(left.content.decode(), "undo")})
    assert states(organization) == {"Kettle weekly": "Subscribed", "Offers": "Subscribed"}
    with tenant_scope(organization):
        assert ConsentRecord.objects.latest("id").action == "resubscribed"


def test_leaving_everything_and_undoing_it(client, organization, token):
    left = client.post(url("leave", token), {"form": hidden(page(client, token)), "what": "everything"})
    assert set(states(organization).values()) == {"Unsubscribed"}
    with tenant_scope(organization):
        one = Suppression.objects.get()
        assert (one.reason, one.marketing_only, one.source) == ("unsubscribed", True, "page")
    assert "You get no mail from Copper Kettle any more" in page(client, token)
    client.post(url("undo", token), {"undo": hidden(left.content.decode(), "undo")})
    assert states(organization) == {"Kettle weekly": "Subscribed", "Offers": "Subscribed"}
    with tenant_scope(organization):
        assert Suppression.objects.get().lifted_at


def test_choosing_topics(client, organization, token, topics):
    text = page(client, token, "preferences")
    assert len(re.findall(r'name="topic" value="\w+" checked', text)) == 2
    assert "Tea &lt;walks&gt;" in text
    wanted = [topics[1].public_id, topics[2].public_id, "nonsense"]
    saved = client.post(url("preferences", token), {"form": hidden(text), "topic": wanted}).content.decode()
    assert 'role="status"' in saved
    assert "Saved" in saved
    assert states(organization) == {
        "Kettle weekly": "Unsubscribed",
        "Offers": "Subscribed",
        "Tea <walks>": "Subscribed",
    }


def test_choosing_after_leaving_everything_brings_back_only_what_is_chosen(client, organization, token, topics):
    client.post(url("leave", token), {"form": hidden(page(client, token)), "what": "everything"})
    text = page(client, token, "preferences")
    assert "checked" not in text
    client.post(url("preferences", token), {"form": hidden(text), "topic": [topics[1].public_id]})
    assert states(organization) == {"Kettle weekly": "Unsubscribed", "Offers": "Subscribed"}
    with tenant_scope(organization):
        assert not Suppression.objects.filter(lifted_at=None).exists()


def test_nothing_here_lifts_a_complaint(client, organization, token, topics):
    with tenant_scope(organization):
        suppressions.suppress(
            organization=organization,
            address="mara.lind@elsewhere.example",
            reason=SuppressionReason.COMPLAINED,
            source="complaint",
        )
    text = page(client, token, "preferences")
    assert "stopped already" in text
    client.post(url("preferences", token), {"form": hidden(text), "topic": [topics[2].public_id]})
    with tenant_scope(organization):
        assert Suppression.objects.get(lifted_at=None).reason == "complained"


@pytest.mark.parametrize("form", ["", "nonsense", None])
def test_a_form_that_is_not_ours_does_nothing_and_gives_a_new_one(client, organization, token, form):
    before = states(organization)
    fields = {} if form is None else {"form": form}
    for name in ("leave", "undo", "preferences"):
        answer = client.post(url(name, token), {**fields, "what": "everything"})
        assert answer.status_code == 200
        assert "press once more" in answer.content.decode()
        assert hidden(answer.content.decode())
    assert states(organization) == before


def test_a_form_of_somebody_else_or_an_old_one_does_nothing(client, organization, token, monkeypatch):
    with tenant_scope(organization):
        other = ledger.contact(organization, "other@x.example")
    theirs = tokens.mint(organization_id=organization.pk, contact_id=other.pk)
    before = states(organization)
    client.post(url("leave", token), {"form": hidden(page(client, theirs)), "what": "everything"})
    form = hidden(page(client, token))
    real = signing.loads
    monkeypatch.setattr(signing, "loads", lambda value, **more: real(value, **{**more, "max_age": -1}))
    client.post(url("leave", token), {"form": form, "what": "everything"})
    assert states(organization) == before


def test_an_undo_field_is_needed_to_come_back(client, organization, token):
    client.post(url("leave", token), {"form": hidden(page(client, token)), "what": "topic"})
    client.post(url("undo", token), {"undo": hidden(page(client, token, "preferences"))})
    assert states(organization)["Kettle weekly"] == "Unsubscribed"


def test_test_mails_say_so_and_change_nothing(client, organization, topics):
    token = tokens.mint(organization_id=organization.pk, contact_id=0)
    for name in ("unsubscribe", "preferences"):
        assert "test mail" in page(client, token, name)
    form = hidden(page(client, token))
    for name, fields in (("leave", {"what": "everything"}), ("preferences", {"topic": [topics[0].public_id]})):
        assert client.post(url(name, token), {"form": form, **fields}).status_code == 200
    with tenant_scope(organization):
        assert not Suppression.objects.exists()
        assert not ConsentRecord.objects.exists()


def test_somebody_who_was_erased(client, organization, token, person):
    with tenant_scope(organization):
        Contact.objects.filter(pk=person.pk).update(
            address="erased", address_key=f"erased-{person.pk}", values={}, erased_at="2026-11-01T00:00Z"
        )
    text = page(client, token)
    assert "•••" not in text


def test_a_mail_that_is_gone_still_lets_go(client, organization, person):
    token = tokens.mint(organization_id=organization.pk, contact_id=person.pk, about="d999999")
    text = page(client, token)
    assert "Stop all mail from Copper Kettle?" in text
    client.post(url("leave", token), {"form": hidden(text), "what": "topic"})
    assert set(states(organization).values()) == {"Unsubscribed"}


def test_links_that_are_not_ours(client, organization, token):
    unknown = tokens.mint(organization_id=10**9, contact_id=1)
    for one in ("nonsense", token[:-1], token + "A", unknown):
        for name in ("unsubscribe", "preferences"):
            answer = client.get(url(name, one))
            assert answer.status_code == 404
            assert "not complete" in answer.content.decode()
            assert answer["Cache-Control"] == "no-store"


def test_the_pages_take_few_queries(client, organization, token, django_assert_max_num_queries):
    for name in ("unsubscribe", "preferences"):
        with django_assert_max_num_queries(15):
            page(client, token, name)


def test_members_and_outsiders_have_no_more_power_than_anybody(as_owner, as_analyst, as_outsider, organization, token):
    for member in (as_owner, as_analyst, as_outsider):
        text = page(member, token)
        assert "mara.lind" not in text


@pytest.mark.django_db(transaction=True)
def test_with_a_keyboard_and_without_javascript(live_server, browser, organization, token):
    """A person of no patience: one press leaves, one press is back; nothing but the page is needed."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    try:
        sheet = context.new_page()
        sheet.goto(live_server.url + url("unsubscribe", token))
        sheet.keyboard.press("Tab")
        sheet.keyboard.press("Enter")
        sheet.wait_for_selector("text=Done. No more “Kettle weekly”")
        assert states(organization)["Kettle weekly"] == "Unsubscribed"
        sheet.get_by_role("button", name="Undo").click()
        sheet.wait_for_selector("text=You get “Kettle weekly” again")
        assert states(organization)["Kettle weekly"] == "Subscribed"
        sheet.get_by_role("link", name="Choose what you get").click()
        sheet.get_by_label("Kettle weekly").uncheck()
        sheet.get_by_role("button", name="Save", exact=True).click()
        sheet.wait_for_selector("text=Saved. It counts from now on.")
        assert states(organization) == {"Kettle weekly": "Unsubscribed", "Offers": "Subscribed"}
        assert context.cookies() == []
    finally:
        context.close()
