"""The hits app over real HTTP: opens, clicks, one-click unsubscribes (RFC 8058), and scanners that change nothing."""

import itertools
import re
import time
from datetime import timedelta
from urllib.parse import urlencode

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from accounts import derived_keys
from accounts.tenancy import cross_tenant, tenant_scope
from contacts import tokens as contact_tokens
from contacts.actions import subscriptions
from contacts.enums import ConsentAction, ConsentSource, SubscriptionState, SuppressionReason
from contacts.models import ConsentRecord, Subscription, Suppression, Topic
from reputation.actions import totals
from reputation.queries import totals as reading
from sending.actions import link_changes
from sending.enums import DeliveryState, EventKind
from sending.models import Delivery, Engagement, Event
from sending.tracking import tokens
from tests.sending import ledger

pytestmark = pytest.mark.django_db(transaction=True)

# The process remembers messages by their ids, so no two tests may use the same one.
IDS = itertools.count(int(time.time()) * 1000)
BODY = "List-Unsubscribe=One-Click"
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def send(organization):
    with tenant_scope(organization):
        letter = ledger.letter(organization)
        topic = Topic.objects.create(organization=organization, brand=letter.brand, name="Kettle weekly")
        return ledger.mailing(organization, letter=letter, topic_id=topic.pk)


@pytest.fixture
def topic(organization, send):
    with tenant_scope(organization):
        return Topic.objects.get()


@pytest.fixture
def person(organization, topic):
    with tenant_scope(organization):
        contact = ledger.contact(organization)
        subscriptions.subscribe(
            contact=contact, topic=topic, statement=subscriptions.Statement(source=ConsentSource.FORM, wording="Yes")
        )
        return contact


@pytest.fixture
def message(organization, send, person):
    with tenant_scope(organization):
        return ledger.delivery(send, id=next(IDS), contact=person, changed_at=timezone.now() - timedelta(minutes=5))


def of(message):
    key = derived_keys.keys_for(tokens.PURPOSE)[0]
    return tokens.MessageTokens(delivery_id=message.pk, mailing_id=message.mailing_id, key=key)


def unsubscribe_path(person, message=None):
    about = f"d{message.pk}" if message is not None else ""
    token = contact_tokens.mint(organization_id=person.organization_id, contact_id=person.pk, about=about)
    return f"/u/{token}"


def told(organization):
    """Everything that could have changed."""
    with tenant_scope(organization):
        with connection.cursor() as cursor:
            cursor.execute("SELECT kind, facts FROM sending_event ORDER BY id")
            events = cursor.fetchall()
        return {
            "events": events,
            "subscriptions": list(Subscription.objects.values_list("state", flat=True)),
            "suppressions": list(Suppression.objects.values_list("reason", "lifted_at")),
            "consent": list(ConsentRecord.objects.order_by("id").values_list("action", "source", "about")),
            "states": list(Delivery.objects.values_list("state", flat=True)),
        }


def assert_adds_up():
    with cross_tenant("test"):
        assert totals.differences() == []


def kinds(organization):
    with tenant_scope(organization), connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM sending_event ORDER BY id")
        return [kind for (kind,) in cursor.fetchall()]


# --- Pixels and clicks ------------------------------------------------------------------------------------------------
def test_the_pixel(hits, organization, message):
    answer = hits("GET", f"/i/{of(message).pixel()}.gif")
    assert (answer.status, answer.headers["Content-Type"], answer.headers["Content-Length"]) == (200, "image/gif", "43")
    assert answer.headers["Cache-Control"] == "no-store"
    hits("GET", f"/i/{of(message).pixel()}.gif")
    with tenant_scope(organization):
        counts = reading.of_mailing(message.mailing_id)
        facts = Event.objects.filter(delivery_id=message.pk).values_list("facts", flat=True)[0]
    assert (counts.opens, counts.machine_opens, counts.of(EventKind.OPENED)) == (1, 0, 2)
    assert (facts["class"], facts["rules"], facts["ip"]) == ("human", [], "127.0.0.1")
    assert_adds_up()


