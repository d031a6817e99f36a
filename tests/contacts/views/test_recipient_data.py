"""The one-hour link: what asks for it learns nothing, what it opens is done by POST only, and it is good for one address."""

import email
import email.policy
import json
import re
import time
from datetime import timedelta

import pytest
from django.core import signing
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Brand
from accounts.tenancy import tenant_scope
from contacts import fingerprints, tokens
from contacts.actions import erasure, privacy_requests, subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.adapters import signup_limits
from contacts.enums import ConsentSource, RequestKind, RequestState, SubscriptionState, SuppressionReason
from contacts.models import ConsentRecord, Contact, PrivacyRequest, Subscription, Suppression, Topic
from sending.models import Delivery, StoredMessage
from tests.sending import ledger

KEY = "mara.lind@elsewhere.example"
NEW = "mara@new.example"


@pytest.fixture
def person(organization):
    with tenant_scope(organization):
        contact = ledger.contact(organization, first_name="Zoë")
        brand = Brand.objects.get(organization=organization)
        for name in ("Kettles", "Offers"):
            topic = Topic.objects.create(organization=organization, brand=brand, name=name)
            said = Statement(source=ConsentSource.FORM, wording=f"Yes, {name}", ip="203.0.113.7", user_agent="Firefox")
            subscriptions.subscribe(contact=contact, topic=topic, statement=said)
        return contact


@pytest.fixture
def token(organization, person):
    return tokens.mint(organization_id=organization.pk, contact_id=person.pk)


def ask(client, token, kind, **headers):
    address = reverse("recipients:data", args=[token])
    form = re.search(r'name="form" value="([^"]+)"', client.get(address, headers=headers).content.decode())
    return client.post(address, {"ask": kind, "form": form[1] if form else ""}, headers=headers)


def mails(organization):
    """(to, subject, the path of the link) of every mail that was sent, oldest first."""
    with tenant_scope(organization):
        return [
            (
                Delivery.objects.get(pk=stored.pk).address,
                stored.subject,
                re.search(r"http://[^/\s]+(/d/[^\s]+)", text_of(stored))[1],
            )
            for stored in StoredMessage.objects.order_by("pk")
        ]


def is_over(answer):
    return answer.status_code == 200 and "This link is over" in answer.content.decode()


def text_of(stored):
    message = email.message_from_bytes(bytes(stored.raw), policy=email.policy.default)
    return message.get_body(("plain",)).get_content()


def test_asking_tells_no_more_than_the_masked_address(client, organization, token):
    page = client.get(reverse("recipients:data", args=[token])).content.decode()
    answer = ask(client, token, "access")
    assert answer.status_code == 200
    for text in (page, answer.content.decode()):
        assert "m•••@elsewhere.example" in text
        assert "mara.lind" not in text
        assert "Zoë" not in text
    ((to, subject, link),) = mails(organization)
    assert to == KEY
    assert "within an hour" in subject
    assert link not in answer.content.decode()
    with tenant_scope(organization):
        request = PrivacyRequest.objects.get()
        assert (request.kind, request.state, request.address) == ("access", "received", KEY)
        assert timedelta(days=27) < request.due_at - request.received_at < timedelta(days=32)


@pytest.mark.parametrize("kind", ["access", "erasure", "address"])
def test_getting_every_link_does_nothing(client, organization, person, token, kind):
    """A scanner opens whatever a mail has: the unsubscribe page, all that it links to, and the one-hour link itself."""
    client.get(reverse("recipients:data", args=[token]))
    with tenant_scope(organization):
        assert not PrivacyRequest.objects.exists()
    ask(client, token, kind)
    link = mails(organization)[0][2]
    for verb in (client.get, client.head, client.get):
        answer = verb(link)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
    for body, kind_ in (
        ("", "application/x-www-form-urlencoded"),
        ("x", "multipart/form-data; boundary=b"),
        ("{}", "application/json"),
    ):
        assert client.post(link, body, content_type=kind_).status_code == 200
    assert "mara.lind" not in client.get(link).content.decode()
    with tenant_scope(organization):
        request = PrivacyRequest.objects.get()
        assert (request.state, request.verified_at) == (RequestState.RECEIVED, None)
        assert Contact.objects.get(pk=person.pk).address == KEY


