"""The preference centre: pause, less often, language, and taking back; what machines do to it changes nothing."""

import re
import time

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.tenancy import tenant_scope
from contacts import tokens
from contacts.models import ConsentRecord, Contact, Preference, PrivacyRequest, Subscription, Suppression
from tests.contacts.views.test_recipients import hidden, page, person, states, token, topics, url

__all__ = ["person", "token", "topics"]  # fixtures

BODIES = {
    "nothing": ("", "application/x-www-form-urlencoded"),
    "no type": ("List-Unsubscribe=One-Click", ""),
    "form": ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
    "multipart": (
        '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
        "multipart/form-data; boundary=b",
    ),
    "broken multipart": ("--b\r\nContent-Dis", "multipart/form-data; boundary=b"),
    "json": ('{"List-Unsubscribe": "One-Click"}', "application/json"),
    "other words": ("List-Unsubscribe=Perhaps", "application/x-www-form-urlencoded"),
    "binary": ("\x00\xff" * 40, "application/octet-stream"),
}
LEAVE = {"no type", "form", "multipart"}


def press(client, token, name, text=None, **fields):
    form = hidden(text or page(client, token, "preferences"))
    answer = client.post(url(name, token), {"form": form, **fields})
    assert answer.status_code == 200
    return answer.content.decode()


def chosen(organization):
    with tenant_scope(organization):
        return Preference.objects.values_list("cap", "language", "paused_until").first()


def test_a_pause_says_its_day_and_can_be_ended_and_taken_back(client, organization, token):
    text = page(client, token, "preferences")
    day = re.search("Pause for 30 days, until ([^<]+)<", text)
    assert day and re.fullmatch(r"\d{1,2} [A-Z][a-z]+ 20\d\d", day[1]), "day, month, year: nobody reads it another way"
    paused = press(client, token, "rhythm", pause="30")
    assert f"Your mail pauses until {day[1]}" in paused
    assert "Start again now" in paused
    assert (chosen(organization)[2] - timezone.now()).days in (29, 30)
    # what was done can be undone, and undone again is as it was
    back = client.post(url("undo", token), {"undo": hidden(paused, "undo")}).content.decode()
    assert "Taken back" in back
    assert chosen(organization) is None
    press(client, token, "rhythm", pause="90")
    started = press(client, token, "rhythm", pause="0")
    assert chosen(organization) is None
    client.post(url("undo", token), {"undo": hidden(started, "undo")})
    assert (chosen(organization)[2] - timezone.now()).days in (89, 90)
    assert states(organization)["Kettle weekly"] == "Subscribed"


def test_less_often(client, organization, token):
    saved = press(client, token, "rhythm", cap="weekly")
    assert chosen(organization)[0] == "weekly"
    assert re.search(r'value="weekly" checked', saved)
    press(client, token, "rhythm", pause="60")
    assert chosen(organization)[0] == "weekly"
    client.post(url("undo", token), {"undo": hidden(saved, "undo")})
    assert chosen(organization) is None
    with tenant_scope(organization):
        assert ConsentRecord.objects.count() == 2, "how often is no consent"


@pytest.mark.parametrize("fields", [{"cap": "hourly"}, {"pause": "-1"}, {"pause": "9999999"}, {"pause": "x"}, {}])
def test_what_is_not_offered_is_not_done(client, organization, token, fields):
    press(client, token, "rhythm", **fields)
    assert chosen(organization) is None


def test_the_language_is_theirs_and_comes_first(client, organization, token, person):
    german = client.get(url("preferences", token), headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="de"' in german
    assert "Abmelden" not in german
    assert "Speichern" in german
    saved = press(client, token, "language", text=german, language="fr")
    assert '<html lang="fr"' in saved
    assert "Enregistré" in saved
    again = client.get(url("unsubscribe", token), headers={"Accept-Language": "de"})
    assert '<html lang="fr"' in again.content.decode()
    assert again["Content-Language"] == "fr"
    with tenant_scope(organization):
        assert Contact.objects.get(pk=person.pk).locale == "fr"
    client.post(url("undo", token), {"undo": hidden(saved, "undo")})
    with tenant_scope(organization):
        assert Contact.objects.get(pk=person.pk).locale == ""
    assert press(client, token, "language", language="tlh")
    assert chosen(organization) is None


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "pt"])
def test_every_page_speaks_the_visitors_language(client, organization, token, language):
    said = set()
    for name in ("unsubscribe", "preferences", "data"):
        answer = client.get(url(name, token), headers={"Accept-Language": f"{language}-XX,{language};q=0.9"})
        text = answer.content.decode()
        assert f'<html lang="{language}" dir="ltr"' in text
        said.add(re.search(r"<h1>(.*?)</h1>", text)[1])
    assert len(said) == 3