def test_a_click_leads_to_the_letters_own_link(hits, organization, message):
    for link, destination in enumerate(
        [
            "https://shop.example/kettles?size=2",
            "https://shop.example/tea",
            "http://xn--bcher-kva.example/%C3%BC?q=%C3%A4%20b",
        ]
    ):
        answer = hits("GET", f"/c/{of(message).click(link)}")
        assert (answer.status, answer.headers["Location"]) == (302, destination)
        assert answer.headers["Cache-Control"] == "no-store"
    assert hits("GET", f"/c/{of(message).click(3)}").status == 404
    assert_adds_up()


def test_people_are_counted_once_and_machines_apart(hits, organization, message):
    hits("GET", f"/c/{of(message).click(0)}")
    hits("GET", f"/c/{of(message).click(0)}")
    hits("GET", f"/c/{of(message).click(1)}", User_Agent="python-requests/2.34")
    hits("GET", f"/i/{of(message).pixel()}.gif", User_Agent="Mozilla/5.0")
    with tenant_scope(organization):
        counts = reading.of_mailing(message.mailing_id)
        links = reading.by_link(message.mailing_id)
        assert Engagement.objects.get().links == [0]
    assert (counts.clicks, counts.opens, counts.machine_opens) == (1, 0, 1)
    assert counts.of(EventKind.CLICKED) == 2
    assert counts.of(EventKind.CLICKED_MACHINE) == 1
    assert (links[0].clicks, links[1].clicks) == (1, 0)
    assert_adds_up()


def test_who_opens_all_links_at_once_is_a_machine_from_the_first_one_on(hits, organization, message):
    for link in range(3):
        hits("GET", f"/c/{of(message).click(link)}")
    with tenant_scope(organization):
        assert reading.of_mailing(message.mailing_id).clicks == 0
        mark = Engagement.objects.get()
        assert (mark.clicked_at, mark.links) == (None, [])
    assert_adds_up()


def test_a_hit_right_after_delivery_is_a_machines(hits, organization, send, person):
    with tenant_scope(organization):
        fresh = ledger.delivery(send, id=next(IDS), contact=person)
    hits("GET", f"/c/{of(fresh).click(0)}")
    assert kinds(organization) == [EventKind.CLICKED_MACHINE]
    with tenant_scope(organization):
        assert Event.objects.get().facts["rules"] == ["at_once"]


def test_head_leads_on_and_never_counts(hits, organization, message):
    answer = hits("HEAD", f"/c/{of(message).click(0)}")
    assert (answer.status, answer.headers["Location"]) == (302, "https://shop.example/kettles?size=2")
    assert hits("HEAD", f"/i/{of(message).pixel()}.gif").status == 200
    assert hits("POST", f"/c/{of(message).click(0)}").status == 405
    assert kinds(organization) == []


def test_a_hit_settles_what_was_in_doubt(hits, organization, send, person):
    with tenant_scope(organization):
        doubtful = ledger.delivery(send, id=next(IDS), contact=person, state=DeliveryState.IN_DOUBT)
    hits("GET", f"/c/{of(doubtful).click(0)}", User_Agent="curl/8")
    with tenant_scope(organization):
        assert Delivery.objects.get().state == DeliveryState.IN_DOUBT  # a gateway may still refuse what it scans
    hits("GET", f"/c/{of(doubtful).click(0)}")
    with tenant_scope(organization):
        assert Delivery.objects.get().state == DeliveryState.DELIVERED
        counts = reading.of_mailing(send.pk)
    assert (counts.audience, counts.delivered) == (1, 1)
    assert EventKind.DELIVERED in kinds(organization)
    assert_adds_up()


def test_a_test_mails_link_leads_on_and_is_not_counted(hits, organization, send):
    key = derived_keys.keys_for(tokens.PURPOSE)[0]
    answer = hits("GET", f"/c/{tokens.MessageTokens(delivery_id=0, mailing_id=send.pk, key=key).click(1)}")
    assert answer.headers["Location"] == "https://shop.example/tea"
    assert kinds(organization) == []


