"""The editor keeps what was typed, says what is wrong with it, overwrites nobody, and shows foreign HTML in a cage."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import designs, launches
from campaigns.designs.starters import starter
from campaigns.enums import CampaignState
from campaigns.models import Campaign, Design, DesignVersion
from campaigns.queries import content
from tests.cast import logged_in

HTMX = {"HX-Request": "true"}
FINE = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ contact.email }}</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture
def template(organization: Organization, brand: Brand, marketer: User) -> Design:
    with tenant_scope(organization):
        return designs.create(
            organization=organization, brand=brand, name="Monthly", mjml=starter("letter").mjml, actor=marketer
        )


def url(organization: Organization, name: str, design: Design | None = None) -> str:
    kwargs = {"org": organization.public_id}
    if design is not None:
        kwargs["design"] = design.public_id
    return reverse(f"campaigns:{name}", kwargs=kwargs)


def current(organization: Organization, design: Design) -> Design:
    with tenant_scope(organization):
        return Design.objects.get(pk=design.pk)


def test_autosave_saves_and_says_so(as_marketer: Client, organization: Organization, template: Design) -> None:
    answer = as_marketer.post(url(organization, "design_save", template), {"mjml": FINE, "version": 1}, headers=HTMX)
    told = json.loads(answer["HX-Trigger"])["design-saved"]
    assert told == {"version": 2, "ok": True, "problems": []}
    assert "Compiles" in answer.content.decode()
    assert current(organization, template).mjml == FINE


def test_a_picture_of_the_gallery_is_compiled_once_for_each_browser_and_change(
    as_marketer: Client, organization: Organization, template: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = url(organization, "design_preview", template)
    first = as_marketer.get(where)
    known = {"If-None-Match": first["ETag"]}
    assert first.status_code == 200 and first["Cache-Control"] == "private, no-cache"
    with monkeypatch.context() as patch:
        patch.delattr(content, "make_from")
        again = as_marketer.get(where, headers=known)
    assert again.status_code == 304 and not again.content
    assert again["Content-Security-Policy"] == first["Content-Security-Policy"]
    as_marketer.post(url(organization, "design_save", template), {"mjml": FINE, "version": 1})
    changed = as_marketer.get(where, headers=known)
    assert changed.status_code == 200 and "somebody@example.com" in changed.content.decode()
    with tenant_scope(organization):
        Brand.objects.update(postal_address="Elsewhere 1")
    assert as_marketer.get(where, headers={"If-None-Match": changed["ETag"]}).status_code == 200


def test_a_save_with_an_odd_version_loses_nothing(
    as_marketer: Client, organization: Organization, template: Design
) -> None:
    for version in ("9" * 5000, "-1", "x", ""):
        answer = as_marketer.post(
            url(organization, "design_save", template), {"mjml": FINE, "version": version}, headers=HTMX
        )
        assert answer.status_code == 409 and "newer version" in answer.content.decode()


def test_templates_are_of_the_brand_that_is_chosen(
    as_marketer: Client, organization: Organization, other_organization: Organization, brand: Brand
) -> None:
    new = url(organization, "design_new")
    assert 'name="brand"' not in as_marketer.get(new).content.decode()
    with tenant_scope(organization):
        second = Brand.objects.create(organization=organization, name="Second house")
    with tenant_scope(other_organization):
        theirs = Brand.objects.get()
    assert "Second house" in as_marketer.get(new).content.decode()
    as_marketer.post(new, {"name": "Its own", "starter": "letter", "brand": second.public_id})
    with tenant_scope(organization):
        made = Design.objects.get(name="Its own")
        assert made.brand == second
    as_marketer.post(new, {"design": made.public_id})
    as_marketer.post(new, {"name": "Plain", "starter": "letter"})
    as_marketer.post(url(organization, "design_bring"), {"name": "In", "html": "<p>Hi</p>", "brand": second.public_id})
    with tenant_scope(organization):
        assert Design.objects.get(name="Copy of Its own").brand == second == Design.objects.get(name="In").brand
        assert Design.objects.get(name="Plain").brand == brand
    assert as_marketer.post(new, {"name": "No", "brand": theirs.public_id}).status_code == 404


def test_what_does_not_compile_is_kept_and_explained_with_its_line(
    as_marketer: Client, organization: Organization, template: Design
) -> None:
    broken = FINE.replace("Hi", "Hello\n<script>alert(1)</script>")
    answer = as_marketer.post(url(organization, "design_save", template), {"mjml": broken, "version": 1}, headers=HTMX)
    (problem,) = json.loads(answer["HX-Trigger"])["design-saved"]["problems"]
    assert problem["line"] == 2 and problem["level"] == "error"
    assert "Line 2" in answer.content.decode() and "&lt;script&gt; would run" in answer.content.decode()
    assert current(organization, template).mjml == broken
    assert "The preview comes back" in as_marketer.get(url(organization, "design_preview", template)).content.decode()
    page = as_marketer.get(url(organization, "design", template)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert(1)" not in page


def test_nobody_overwrites_what_he_has_not_seen(
    as_marketer: Client, as_owner: Client, organization: Organization, template: Design
) -> None:
    where = url(organization, "design_save", template)
    assert as_owner.post(where, {"mjml": FINE, "version": 1}, headers=HTMX).status_code == 200
    answer = as_marketer.post(where, {"mjml": "<mjml>mine</mjml>", "version": 1}, headers=HTMX)
    said = answer.content.decode()
    assert answer.status_code == 409 and "Olga saved a newer version" in said and 'data-version="2"' in said
    assert "&lt;mjml&gt;mine&lt;/mjml&gt;" in said and "Hi {{ contact.email }}" in said  # what differs
    assert current(organization, template).mjml == FINE
    # The same words again are no conflict: an answer got lost.
    assert as_owner.post(where, {"mjml": FINE, "version": 1}, headers=HTMX).status_code == 200


def texts(organization: Organization, design: Design) -> list[str]:
    with tenant_scope(organization):
        return list(DesignVersion.objects.filter(design=design).order_by("version").values_list("mjml", flat=True))


@pytest.mark.parametrize("who", ["as_owner", "as_marketer"])  # somebody else, or the same person in another window
def test_of_two_texts_either_goes_on_and_the_other_stays_in_the_list(
    who: str, as_marketer: Client, organization: Organization, template: Design, request: pytest.FixtureRequest
) -> None:
    where = url(organization, "design_save", template)
    request.getfixturevalue(who).post(where, {"mjml": FINE, "version": 1}, headers=HTMX)
    mine = FINE.replace("Hi", "Mine:")
    answer = as_marketer.post(where, {"mjml": mine, "version": 2, "choice": "mine"}, headers=HTMX)
    assert answer.status_code == 200 and current(organization, template).mjml == mine
    assert texts(organization, template)[-2:] == [FINE, mine]

    late = FINE.replace("Hi", "Late:")
    assert as_marketer.post(where, {"mjml": late, "version": 2}, headers=HTMX).status_code == 409
    answer = as_marketer.post(where, {"mjml": late, "version": 3, "choice": "theirs"}, headers=HTMX)
    assert answer.status_code == 200 and current(organization, template).mjml == mine
    assert texts(organization, template)[-3:] == [mine, late, mine]
    # Whoever goes on typing over the text that stayed is asked nothing: it is what he has seen.
    more = mine.replace("Mine:", "More of mine:")
    assert as_marketer.post(where, {"mjml": more, "version": 3}, headers=HTMX).status_code == 200
    assert current(organization, template).mjml == more


def test_keeping_mine_over_a_text_that_i_have_not_seen_is_asked_again(
    as_marketer: Client, as_owner: Client, organization: Organization, template: Design
) -> None:
    where = url(organization, "design_save", template)
    for version, words in ((1, "Hi"), (2, "Hello")):
        as_owner.post(where, {"mjml": FINE.replace("Hi", words), "version": version}, headers=HTMX)
    answer = as_marketer.post(where, {"mjml": FINE, "version": 2, "choice": "mine"}, headers=HTMX)
    assert answer.status_code == 409 and 'data-version="3"' in answer.content.decode()


def test_a_conflict_without_javascript_loses_nothing(
    as_marketer: Client, as_owner: Client, organization: Organization, template: Design
) -> None:
    where = url(organization, "design_save", template)
    as_owner.post(where, {"mjml": FINE, "version": 1}, headers=HTMX)
    answer = as_marketer.post(where, {"mjml": "<mjml>what I typed</mjml>", "version": 1})
    page = answer.content.decode()
    assert answer.status_code == 409 and "Olga saved a newer version" in page
    assert "&lt;mjml&gt;what I typed&lt;/mjml&gt;</textarea>" in page and 'name="version" value="2"' in page
    answer = as_marketer.post(where, {"mjml": "<mjml>x</mjml>", "version": 2, "choice": "theirs"}, follow=True)
    assert "It is under Versions" in answer.content.decode() and current(organization, template).mjml == FINE


def test_the_editor_alone_may_show_styles_and_pictures_of_mail_and_no_more(
    as_marketer: Client, organization: Organization, template: Design
) -> None:
    policy = dict(
        part.split(" ", 1)
        for part in as_marketer.get(url(organization, "design", template))["Content-Security-Policy"].split("; ")
    )
    assert policy["script-src"] == policy["connect-src"] == policy["frame-src"] == policy["font-src"] == "'self'"
    assert policy["style-src"] == "'self' 'unsafe-inline'" and policy["img-src"] == "'self' data: https: http:"
    gallery = as_marketer.get(url(organization, "designs"))["Content-Security-Policy"]
    assert "unsafe-inline" not in gallery and "https:" not in gallery


def test_who_may_only_look_gets_no_visual_editor(
    as_analyst: Client, organization: Organization, template: Design
) -> None:
    answer = as_analyst.get(url(organization, "design", template))
    page = answer.content.decode()
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert "data-visual" not in page and "design_panels" not in page and "readonly" in page


def test_a_design_that_is_too_large_is_refused_and_the_old_one_stays(
    as_marketer: Client, organization: Organization, template: Design
) -> None:
    answer = as_marketer.post(
        url(organization, "design_save", template), {"mjml": "x" * 600_000, "version": 1}, headers=HTMX
    )
    assert answer.status_code == 422 and "larger than 512 kB" in answer.content.decode()
    assert current(organization, template).version == 1


def test_nul_and_lone_surrogates_do_no_harm(as_marketer: Client, organization: Organization, template: Design) -> None:
    answer = as_marketer.post(
        url(organization, "design_save", template), {"mjml": "a\x00b", "version": 1}, headers=HTMX
    )
    assert answer.status_code == 200 and current(organization, template).mjml == "ab"


def test_it_works_without_javascript(as_marketer: Client, organization: Organization, template: Design) -> None:
    answer = as_marketer.post(url(organization, "design_save", template), {"mjml": FINE, "version": 1}, follow=True)
    assert answer.status_code == 200 and "Saved." in answer.content.decode()


def test_the_preview_is_in_a_cage(as_analyst: Client, organization: Organization, template: Design) -> None:
    answer = as_analyst.get(url(organization, "design_preview", template))
    policy = answer["Content-Security-Policy"]
    assert (
        "sandbox" in policy.split("; ")
        and "default-src 'none'" in policy
        and "script" not in policy.replace("sandbox", "")
    )
    assert "Dear friend" in answer.content.decode() and "{{" not in answer.content.decode()


def test_editing_a_template_never_changes_a_draft(
    as_marketer: Client, organization: Organization, template: Design, draft: Campaign
) -> None:
    where = reverse("campaigns:campaign_choose", kwargs={"org": organization.public_id, "campaign": draft.public_id})
    as_marketer.post(where, {"design": template.public_id})
    as_marketer.post(url(organization, "design_save", template), {"mjml": FINE, "version": 1}, headers=HTMX)
    with tenant_scope(organization):
        copy = Campaign.objects.select_related("design").get(pk=draft.pk).design
        assert copy.mjml == starter("letter").mjml and copy.origin_id == template.pk and not copy.is_template


def test_a_campaign_may_begin_with_an_empty_mail(
    as_marketer: Client, organization: Organization, draft: Campaign
) -> None:
    where = reverse("campaigns:campaign_choose", kwargs={"org": organization.public_id, "campaign": draft.public_id})
    page = as_marketer.post(where, {"blank": "yes"}, follow=True).content.decode()
    assert "A copy of “An empty mail”" in page and "Compiles" in page and "Compiles, with notes" not in page


def test_content_is_frozen_with_the_launch(
    as_marketer: Client, organization: Organization, draft: Campaign, people: object, marketer: User
) -> None:
    people(1)  # type: ignore[operator]
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        copy = draft.design
    answer = as_marketer.post(url(organization, "design_save", copy), {"mjml": FINE, "version": 1}, headers=HTMX)
    assert answer.status_code == 422 and "has been started" in answer.content.decode()


def test_put_away_and_bring_back(as_marketer: Client, organization: Organization, template: Design) -> None:
    answer = as_marketer.post(url(organization, "design_archive", template), follow=True)
    assert (
        "is put away" in answer.content.decode()
        and url(organization, "design_restore", template) in answer.content.decode()
    )
    assert "No templates of your own yet" in answer.content.decode()
    assert "Monthly" in as_marketer.post(url(organization, "design_restore", template), follow=True).content.decode()


def test_new_templates(as_marketer: Client, organization: Organization, template: Design) -> None:
    for data, name in (
        ({"starter": "newsletter"}, "Newsletter"),
        ({"name": "Mine"}, "Mine"),
        ({"design": template.public_id}, "Copy of Monthly"),
    ):
        answer = as_marketer.post(url(organization, "design_new"), data, follow=True)
        assert f"<h1>{name}</h1>" in answer.content.decode()
        assert "Does not compile" not in answer.content.decode()
    assert as_marketer.post(url(organization, "design_new"), {"starter": "nope"}).status_code == 404
    renamed = as_marketer.post(url(organization, "design_rename", template), {"name": " Each  month "}, follow=True)
    assert "<h1>Each month</h1>" in renamed.content.decode()
    assert (
        "Give the template a name"
        in as_marketer.post(url(organization, "design_rename", template), {"name": " "}, follow=True).content.decode()
    )


@pytest.mark.parametrize("rows", [1, 3])
def test_the_gallery_takes_a_fixed_number_of_queries(
    rows: int,
    as_analyst: Client,
    organization: Organization,
    brand: Brand,
    marketer: User,
    django_assert_num_queries: object,
) -> None:
    with tenant_scope(organization):
        for number in range(rows):
            designs.create(organization=organization, brand=brand, name=f"Number {number}", mjml=FINE, actor=marketer)
    as_analyst.get(url(organization, "designs"))
    with django_assert_num_queries(GALLERY_QUERIES):  # type: ignore[operator]
        page = as_analyst.get(url(organization, "designs")).content.decode()
    assert page.count("Number ") >= rows


GALLERY_QUERIES = 12


@pytest.mark.django_db(transaction=True)
def test_typing_saves_explains_and_draws_the_preview_anew(
    live_server: Any, page: Any, organization: Organization, template: Design, marketer: User
) -> None:
    """In a real browser, under the real content policy."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    cookie = logged_in(marketer).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page.goto(live_server.url + url(organization, "design", template))
    shown = page.frame_locator("iframe[data-preview]")
    shown.get_by_text("Dear friend").wait_for()

    def write(mjml: str) -> None:
        page.locator("#mjml").evaluate(
            "(area, mjml) => area.dispatchEvent(new CustomEvent('replace', {detail: mjml}))", mjml
        )

    write(FINE.replace("Hi", "Good morning"))
    shown.get_by_text("Good morning").wait_for()
    page.get_by_text("Saved 0").or_(page.get_by_text("Saved 1")).or_(page.get_by_text("Saved 2")).wait_for()
    write(FINE.replace("Hi", "Hi\n<script>alert(1)</script>"))
    page.get_by_role("button", name="Line 2").wait_for()
    assert shown.get_by_text("Good morning").is_visible()  # the last one that compiled
    write(FINE.replace("Hi", "Good evening"))
    shown.get_by_text("Good evening").wait_for()
    assert said == []
    assert current(organization, template).version == 4


@pytest.mark.django_db(transaction=True)
def test_what_is_saved_while_somebody_launches_is_refused_in_words(
    organization: Organization, draft: Campaign, marketer: User
) -> None:
    """Else the editor would say "Saved" of words that are in nobody's mail, and a resend would have them."""
    client = logged_in(marketer)
    with tenant_scope(organization):
        design = Design.objects.get(pk=draft.design_id)

    def save() -> Any:
        try:
            where = url(organization, "design_save", design)
            return client.post(where, {"mjml": "Late", "version": 1}, headers=HTMX)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with tenant_scope(organization):
            Campaign.objects.select_for_update().get(pk=draft.pk)
            saving = other.submit(save)
            with pytest.raises(TimeoutError):
                saving.result(timeout=1)
            Campaign.objects.filter(pk=draft.pk).update(state=CampaignState.LAUNCHING)
        answer = saving.result(timeout=20)
    assert answer.status_code == 422 and "has been started" in answer.content.decode()
    with tenant_scope(organization):
        assert Design.objects.get(pk=design.pk).mjml != "Late"