def test_seeing_and_downloading(client, organization, person, token):
    with tenant_scope(organization):
        ledger.delivery(ledger.mailing(organization), contact=person)
        suppressions.suppress(
            organization=organization,
            address=KEY,
            reason=SuppressionReason.COMPLAINED,
            source="complaint",
            evidence="arf",
        )
    ask(client, token, "access")
    link = mails(organization)[0][2]
    text = client.post(link, {"do": "show"}).content.decode()
    for words in (KEY, "Zoë", "Yes, Kettles", "203.0.113.7", "arf"):
        assert words in text
    download = client.post(link, {"do": "download"})
    assert download["Content-Disposition"].startswith("attachment")
    held = json.loads(download.content)
    assert held["person"]["address"] == KEY
    assert held["person"]["fields"] == [{"name": "First name", "key": "first_name", "value": "Zoë"}]
    assert {row["topic"] for row in held["topics"]} == {"Kettles", "Offers"}
    assert held["consent"][0]["words"] == "Yes, Kettles"
    assert [m["kind"] for m in held["messages"]] == ["Marketing mail", "App mail"]
    with tenant_scope(organization):
        request = PrivacyRequest.objects.get()
        assert request.state == RequestState.DONE
        assert request.verified_at
        assert request.record["given"]["consent"] == 2


def test_erasing(client, organization, person, token):
    ask(client, token, "erasure")
    link = mails(organization)[0][2]
    assert "cannot be undone" in client.get(link).content.decode()
    text = client.post(link, {"do": "erase"}).content.decode()
    with tenant_scope(organization):
        request = PrivacyRequest.objects.get()
        assert Contact.objects.get(pk=person.pk).erased_at
    assert request.public_id in text
    assert request.record["erased"]["address, name and fields"] == 1
    assert "elsewhere" not in text
    # The link is used up, and the mail's token opens pages without anybody.
    assert is_over(client.post(link, {"do": "erase"}))
    for name in ("unsubscribe", "preferences", "data"):
        answer = client.get(reverse(f"recipients:{name}", args=[token]))
        assert answer.status_code == 200
        assert "•••" not in answer.content.decode()
    ask(client, token, "access")
    with tenant_scope(organization):
        assert PrivacyRequest.objects.count() == 1


def change(client, organization, token, address=NEW):
    """Through both mailboxes; the answers of the two last presses."""
    ask(client, token, "address")
    proposed = client.post(mails(organization)[-1][2], {"do": "propose", "address": address})
    to, _subject, link = mails(organization)[-1]
    return proposed, to, client.get(link), client.post(link, {"do": "confirm"})


def test_a_new_address_needs_both_mailboxes(client, organization, person, token):
    with tenant_scope(organization):
        suppressions.suppress(
            organization=organization, address=KEY, reason=SuppressionReason.BOUNCED, source="relay", evidence="full"
        )
    with tenant_scope(organization):
        Suppression.objects.all().update(lifted_at=timezone.now())  # so that mail goes there again
    proposed, to, before, after = change(client, organization, token)
    assert to == NEW
    assert "m•••@new.example" in proposed.content.decode()
    assert before.status_code == 200
    assert "Done" in after.content.decode()
    with tenant_scope(organization):
        row = Contact.objects.get(pk=person.pk)
        assert (row.address, row.address_key, row.domain) == (NEW, NEW, "new.example")
        assert ConsentRecord.objects.filter(contact=row).count() == 2
        assert Subscription.objects.filter(contact=row, state=SubscriptionState.SUBSCRIBED).count() == 2
        assert Suppression.objects.get().address_key == KEY
        assert not Suppression.objects.filter(address_key=NEW).exists()
        assert AuditEntry.objects.filter(verb="contacts.address_changed").exists()
        request = PrivacyRequest.objects.get()
        assert (request.state, request.new_address) == (RequestState.DONE, "")
        assert request.address.lower() == KEY, "by it we find what bears the old one, when they are erased"