def test_a_link_that_was_led_elsewhere_leads_there_within_a_second_and_back(
    hits, organization, marketer, send, message
):
    path, was = f"/c/{of(message).click(0)}", ledger.LINKS[0]
    assert hits("GET", path).headers["Location"] == was
    with tenant_scope(organization):
        link_changes.change(
            mailing=send, was=was, url="https://shop.example/ü", reason="Sold out", actor=marketer, ours=()
        )
    time.sleep(0.9)
    assert hits("GET", path).headers["Location"] == "https://shop.example/%C3%BC"
    assert hits("GET", f"/c/{of(message).click(1)}").headers["Location"] == ledger.LINKS[1]
    with tenant_scope(organization):
        link_changes.lead_back(mailing=send, was=was, actor=marketer)
    time.sleep(0.9)
    assert hits("GET", path).headers["Location"] == was
    with tenant_scope(organization):
        assert reading.by_link(send.pk)[0].of(EventKind.CLICKED) == 3  # counted as the same link all the time
    assert_adds_up()


@pytest.mark.parametrize("token", ["x", "AAAA", "%00", "..%2f..", "a" * 5000, "\u00fc", "?url=https://evil.example"])
def test_forged_tokens_lead_nowhere(hits, organization, message, token):
    path = "/c/" + token.encode().decode("latin-1")
    answer = hits("GET", path.replace("\u00c3", "%C3").replace("\u00bc", "%BC"))
    assert answer.status in {404, 400, 414}
    assert "Location" not in answer.headers
    assert hits("GET", "/i/" + re.sub(r"[^A-Za-z0-9]", "", token) + ".gif").status == 200
    assert kinds(organization) == []


def test_a_token_of_another_mailing_or_a_missing_message_counts_nothing(hits, organization, message):
    key = derived_keys.keys_for(tokens.PURPOSE)[0]
    for delivery_id, mailing_id in ((message.pk, message.mailing_id + 1), (message.pk + 1, message.mailing_id)):
        marks = tokens.MessageTokens(delivery_id=delivery_id, mailing_id=mailing_id, key=key)
        assert hits("GET", f"/c/{marks.click(0)}").status == 404
        assert hits("GET", f"/i/{marks.pixel()}.gif").status == 200
    assert kinds(organization) == []


def test_many_hits_at_once_are_all_counted(hits, organization, send):
    from concurrent.futures import ThreadPoolExecutor

    with tenant_scope(organization):
        rows = [
            ledger.delivery(
                send, id=next(IDS), address=f"p{n}@x.example", changed_at=timezone.now() - timedelta(minutes=5)
            )
            for n in range(40)
        ]
    paths = [f"/i/{of(row).pixel()}.gif" for row in rows] * 5
    with ThreadPoolExecutor(16) as several:
        assert {answer.status for answer in several.map(lambda path: hits("GET", path), paths)} == {200}
    with tenant_scope(organization):
        counts = reading.of_mailing(send.pk)
    assert (counts.opens, counts.of(EventKind.OPENED)) == (40, 200)
    assert_adds_up()


# --- One click (RFC 8058) ---------------------------------------------------------------------------------------------
def multipart(fields):
    lines = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields)
    return (lines + "--b--\r\n").encode(), "multipart/form-data; boundary=b"


ONE_CLICKS = [
    (BODY.encode(), URLENCODED),
    (BODY.encode(), URLENCODED + "; charset=UTF-8"),
    multipart([("List-Unsubscribe", "One-Click")]),
    (f"{BODY}&{BODY}".encode(), URLENCODED),
    (f"a=b&{BODY}".encode(), URLENCODED),
    (BODY.encode(), "text/plain"),
    (f"{BODY}\r\n".encode(), ""),
]


