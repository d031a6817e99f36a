"""Sign-up forms as visitors, robots, scanners and mistaken pages use them; and the page behind the confirm link."""

import re
import time
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from contacts import stamps, tokens
from contacts.enums import ConsentAction, SubscriptionState
from contacts.models import ConsentRecord, Contact, Field, Signup, SignupForm, Subscription, Topic
from tests.contacts import forms_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def topic(organization: Organization) -> Topic:
    with tenant_scope(organization):
        return forms_of.topic(organization, description="One mail a month")


@pytest.fixture
def form(organization: Organization, topic: Topic) -> SignupForm:
    with tenant_scope(organization):
        return forms_of.form(organization, topic)


def url(form: SignupForm) -> str:
    return reverse("recipients:form", args=[form.public_id])


def stamp(form: SignupForm, *, age: float | None = 10, wording: str = "Yes, send me tea news.") -> str:
    made_at = None if age is None else time.time() - age
    return stamps.make(form=form.public_id, wording=wording, language="en", made_at=made_at)


def post(form: SignupForm, *, age: float | None = 10, client: Client | None = None, headers=None, **facts):
    data = {"email": "zoe@inbox.example", "ph-stamp": stamp(form, age=age)} | {
        name.replace("__", "-"): value for name, value in facts.items()
    }
    return (client or Client(enforce_csrf_checks=True)).post(url(form), data, headers=headers)


def stored(organization: Organization) -> int:
    with tenant_scope(organization):
        return Signup.objects.count() + Contact.objects.count() + len(forms_of.mails())


def test_the_page_asks_and_changes_nothing(form, organization):
    answer = Client().get(url(form))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Tea by mail" in page
    assert "Yes, send me tea news." in page
    assert "One mail a month" in page
    assert "<script" not in page
    assert answer["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert not answer.cookies
    assert Client().head(url(form)).status_code == 200
    assert stored(organization) == 0


def test_from_the_form_to_being_subscribed(form, topic, organization):
    client = Client(enforce_csrf_checks=True, HTTP_USER_AGENT="Firefox")
    page = client.get(url(form)).content.decode()
    on_page = re.search(r'name="ph-stamp" value="([^"]+)"', page)
    assert on_page is not None
    made = stamps.read(on_page[1], form=form.public_id)
    assert made is not None
    assert made.is_too_quick()
    answer = post(form, client=client)
    assert answer.status_code == 200
    assert "zoe@inbox.example" in answer.content.decode()
    with tenant_scope(organization):
        contact = Contact.objects.get()
        assert (contact.source, contact.form_id) == ("form", form.pk)
        assert Subscription.objects.get().state == SubscriptionState.PENDING
        (asked,) = ConsentRecord.objects.all()
        assert (asked.action, asked.wording, asked.ip, asked.user_agent) == (
            ConsentAction.REQUESTED,
            "Yes, send me tea news.",
            "127.0.0.1",
            "Firefox",
        )
        (mail,) = forms_of.mails()
        link = forms_of.confirm_path(mail)
    for _ in range(3):  # scanners open every link
        page = client.get(link).content.decode()
        client.head(link)
        assert client.post(link).status_code == 200
        assert client.post(link, b"\xff\xfe", content_type="multipart/form-data").status_code == 200
        assert client.post(link, {"pressed": "1"}).status_code == 200
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.PENDING
    pressed = re.search(r'name="pressed" value="([^"]+)"', page)
    assert pressed is not None
    assert "z•••@inbox.example" in page
    assert "zoe@" not in page
    first = client.post(link, {"pressed": pressed[1]})
    assert "You are subscribed" in first.content.decode()
    again = client.post(link, {"pressed": pressed[1]})
    assert "confirmed already" in again.content.decode()
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.SUBSCRIBED
        record = ConsentRecord.objects.order_by("-pk").first()
        assert record.action == ConsentAction.CONFIRMED
        assert "Do you want to get “Tea news” from Copper Kettle by mail?" in record.wording
        assert "Yes, send me tea news." in record.wording
        assert ConsentRecord.objects.count() == 2
        _confirm, receipt = forms_of.mails()
        assert "Yes, send me tea news." in forms_of.text_of(receipt)
        assert "/u/" in forms_of.text_of(receipt)


def test_a_link_pressed_twice_does_not_bring_back_who_left_since(form, organization, topic):
    from contacts.actions import subscriptions
    from contacts.actions.subscriptions import Statement
    from contacts.enums import ConsentSource

    client = Client()
    post(form)
    with tenant_scope(organization):
        link = forms_of.confirm_path(forms_of.mails()[0])
    pressed = re.search(r'name="pressed" value="([^"]+)"', client.get(link).content.decode())[1]
    client.post(link, {"pressed": pressed})
    with tenant_scope(organization):
        subscriptions.unsubscribe_all(contact=Contact.objects.get(), statement=Statement(ConsentSource.PAGE))
    assert "confirmed already" in client.post(link, {"pressed": pressed}).content.decode()
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"age": 0.5}, "very quick"),
        ({"ph__website": "https://spam.example"}, "very quick"),
        ({"age": 90_000}, "open for too long"),
        ({"ph__stamp": "forged"}, "One thing is left"),
        ({"ph__stamp": "x" * 60_000}, "One thing is left"),
        ({"ph__stamp": ""}, "One thing is left"),
    ],
)
def test_a_doubtful_post_stores_nothing_and_keeps_what_was_typed(facts, says, form, organization):
    answer = post(form, **facts)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert says in page
    assert 'value="zoe@inbox.example"' in page
    assert stored(organization) == 0