def test_until_the_new_mailbox_says_yes_nothing_changes(client, organization, person, token):
    ask(client, token, "address")
    first = mails(organization)[-1][2]
    assert "no address" in client.post(first, {"do": "propose", "address": "nonsense"}).content.decode()
    client.post(first, {"do": "propose", "address": NEW})
    one = mails(organization)[-1][2]
    client.post(first, {"do": "propose", "address": "other@new.example"})
    assert is_over(client.get(one)), "a link confirms the address that it was mailed to, and no other"
    with tenant_scope(organization):
        assert Contact.objects.get(pk=person.pk).address == KEY


def test_a_strangers_mailbox_is_not_filled_by_new_addresses(client, organization, person, token, monkeypatch):
    monkeypatch.setattr(signup_limits, "AN_ADDRESS", 2)
    cache.clear()
    ask(client, token, "address")
    link = mails(organization)[-1][2]
    for spelling in ("victim@new.example", "victim+1@new.example", "victim+2@new.example"):
        answer = client.post(link, {"do": "propose", "address": spelling})
    assert "no address that mail can reach, or too many" in answer.content.decode()
    assert [to for to, *_ in mails(organization)].count("victim+2@new.example") == 0


def test_who_is_forgotten_gets_no_mail_by_somebody_elses_new_address(client, organization, person, token):
    with tenant_scope(organization):
        suppressions.suppress_many(
            organization=organization,
            keys=[fingerprints.listed(NEW)[0]],
            reason=SuppressionReason.ERASED,
            source="page",
        )
    ask(client, token, "address")
    answer = client.post(mails(organization)[-1][2], {"do": "propose", "address": NEW})
    assert "no address that mail can reach, or too many" in answer.content.decode()
    assert NEW not in [to for to, *_ in mails(organization)]


def test_what_the_person_said_goes_along_with_a_new_address(client, organization, person, token):
    with tenant_scope(organization):
        suppressions.suppress(
            organization=organization,
            address=KEY,
            reason=SuppressionReason.COMPLAINED,
            source="complaint",
            evidence="arf",
        )
        suppressions.suppress(
            organization=organization,
            address=KEY,
            reason=SuppressionReason.MANUAL,
            source="member",
            topic=Topic.objects.get(name="Offers"),
        )
    change(client, organization, token)
    with tenant_scope(organization):
        entries = Suppression.objects.filter(lifted_at=None).values_list("address_key", "reason", "topic__name")
        said = {("complained", None), ("manual", "Offers")}
        assert set(entries) == {(address, *one) for address in (KEY, NEW) for one in said}


def test_a_new_address_that_is_somebody_of_ours(client, organization, person, token):
    with tenant_scope(organization):
        other = ledger.contact(organization, NEW)
        topic = Topic.objects.get(name="Offers")
        subscriptions.unsubscribe(contact=other, topic=topic, statement=Statement(source=ConsentSource.PAGE))
    _proposed, _to, _before, after = change(client, organization, token)
    assert "known already" in after.content.decode()
    with tenant_scope(organization):
        assert Contact.objects.get(pk=person.pk).archived_at
        assert Contact.objects.get(pk=person.pk).address == KEY
        states = dict(Subscription.objects.filter(contact=other).values_list("topic__name", "state"))
        assert states == {"Kettles": SubscriptionState.SUBSCRIBED, "Offers": SubscriptionState.UNSUBSCRIBED}, (
            "what they left with the new address stays left"
        )


def test_the_address_of_somebody_who_was_forgotten_is_not_used(client, organization, person, token, owner):
    with tenant_scope(organization):
        other = ledger.contact(organization, NEW)
    ask(client, token, "address")
    client.post(mails(organization)[-1][2], {"do": "propose", "address": NEW})
    link = mails(organization)[-1][2]
    with tenant_scope(organization):
        erasure.erase(contact=other, actor=owner)
    assert "cannot be used" in client.post(link, {"do": "confirm"}).content.decode()
    with tenant_scope(organization):
        assert Contact.objects.get(pk=person.pk).address == KEY


def test_the_link_is_good_for_an_hour(client, organization, token, monkeypatch):
    ask(client, token, "erasure")
    link = mails(organization)[0][2]
    now = time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + 3_601)
    assert is_over(client.get(link))
    assert is_over(client.post(link, {"do": "erase"}))
    with tenant_scope(organization):
        assert Contact.objects.get().erased_at is None