@pytest.mark.parametrize(("body", "kind"), ONE_CLICKS)
def test_one_click(hits, organization, person, topic, message, body, kind):
    path = unsubscribe_path(person, message)
    headers = {"Content_Type": kind} if kind else {}
    answer = hits("POST", path, body, **headers)
    assert (answer.status, answer.text) == (200, "Unsubscribed.\n")
    assert not {"Location", "Set-Cookie"} & set(answer.headers)
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.UNSUBSCRIBED
        record = ConsentRecord.objects.latest("id")
        assert not Suppression.objects.exists()  # this topic only
        assert Engagement.objects.get().unsubscribed_at
    assert (record.action, record.source, record.about) == ("unsubscribed", "one_click", f"d{message.pk}")
    assert (record.ip, record.topic_id) == ("127.0.0.1", topic.pk)
    assert record.user_agent.startswith("Mozilla")
    before = told(organization)
    assert hits("POST", path, body, **headers).status == 200
    assert told(organization) == before
    assert kinds(organization) == [EventKind.UNSUBSCRIBED]
    assert_adds_up()


NO_ONE_CLICKS = [
    (b"", URLENCODED),
    (b"", ""),
    (b"List-Unsubscribe=", URLENCODED),
    (b"List-Unsubscribe=Two-Click", URLENCODED),
    (b"Unsubscribe=One-Click", URLENCODED),
    (b"\xff\xfe\x00", URLENCODED),
    (b"what=everything", URLENCODED),
    (b"garbage", "multipart/form-data; boundary=b"),
    (b"garbage", "multipart/form-data"),
    (BODY.encode(), "multipart/form-data; boundary=" + "x" * 500),
    (b"x=1&" * 2000, URLENCODED),
    (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
]


@pytest.mark.parametrize(("body", "kind"), NO_ONE_CLICKS)
def test_a_post_without_the_right_body_changes_nothing_and_shows_the_page(
    hits, organization, person, message, body, kind
):
    before = told(organization)
    answer = hits("POST", unsubscribe_path(person, message), body, **({"Content_Type": kind} if kind else {}))
    assert answer.status == 200
    assert "Unsubscribe from “Kettle weekly”" in answer.text
    assert told(organization) == before


def test_a_huge_body_is_refused(hits, organization, person, message):
    before = told(organization)
    assert hits("POST", unsubscribe_path(person, message), b"x" * 200_000, Content_Type=URLENCODED).status == 413
    assert told(organization) == before


def test_one_click_without_a_topic_stops_all_marketing_mail(hits, organization, person):
    assert hits("POST", unsubscribe_path(person), BODY, Content_Type=URLENCODED).status == 200
    with tenant_scope(organization):
        one = Suppression.objects.get()
        assert (one.reason, one.marketing_only, one.source) == (SuppressionReason.UNSUBSCRIBED, True, "one_click")


def test_one_click_settles_what_was_in_doubt(hits, organization, send, person):
    with tenant_scope(organization):
        doubtful = ledger.delivery(send, id=next(IDS), contact=person, state=DeliveryState.IN_DOUBT)
    hits("POST", unsubscribe_path(person, doubtful), BODY, Content_Type=URLENCODED)
    with tenant_scope(organization):
        assert Delivery.objects.get().state == DeliveryState.DELIVERED
    assert_adds_up()


def test_one_click_of_a_test_mail_and_of_a_stranger(hits, organization):
    token = contact_tokens.mint(organization_id=organization.pk, contact_id=0)
    assert hits("POST", f"/u/{token}", BODY, Content_Type=URLENCODED).status == 200
    token = contact_tokens.mint(organization_id=organization.pk, contact_id=999_999)
    assert hits("POST", f"/u/{token}", BODY, Content_Type=URLENCODED).status == 200
    token = contact_tokens.mint(organization_id=999_999, contact_id=1)
    assert hits("POST", f"/u/{token}", BODY, Content_Type=URLENCODED).status == 404


def test_a_person_of_another_organization_is_not_reached_by_a_token(hits, organization, other_organization, person):
    token = contact_tokens.mint(organization_id=other_organization.pk, contact_id=person.pk)
    before = told(organization)
    assert hits("POST", f"/u/{token}", BODY, Content_Type=URLENCODED).status == 200
    assert told(organization) == before


# --- Scanners ---------------------------------------------------------------------------------------------------------
def test_scanners_that_get_every_link_change_nothing(hits, organization, person, message):
    path = unsubscribe_path(person, message)
    token = path[3:]
    before = told(organization)
    seen, waiting = set(), [path, f"/p/{token}", f"/u/{token}/leave", f"/u/{token}/undo"]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
            answer = hits(method, one)
            assert answer.status in {200, 404, 405}
            if method == "GET" and answer.status == 200:
                waiting += re.findall(r'(?:href|action)="(/[^"]*)"', answer.text)
    assert {f"/u/{token}", f"/p/{token}"} <= seen
    assert told(organization) == before


def test_nothing_else_is_reachable_on_the_link_host(hits, organization):
    for path in (
        "/",
        "/account/login/",
        f"/o/{organization.public_id}/",
        "/kit/",
        "/settings/",
        "/u/",
        "/admin/",
        "/healthz",
    ):
        assert hits("GET", path).status == 404
    assert hits("GET", "/robots.txt").text.endswith("Disallow: /\n")


def test_pages_are_private_and_need_no_cookies(hits, person, message):
    for path in (unsubscribe_path(person, message), "/p/" + unsubscribe_path(person, message)[3:], "/u/nonsense"):
        answer = hits("GET", path, Host="links.kettle.example")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Set-Cookie" not in answer.headers
        assert "<script" not in answer.text
        assert "mara.lind@" not in answer.text


def test_the_pages_style_is_served(hits, person, message):
    page = hits("GET", unsubscribe_path(person, message)).text
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    assert len(sheets) == 3
    for sheet in sheets:
        answer = hits("GET", sheet)
        assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "text/css")