def test_topics_can_be_taken_back(client, organization, token, topics):
    saved = press(client, token, "preferences", topic=[topics[2].public_id])
    assert states(organization) == {
        "Kettle weekly": "Unsubscribed",
        "Offers": "Unsubscribed",
        "Tea <walks>": "Subscribed",
    }
    client.post(url("undo", token), {"undo": hidden(saved, "undo")})
    assert states(organization) == {
        "Kettle weekly": "Subscribed",
        "Offers": "Subscribed",
        "Tea <walks>": "Unsubscribed",
    }


def test_coming_back_to_one_topic_can_be_taken_back_too(client, organization, token, topics):
    client.post(url("leave", token), {"form": hidden(page(client, token)), "what": "everything"})
    saved = press(client, token, "preferences", topic=[topics[1].public_id])
    assert states(organization)["Offers"] == "Subscribed"
    client.post(url("undo", token), {"undo": hidden(saved, "undo")})
    assert set(states(organization).values()) == {"Unsubscribed"}
    with tenant_scope(organization):
        assert Suppression.objects.filter(lifted_at=None).count() == 1


def test_i_never_signed_up(client, organization, token):
    text = page(client, token)
    assert "I never signed up" in text
    answer = client.post(url("never", token), {"form": hidden(text)}).content.decode()
    assert "Nothing more will come" in answer
    with tenant_scope(organization):
        assert set(Suppression.objects.values_list("reason", flat=True)) == {"unsubscribed", "manual"}
        assert ConsentRecord.objects.filter(action="disputed").count() == 1
    assert "You told us that you never signed up" in page(client, token)
    client.post(url("undo", token), {"undo": hidden(answer, "undo")})
    assert states(organization) == {"Kettle weekly": "Subscribed", "Offers": "Subscribed"}
    assert "Unsubscribe from" in page(client, token)


def test_fewer_and_a_pause_stand_beside_the_exit_and_not_before_it(client, token):
    text = page(client, token)
    assert text.index("Unsubscribe from “Kettle weekly”</button>") < text.index("Pause for 30 days")
    assert text.index("Stop all mail from") < text.index("At most one mail a month")


def test_a_scanner_that_opens_everything_changes_nothing(client, organization, token):
    """Every link of every page, also by HEAD, with and without the words of a prefetcher."""
    before = states(organization)
    seen, todo = set(), [url("unsubscribe", token), url("preferences", token)]
    while todo:
        where = todo.pop()
        if where in seen:
            continue
        seen.add(where)
        for headers in (
            {},
            {"Sec-Purpose": "prefetch;prerender"},
            {"Purpose": "prefetch", "User-Agent": "BarracudaCentral"},
        ):
            text = client.get(where, headers=headers).content.decode()
            client.head(where, headers=headers)
        todo.extend(re.findall(r'(?:href|action)="(/[upd]/[^"]+)"', text))
    assert len(seen) >= 6
    assert states(organization) == before
    with tenant_scope(organization):
        assert ConsentRecord.objects.count() == 2
        assert not Suppression.objects.exists()
        assert not Preference.objects.exists()
        assert not PrivacyRequest.objects.exists()


@pytest.mark.parametrize("kind", BODIES)
def test_posts_of_every_sort(client, organization, token, kind):
    body, content_type = BODIES[kind]
    for _ in range(2):  # and every one of them twice
        answer = client.post(url("unsubscribe", token), body.encode("latin-1"), content_type=content_type)
        assert answer.status_code == 200, "a one-click post never meets a redirect or an error"
    left = states(organization)["Kettle weekly"] == "Unsubscribed"
    assert left == (kind in LEAVE)
    with tenant_scope(organization):
        assert ConsentRecord.objects.count() == 2 + left
    for name in ("leave", "never", "undo", "preferences", "rhythm", "language", "data"):
        answer = client.post(url(name, token), body.encode("latin-1"), content_type=content_type)
        assert answer.status_code == 200
    with tenant_scope(organization):
        assert ConsentRecord.objects.count() == 2 + left
        assert not Preference.objects.exists()
        assert not PrivacyRequest.objects.exists()