def test_a_stamp_of_another_form_does_not_count(form, organization, topic):
    with tenant_scope(organization):
        other = forms_of.form(organization, topic, name="Other")
    assert "One thing is left" in post(form, ph__stamp=stamp(other)).content.decode()
    assert stored(organization) == 0


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff", b"email=zoe%40inbox.example", b"--x\r\nContent-Disposition: form-data\r\n\r\n"]
)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_bodies_that_are_none(body, kind, form, organization):
    answer = Client().generic("POST", url(form), body, content_type=kind)
    assert answer.status_code == 200
    assert stored(organization) == 0


def test_a_body_that_is_too_large(form, organization):
    answer = Client().post(url(form), {"email": "x" * 70_000})
    assert answer.status_code == 413
    assert stored(organization) == 0


def test_html_on_another_site(form, organization):
    """Anywhere, unless the form names its sites; elsewhere the visitor presses once more on our page."""
    anywhere = post(form, age=None, headers={"Origin": "https://anywhere.example"})
    assert "look into your mail" in anywhere.content.decode()
    with tenant_scope(organization):
        SignupForm.objects.update(origins=["https://shop.example"])
    for origin in ("https://evil.example", "null", "https://shop.example.evil.example"):
        answer = post(form, age=None, email="other@inbox.example", headers={"Origin": origin})
        assert "One thing is left" in answer.content.decode()
    assert stored(organization) == 3
    known = post(form, age=None, email="other@inbox.example", headers={"Origin": "https://shop.example"})
    assert "look into your mail" in known.content.decode()
    assert stored(organization) == 6


def test_the_ledger_keeps_the_words_that_the_site_showed(form, organization):
    answer = post(form, ph__stamp=stamp(form, age=None, wording="The words of last year."))
    assert answer.status_code == 200
    with tenant_scope(organization):
        assert ConsentRecord.objects.get().wording == "The words of last year."


