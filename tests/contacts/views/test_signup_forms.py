"""Sign-up forms as members make and share them."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Brand, Organization
from accounts.tenancy import tenant_scope
from contacts import stamps
from contacts.models import Field, SignupForm, Topic
from tests.contacts import forms_of


def url(organization, name, **kwargs):
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def topic(organization: Organization) -> Topic:
    with tenant_scope(organization):
        return forms_of.topic(organization)


@pytest.fixture
def form(organization: Organization, topic: Topic) -> SignupForm:
    with tenant_scope(organization):
        return forms_of.form(organization, topic)


def facts(topic: Topic, **more: object) -> dict[str, object]:
    return {"name": "Website", "topics": [topic.public_id]} | more


def test_a_form_is_made_edited_closed_and_opened_again(as_marketer, organization, topic):
    with tenant_scope(organization):
        Field.objects.create(organization=organization, key="cups", label="Cups a day", kind="number")
    made = as_marketer.post(
        url(organization, "form_new"),
        facts(
            topic,
            ask_cups="required",
            ask_first_name="asked",
            origins="Shop.Example\nhttps://www.bücher.example:8443/path",
            redirect_url="https://shop.example/thanks",
        ),
    )
    assert made.status_code == 302
    with tenant_scope(organization):
        form = SignupForm.objects.get()
        assert form.topic_ids == [topic.pk]
        assert form.fields == [{"key": "first_name", "required": False}, {"key": "cups", "required": True}]
        assert form.origins == ["https://shop.example", "https://www.xn--bcher-kva.example:8443"]
    assert "is there" in as_marketer.get(made.url).content.decode()
    again = as_marketer.post(url(organization, "form_new"), facts(topic))
    assert again.status_code == 422
    assert "already" in again.content.decode()
    page = as_marketer.get(url(organization, "form_edit", form=form.public_id)).content.decode()
    assert "https://shop.example/thanks" in page
    as_marketer.post(url(organization, "form_edit", form=form.public_id), facts(topic, name="Footer", title="Tea"))
    with tenant_scope(organization):
        form.refresh_from_db()
        assert (form.name, form.title, form.fields, form.origins) == ("Footer", "Tea", [], [])
    as_marketer.post(url(organization, "form_archive", form=form.public_id))
    assert Client().get(reverse("recipients:form", args=[form.public_id])).status_code == 410
    assert "Footer" in as_marketer.get(url(organization, "forms") + "?archived=1").content.decode()
    as_marketer.post(url(organization, "form_restore", form=form.public_id))
    assert Client().get(reverse("recipients:form", args=[form.public_id])).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"topics": []}, "Tick at least one topic"),
        ({"topics": ["nosuch"]}, "not one of the available choices"),
        ({"name": " "}, "required"),
        ({"redirect_url": "javascript:alert(1)"}, "begins with https"),
        ({"redirect_url": "//evil.example"}, "begins with https"),
        ({"redirect_url": "https://a;script-src:x@shop.example/"}, "is no site"),
        ({"redirect_url": "https://shop.example/" + "ж" * 200}, "longer than 500"),
        ({"origins": "https://user@shop.example"}, "is no site"),
        ({"origins": "ftp://shop.example"}, "is no site"),
        ({"origins": "https://shop.example:99999"}, "is no site"),
        ({"origins": "*"}, "is no site"),
        ({"locale": "xx"}, "xx is not one of"),
        ({"wording": "x" * 2001}, "at most 2000"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_is_lost(wrong, says, as_marketer, organization, topic):
    answer = as_marketer.post(url(organization, "form_new"), facts(topic, title="Kept title") | wrong)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert "Kept title" in answer.content.decode()
    with tenant_scope(organization):
        assert not SignupForm.objects.exists()


def test_a_page_afterwards_in_another_alphabet_keeps_the_policy_of_the_form(as_marketer, organization, topic):
    as_marketer.post(url(organization, "form_new"), facts(topic, redirect_url="https://пример.рф/спасибо?a=1"))
    with tenant_scope(organization):
        form = SignupForm.objects.get()
    assert form.redirect_url.startswith("https://xn--e1afmkfd.xn--p1ai/%D1%81")
    policy = Client().get(reverse("recipients:form", args=[form.public_id]))["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' https://xn--e1afmkfd.xn--p1ai;" in policy


def test_topics_of_two_brands_are_two_forms(as_marketer, organization, topic):
    with tenant_scope(organization):
        other = Brand.objects.create(organization=organization, name="Tin")
        tin = Topic.objects.create(organization=organization, brand=other, name="Tin news")
    answer = as_marketer.post(
        url(organization, "form_new"), facts(topic) | {"topics": [topic.public_id, tin.public_id]}
    )
    assert "different brands" in answer.content.decode()


def test_the_preview_shows_what_is_typed_and_saves_nothing(as_marketer, organization, topic):
    answer = as_marketer.post(
        url(organization, "form_preview"), facts(topic, name="", title='<script>alert("x")</script>', locale="de")
    )
    page = answer.content.decode()
    assert "srcdoc=" in page
    assert "<script" not in page
    assert "&amp;lt;script&amp;gt;" in page
    assert "Tea news" in page
    empty = as_marketer.post(url(organization, "form_preview"), {})
    assert empty.status_code == 200
    with tenant_scope(organization):
        assert not SignupForm.objects.exists()


def test_html_for_another_site_is_whole(as_analyst, organization, topic, form):
    with tenant_scope(organization):
        SignupForm.objects.update(fields=[{"key": "first_name", "required": True}], wording='Yes & "please"')
    import html

    page = as_analyst.get(url(organization, "form", form=form.public_id)).content.decode()
    code = html.unescape(re.search(r'aria-label="HTML of the form"[^>]*><code>(.*?)</code>', page, re.S)[1])
    assert f'action="http://localhost:8001/f/{form.public_id}" method="post"' in code
    assert "<script" not in code
    assert "style" not in code
    assert 'name="first_name" autocomplete="given-name" required' in code
    assert "Yes &amp; &quot;please&quot;" in code
    stamp = stamps.read(re.search(r'name="ph-stamp" value="([^"]+)"', code)[1], form=form.public_id)
    assert (stamp.wording, stamp.made_at, stamp.language) == ('Yes & "please"', None, "en")
    fields = {name: "zoe@inbox.example" if name == "email" else "Zoë" for name in ("email", "first_name")}
    fields["ph-stamp"] = re.search(r'name="ph-stamp" value="([^"]+)"', code)[1]
    assert (
        "look into your mail"
        in Client().post(reverse("recipients:form", args=[form.public_id]), fields).content.decode()
    )
    german = as_analyst.get(url(organization, "form", form=form.public_id) + "?language=de").content.decode()
    assert "lang=&quot;de&quot;" in german


def test_the_qr_code_is_a_picture_of_the_link(as_analyst, organization, form):
    svg = as_analyst.get(url(organization, "form_qr_svg", form=form.public_id))
    assert svg["Content-Type"] == "image/svg+xml"
    assert b"<svg" in svg.content
    assert b"<script" not in svg.content
    png = as_analyst.get(url(organization, "form_qr_png", form=form.public_id) + "?download=1")
    assert png.content.startswith(b"\x89PNG\r\n")
    assert png["Content-Disposition"] == f'attachment; filename="sign-up-{form.public_id}.png"'


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(n, as_analyst, organization, topic, django_assert_num_queries):
    with tenant_scope(organization):
        for i in range(n):
            forms_of.form(organization, topic, name=f"F{i}")
    as_analyst.get(url(organization, "forms"))
    with django_assert_num_queries(15):
        as_analyst.get(url(organization, "forms"))


READ = ("forms", "form", "form_qr_svg", "form_qr_png")
WRITE = ("form_new", "form_edit", "form_preview", "form_archive", "form_restore")


@pytest.mark.parametrize(
    ("who", "reads", "writes"),
    [("owner", 200, {200, 302}), ("marketer", 200, {200, 302}), ("analyst", 200, {403}), ("outsider", 404, {404})],
)
def test_who_may_do_what(who, reads, writes, request, organization, topic, form):
    client = request.getfixturevalue(f"as_{who}")
    kwargs = {"form": form.public_id}
    for name in READ:
        own = {} if name == "forms" else kwargs
        assert client.get(url(organization, name, **own)).status_code == reads, name
    for name in WRITE:
        own = {} if name in {"form_new", "form_preview"} else kwargs
        assert (
            client.post(url(organization, name, **own), facts(topic, name=f"By {who} {name}")).status_code in writes
        ), name
    assert Client().get(url(organization, "forms")).status_code == 302


def test_a_form_of_another_organization_is_none(as_outsider, other_organization, form):
    for name in ("form", "form_edit", "form_qr_svg"):
        assert as_outsider.get(url(other_organization, name, form=form.public_id)).status_code == 404


def test_an_organization_without_topics_is_led_to_make_one(as_marketer, organization):
    assert "make a topic first" in as_marketer.get(url(organization, "forms")).content.decode()