def test_who_asks_too_often_waits_and_one_click_never_does(hits, organization, person, message):
    path = unsubscribe_path(person, message)
    statuses = [hits("GET", "/u/x").status for _ in range(200)]
    assert 429 in statuses
    assert hits("POST", path, BODY, Content_Type=URLENCODED).status == 200
    time.sleep(1)
    assert hits("GET", path).status == 200


def test_hits_wait_for_the_database_and_are_not_lost(hits, organization, message):
    """The table is locked for longer than a reader waits: the reader goes on, the hit is written when it can be."""
    with psycopg.connect(
        dbname=connection.settings_dict["NAME"],
        host=connection.settings_dict["HOST"],
        port=connection.settings_dict["PORT"] or None,
        user=connection.settings_dict["USER"],
    ) as other:
        other.execute("SET ROLE NONE")
        other.execute("LOCK TABLE sending_engagement IN ACCESS EXCLUSIVE MODE")
        start = time.monotonic()
        assert hits("GET", f"/i/{of(message).pixel()}.gif").status == 200
        assert 0.5 < time.monotonic() - start < 5
        other.rollback()
    for _ in range(50):
        if kinds(organization):
            break
        time.sleep(0.1)
    assert kinds(organization) == [EventKind.OPENED]


def test_undo_and_preferences_by_forms_without_cookies(hits, organization, person, topic, message):
    path = unsubscribe_path(person, message)
    fields = dict(re.findall(r'name="(form)" value="([^"]+)"', hits("GET", path).text))
    left = hits("POST", f"{path}/leave", urlencode({**fields, "what": "topic"}), Content_Type=URLENCODED)
    assert "No more “Kettle weekly”" in left.text
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.UNSUBSCRIBED
    undo = re.search(r'name="undo" value="([^"]+)"', left.text)[1]
    back = hits("POST", f"{path}/undo", urlencode({"undo": undo}), Content_Type=URLENCODED)
    assert "You get “Kettle weekly” again" in back.text
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.SUBSCRIBED
        assert ConsentRecord.objects.latest("id").action == ConsentAction.RESUBSCRIBED
        assert reading.of_mailing(message.mailing_id).unsubscribes == 0
    assert kinds(organization) == [EventKind.UNSUBSCRIBED, EventKind.RESUBSCRIBED]
    assert_adds_up()