def test_the_answer_is_the_same_for_everybody(form, organization, topic):
    from contacts.actions import suppressions
    from contacts.enums import SuppressionReason

    with tenant_scope(organization):
        for name, reason in (("complained", "complained"), ("bounced", "bounced"), ("manual", "manual")):
            suppressions.suppress(
                organization=organization,
                address=f"{name}@inbox.example",
                reason=SuppressionReason(reason),
                source="member",
            )
    pages = set()
    for name in ("complained", "bounced", "manual", "new"):
        page = post(form, email=f"{name}@inbox.example").content.decode()
        pages.add(page.replace(f"{name}@inbox.example", "X"))
    assert len(pages) == 1
    with tenant_scope(organization):
        assert [mail["To"] for mail in forms_of.mails()] == ["new@inbox.example"]
        assert list(Contact.objects.values_list("address_key", flat=True)) == ["new@inbox.example"]


def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(form, organization):
    with tenant_scope(organization):
        Field.objects.create(organization=organization, key="cups", label="Cups a day", kind="number")
        SignupForm.objects.update(
            fields=[{"key": "first_name", "required": True}, {"key": "cups", "required": False}, {"key": "gone"}]
        )
    answer = post(form, email="zoe@", first_name="", cups="many")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "no complete mail address" in page
    assert "Please fill this in." in page
    assert "Please write a number" in page
    assert 'value="many"' in page
    assert stored(organization) == 0
    assert post(form, first_name="Zoë <b>", cups="3,5").status_code == 200
    with tenant_scope(organization):
        assert Contact.objects.get().values == {}  # nobody proved yet that it is theirs
        assert Signup.objects.get().values == {"first_name": "Zoë <b>", "cups": 3.5}


def test_a_visitor_chooses_among_several_topics(form, organization, topic):
    with tenant_scope(organization):
        offers = forms_of.topic(organization, "Offers")
        SignupForm.objects.update(topic_ids=[topic.pk, offers.pk], lets_choose=True)
    nothing = post(form)
    assert nothing.status_code == 422
    assert "Please tick" in nothing.content.decode()
    assert 'type="checkbox"' in nothing.content.decode()
    assert "checked" not in nothing.content.decode()
    post(form, ph__topic=[offers.public_id, "unknown"])
    with tenant_scope(organization):
        assert Subscription.objects.get().topic == offers


@pytest.mark.parametrize(
    ("accept", "own", "says"),
    [
        ("de-AT,de;q=0.9", "", "E-Mail-Adresse"),
        ("es", "", "Dirección de correo"),
        ("pt-BR", "", "Endereço de e-mail"),
        ("de", "fr", "Adresse e-mail"),
        ("xx", "", "E-mail address"),
    ],
)
def test_it_speaks_the_visitors_language_unless_it_has_its_own(accept, own, says, form, organization):
    with tenant_scope(organization):
        SignupForm.objects.update(locale=own)
    answer = Client().get(url(form), headers={"Accept-Language": accept})
    assert answer["Content-Language"] == (own or ("en" if accept == "xx" else accept[:2]))
    assert f'lang="{answer["Content-Language"]}"' in answer.content.decode()
    assert says in answer.content.decode()


def test_without_words_of_its_own_a_form_has_ours_and_mails_them_in_the_same_language(form, organization):
    with tenant_scope(organization):
        SignupForm.objects.update(title="", wording="")
    client = Client(headers={"Accept-Language": "fr"})
    page = client.get(url(form)).content.decode()
    assert "Les e-mails de Copper Kettle" in page
    words = "Envoyez-moi « Tea news » par e-mail, de la part de Copper Kettle."
    assert words in page
    made = stamps.read(re.search(r'name="ph-stamp" value="([^"]+)"', page)[1], form=form.public_id)
    later = stamps.make(form=form.public_id, wording=made.wording, language=made.language, made_at=time.time() - 9)
    client.post(url(form), {"email": "zoe@inbox.example", "ph-stamp": later})
    with tenant_scope(organization):
        assert words in ConsentRecord.objects.get().wording
        (mail,) = forms_of.mails()
        assert mail["Subject"].strip() == "Veuillez confirmer : « Tea news » de Copper Kettle"
        assert "Ouvrez cette page" in forms_of.text_of(mail)
        assert Contact.objects.get().locale == "fr"