def test_tokens_do_not_get_old(client, organization, token, monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 20 * 365 * 86_400)
    assert "Unsubscribe from" in page(client, token)
    client.post(url("unsubscribe", token), "List-Unsubscribe=One-Click", content_type="text/plain")
    assert states(organization)["Kettle weekly"] == "Unsubscribed"


WORDS = st.sampled_from(
    [
        "everything",
        "topic",
        "erase",
        "show",
        "download",
        "confirm",
        "propose",
        "access",
        "30",
        "0",
        "weekly",
        "",
        "fr",
        "never",
    ]
)
POSTS = st.lists(
    st.tuples(
        st.sampled_from(["unsubscribe", "leave", "undo", "never", "preferences", "rhythm", "language", "data"]),
        st.dictionaries(
            st.sampled_from(
                ["what", "do", "ask", "pause", "cap", "language", "topic", "address", "undo", "List-Unsubscribe"]
            ),
            WORDS,
        ),
        st.booleans(),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(posts=POSTS)
def test_whatever_the_token_posts_it_can_do_no_more(client, organization, token, person, topics, posts):
    """Its own topics, pause, cap and language change; nobody is shown, readdressed or erased, and no other person moves."""
    with tenant_scope(organization):
        other, _ = Contact.objects.get_or_create(
            organization=organization, address="b@x.example", address_key="b@x.example", domain="x.example"
        )
    form = hidden(page(client, token, "preferences"))
    for name, fields, is_ours in posts:
        answer = client.post(url(name, token), {**fields, **({"form": form} if is_ours else {})})
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "mara.lind" not in text
        assert "/d/" not in text
    with tenant_scope(organization):
        row = Contact.objects.get(pk=person.pk)
        assert (row.address, row.erased_at, row.archived_at) == ("mara.lind@elsewhere.example", None, None)
        assert not Subscription.objects.filter(contact=other).exists()
        assert not Preference.objects.filter(contact=other).exists()
        assert set(Suppression.objects.values_list("reason", flat=True)) <= {"unsubscribed", "manual"}
        assert not PrivacyRequest.objects.exclude(state__in=["received", "expired"]).exists()


@pytest.mark.django_db(transaction=True)
def test_every_page_without_javascript(live_server, browser, organization, token):
    """A person with a phone and no JavaScript: pause, less, language, their data, and away; one hand, no cookie."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}, locale="en-GB")
    try:
        sheet = context.new_page()
        sheet.goto(live_server.url + url("unsubscribe", token))
        sheet.get_by_role("button", name="Pause for 30 days").click()
        sheet.wait_for_selector("text=Your mail pauses until")
        sheet.get_by_role("button", name="Start again now").click()
        sheet.get_by_label("At most one mail a week").check()
        sheet.get_by_role("button", name="Save how often").click()
        assert chosen(organization)[0] == "weekly"
        sheet.get_by_role("button", name="Undo").click()
        sheet.wait_for_selector("text=Taken back")
        assert chosen(organization) is None
        sheet.get_by_label("Of these pages").select_option("es")
        sheet.get_by_role("button", name="Save the language").click()
        sheet.wait_for_selector("text=Guardado")
        sheet.get_by_role("link", name="Sus datos").click()
        sheet.get_by_role("button", name="Ver o descargar").click()
        sheet.wait_for_selector("text=va de camino")
        with tenant_scope(organization):
            assert PrivacyRequest.objects.count() == 1
        sheet.goto(live_server.url + url("unsubscribe", token))
        sheet.get_by_role("button", name="Nunca me apunté").click()
        sheet.wait_for_selector("text=No llegará nada más")
        sheet.get_by_role("button", name="Deshacer").click()
        assert states(organization)["Kettle weekly"] == "Subscribed"
        assert context.cookies() == []
    finally:
        context.close()


def test_a_genuine_token_of_another_organization_finds_nobody(client, organization, other_organization, person):
    stolen = tokens.mint(organization_id=other_organization.pk, contact_id=person.pk)
    text = page(client, stolen, "preferences")
    assert "•••" not in text
    client.post(
        reverse("recipients:unsubscribe", args=[stolen]), "List-Unsubscribe=One-Click", content_type="text/plain"
    )
    assert states(organization)["Kettle weekly"] == "Subscribed"