def test_a_link_to_an_address_that_is_not_theirs_any_more_is_over(client, organization, person, token):
    ask(client, token, "erasure")
    link = mails(organization)[0][2]
    with tenant_scope(organization):
        Contact.objects.filter(pk=person.pk).update(address=NEW, address_key=NEW)
    assert is_over(client.post(link, {"do": "erase"}))


@pytest.mark.parametrize("spoil", [lambda t: t[:-2], lambda t: t + "x", lambda t: "x" * 500, lambda t: t.swapcase()])
def test_links_that_are_not_ours(client, organization, token, spoil):
    ask(client, token, "erasure")
    link = mails(organization)[0][2].removeprefix("/d/")
    assert client.post(f"/d/{spoil(link)}", {"do": "erase"}).status_code == 404
    assert client.get(f"/d/{token}").status_code == 404


def test_a_mails_token_never_opens_what_the_link_opens(client, organization, person, token):
    """Whatever is posted to the pages of a mail's token: nobody is shown, changed or erased."""
    for name in ("unsubscribe", "leave", "undo", "never", "preferences", "rhythm", "language", "data"):
        address = reverse(f"recipients:{name}", args=[token])
        for fields in ({"do": "erase"}, {"do": "show"}, {"do": "download"}, {"address": NEW, "do": "confirm"}):
            answer = client.post(address, fields)
            assert KEY not in answer.content.decode()
    with tenant_scope(organization):
        row = Contact.objects.get(pk=person.pk)
        assert (row.address, row.erased_at, row.values) == (KEY, None, {"first_name": "Zoë"})


def test_three_links_an_hour(client, organization, token):
    for _ in range(5):
        answer = ask(client, token, "erasure")
    assert "Several were sent" in answer.content.decode()
    assert len(mails(organization)) == 3
    assert is_over(client.get(mails(organization)[0][2])), "the newest one counts"
    assert client.get(mails(organization)[2][2]).status_code == 200


def test_who_can_not_be_mailed_is_answered_by_hand(client, organization, person, token):
    with tenant_scope(organization):
        suppressions.suppress(
            organization=organization, address=KEY, reason=SuppressionReason.MANUAL, source="member", evidence="x"
        )
    for _ in range(2):
        answer = ask(client, token, "erasure")
        assert "Your wish is noted" in answer.content.decode()
    assert mails(organization) == []
    with tenant_scope(organization):
        assert PrivacyRequest.objects.get().state == RequestState.OPEN


def test_links_that_nobody_used_are_swept(client, organization, token):
    ask(client, token, "access")
    with tenant_scope(organization):
        PrivacyRequest.objects.update(received_at=timezone.now() - timedelta(days=2))
    privacy_requests.sweep()
    with tenant_scope(organization):
        request = PrivacyRequest.objects.get()
        assert (request.state, request.address) == (RequestState.EXPIRED, "")


def test_the_mail_speaks_their_language(client, organization, token):
    ask(client, token, "access", **{"Accept-Language": "de-AT"})
    assert "innerhalb einer Stunde" in mails(organization)[0][1]
    page = client.get(mails(organization)[0][2], headers={"Accept-Language": "fr"}).content.decode()
    assert '<html lang="fr"' in page
    assert "Vos données" in page


def test_a_month_is_a_month():
    from datetime import datetime

    assert privacy_requests.a_month_after(datetime(2026, 1, 31)) == datetime(2026, 2, 28)
    assert privacy_requests.a_month_after(datetime(2026, 12, 5)) == datetime(2027, 1, 5)


def test_every_kind_of_request_has_a_mail(organization, person):
    from django.template.loader import render_to_string

    said = {
        name: render_to_string("contacts/recipients/mail/_why.txt", {"name": name, "brand": {"name": "X"}})
        for name in (*RequestKind.values, "new_address")
    }
    assert len(set(said.values())) == 4


def test_what_is_shown_speaks_their_language_too(client, organization, token):
    ask(client, token, "access")
    link = mails(organization)[0][2]
    text = client.post(link, {"do": "show"}, headers={"Accept-Language": "de"}).content.decode()
    assert "Anmeldeformular" in text
    assert "Angemeldet" in text
    assert "Sign-up form" not in text
    held = json.loads(client.post(link, {"do": "download"}, headers={"Accept-Language": "de"}).content)
    assert held["consent"][0]["where"] == "Sign-up form", "the file is for programs"