def test_afterwards_it_leads_to_the_forms_own_page_and_nowhere_else(form, organization):
    with tenant_scope(organization):
        SignupForm.objects.update(redirect_url="https://shop.example/thanks")
    answer = post(form, next="https://evil.example/", redirect_url="https://evil.example/")
    assert (answer.status_code, answer["Location"]) == (303, "https://shop.example/thanks")
    assert "form-action 'self' https://shop.example;" in Client().get(url(form))["Content-Security-Policy"]


def test_a_closed_form_says_so(form, organization, topic):
    with tenant_scope(organization):
        Topic.objects.update(archived_at="2026-01-01T00:00Z")
    assert Client().get(url(form)).status_code == 410
    assert post(form).status_code == 410
    assert Client().get("/f/nosuchform").status_code == 404
    assert Client().get("/s/nosuchtoken").status_code == 404
    assert Client().get("/s/" + quote("é")).status_code == 404
    assert stored(organization) == 0


def test_so_many_posts_of_one_visitor_and_no_more(form, organization, monkeypatch):
    from contacts.adapters import signup_limits

    monkeypatch.setattr(signup_limits, "A_VISITOR", 2)
    answers = [post(form, email=f"p{n}@inbox.example").status_code for n in range(3)]
    assert answers == [200, 200, 429]
    with tenant_scope(organization):
        assert Signup.objects.count() == 2


def test_a_link_that_is_too_old_offers_a_fresh_one(form, organization):
    client = Client()
    post(form)
    with tenant_scope(organization):
        link = forms_of.confirm_path(forms_of.mails()[0])
        Signup.objects.update(at="2026-01-01T00:00Z")
    page = client.get(link).content.decode()
    assert "too old" in page
    pressed = re.search(r'name="pressed" value="([^"]+)"', page)[1]
    assert "too old" in client.post(f"{link}/again").content.decode()
    assert "fresh link" in client.post(f"{link}/again", {"pressed": pressed}).content.decode()
    with tenant_scope(organization):
        _old, new = forms_of.mails()
        fresh = forms_of.confirm_path(new)
        assert fresh != link
    page = client.get(fresh).content.decode()
    client.post(fresh, {"pressed": re.search(r'name="pressed" value="([^"]+)"', page)[1]})
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.SUBSCRIBED


def test_a_link_of_other_mail_confirms_nothing(form, organization):
    """The token of a campaign or of the preference page is genuine, and about something else."""
    post(form)
    with tenant_scope(organization):
        signup, contact = Signup.objects.get(), Contact.objects.get()
        stranger = Contact.objects.create(
            organization=organization, address="a@x.example", address_key="a@x.example", domain="x.example"
        )
    for contact_id, about in ((contact.pk, ""), (contact.pk, f"d{signup.pk}"), (stranger.pk, f"s{signup.pk}")):
        token = tokens.mint(organization_id=organization.pk, contact_id=contact_id, about=about)
        assert Client().get(f"/s/{token}").status_code == 404, about
    elsewhere = tokens.mint(organization_id=organization.pk + 999, contact_id=contact.pk, about=f"s{signup.pk}")
    assert Client().get(f"/s/{elsewhere}").status_code == 404


def test_the_button_of_one_sign_up_is_not_that_of_another(form, organization):
    post(form)
    post(form, email="mia@inbox.example")
    with tenant_scope(organization):
        mine, hers = (forms_of.confirm_path(mail) for mail in forms_of.mails())
    pressed = re.search(r'name="pressed" value="([^"]+)"', Client().get(mine).content.decode())[1]
    assert "Nothing has changed yet" in Client().post(hers, {"pressed": pressed}).content.decode()
    with tenant_scope(organization):
        assert not Subscription.objects.filter(state=SubscriptionState.SUBSCRIBED).exists()
