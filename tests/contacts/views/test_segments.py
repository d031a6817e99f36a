"""The builder: its buttons, its live count, saving, and what it says of unfinished conditions."""

import json
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from campaigns.actions import campaigns
from contacts.actions import segments as verbs
from contacts.enums import ImportState
from contacts.forms import segments as forms
from contacts.models import Contact, Field, Import, Segment, Tag, Topic
from contacts.queries import segments as counting
from sending.actions import streams
from sending.enums import StreamKind
from sending.models import Mailing


def url(organization, name, **kwargs):
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def people(organization):
    with tenant_scope(organization):
        for name, city in (("ann", "Oslo"), ("bob", "Rome"), ("cid", "Oslo")):
            Contact.objects.create(
                organization=organization,
                address=f"{name}@example.org",
                address_key=f"{name}@example.org",
                domain="example.org",
                values={"first_name": city},
            )


@pytest.fixture
def facts(organization):
    """Something of every kind that a condition can name, by the name that definitions use."""
    with tenant_scope(organization):
        for key, kind, choices in (
            ("likes", "multi", ["tea", "rum, dark"]),
            ("size", "choice", ["M", "L"]),
            ("joined", "date", []),
        ):
            Field.objects.create(organization=organization, key=key, label=key.title(), kind=kind, choices=choices)
        stream = streams.ensure(organization=organization, kind=StreamKind.MARKETING)
        ours = {"organization": organization}
        import_ = Import.objects.create(**ours, file_name="list.csv", file_size=1, state=ImportState.APPLIED)
        campaign = Mailing.objects.create(**ours, stream=stream, name="Autumn", sealed_at=timezone.now())
        segment = Segment.objects.create(**ours, name="Inner", definition={"match": "all", "rules": []})
        return {
            "tag": str(Tag.objects.create(**ours, name="vip").pk),
            "topic": Topic.objects.create(**ours, brand=Brand.objects.get(), name="News").public_id,
            "import": import_.public_id,
            "campaign": campaign.public_id,
            "segment": segment.public_id,
        }


class Controls(HTMLParser):
    """What a browser would post of the builder's form."""

    def __init__(self):
        super().__init__()
        self.posted, self.classes, self._select = {}, "", ""

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "field-error" in (given.get("class") or ""):
            self.classes += "error"
        name = given.get("name") or ""
        if tag == "select":
            self._select = name
            self.posted.setdefault(name, [])
        elif tag == "option" and self._select.startswith("r."):
            if not self.posted[self._select] or "selected" in given:
                self.posted[self._select] = [given["value"]]
        elif tag == "input" and name.startswith("r") and (given.get("type") != "checkbox" or "checked" in given):
            self.posted.setdefault(name, []).append(given.get("value") or "")

    def handle_endtag(self, tag):
        self._select = "" if tag == "select" else self._select


OSLO = {"r.match": "all", "r.0.about": "field:first_name", "r.0.op": "is", "r.0.value": "Oslo"}


def test_conditions_and_groups_are_added_and_removed(as_marketer, organization):
    post = as_marketer.post
    builder = url(organization, "segment_builder")
    assert "r.0.about" in post(builder, {"r.match": "all", "do": "add:"}).content.decode()
    assert "r.1.0.about" in post(builder, OSLO | {"do": "group:"}).content.decode()
    html = post(builder, OSLO | {"r.1.match": "any", "r.1.0.about": "created", "do": "add:1"}).content.decode()
    assert "r.1.1.about" in html
    html = post(builder, OSLO | {"r.1.about": "created", "do": "remove:0"}).content.decode()
    assert 'value="created" selected' in html
    assert "r.1.about" not in html
    for nonsense in ("remove:", "remove:9", "add:0.0.0", "add:0", "fly:1", "remove:0.0"):
        assert "r.0.about" in post(builder, OSLO | {"do": nonsense}).content.decode()


def test_without_javascript_the_page_itself_grows(as_marketer, organization):
    response = as_marketer.post(url(organization, "segment_new"), OSLO | {"name": "My name", "do": "add:"})
    html = response.content.decode()
    assert "r.1.about" in html
    assert "My name" in html
    with tenant_scope(organization):
        assert not Segment.objects.exists()


def test_the_count_follows(as_analyst, organization, people):
    count = url(organization, "segment_count")
    response = as_analyst.post(count, OSLO)
    assert response.context["found"].people == 2
    assert [person.address for person in response.context["found"].sample] == ["cid@example.org", "ann@example.org"]
    assert "people whose First name is “Oslo”" in response.content.decode()
    assert "everybody" in as_analyst.post(count, {}).content.decode()
    assert "Write what to compare with." in as_analyst.post(count, OSLO | {"r.0.value": " "}).content.decode()


def test_a_segment_is_saved_and_edited(as_marketer, organization, people):
    response = as_marketer.post(url(organization, "segment_new"), OSLO | {"name": "  In  Oslo ", "do": "save"})
    assert response.status_code == 302
    with tenant_scope(organization):
        segment = Segment.objects.get()
        assert (segment.name, segment.version) == ("In Oslo", 1)
        assert segment.definition == {
            "match": "all",
            "rules": [{"about": "field:first_name", "op": "is", "value": "Oslo"}],
        }
    edit = url(organization, "segment_edit", segment=segment.public_id)
    assert "Oslo" in as_marketer.get(edit).content.decode()
    posted = OSLO | {"r.0.op": "one_of", "r.0.value": "Oslo, Rome", "name": "Both", "do": "save"}
    as_marketer.post(edit, posted)
    with tenant_scope(organization):
        segment.refresh_from_db()
        assert (segment.name, segment.version) == ("Both", 2)
        assert segment.definition["rules"][0]["value"] == ["Oslo", "Rome"]
    assert "is one of" in as_marketer.get(url(organization, "segments")).content.decode()


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        (OSLO | {"name": " "}, "Give it a name"),
        (OSLO | {"name": "x" * 121}, "Give it a name"),
        (OSLO | {"name": "Taken"}, "already"),
        (OSLO | {"name": "x", "r.0.value": ""}, "Write what to compare with."),
        (OSLO | {"name": "x", "r.0.about": "field:gone"}, "no field"),
        ({"name": "x", "r.match": "all", "r.0.match": "any"}, "This group is empty"),
    ],
)
def test_what_cannot_be_saved_is_said_in_its_place_and_kept(as_marketer, organization, posted, words):
    with tenant_scope(organization):
        Segment.objects.create(organization=organization, name="Taken", definition={"match": "all", "rules": []})
    response = as_marketer.post(url(organization, "segment_new"), posted | {"do": "save"})
    assert response.status_code == 422
    assert words in response.content.decode()


def test_a_hostile_form_makes_no_crash(as_marketer, organization):
    posted = {f"r{'.0' * depth}.match": "all" for depth in range(40)}
    posted |= {
        "r.999.about": "x" * 5000,
        "r.1.2.3.4.5.6.value": "y",
        "r.about": "z",
        "r.0.1.op": "is",
        "do": "add:" + "0." * 50,
    }
    assert as_marketer.post(url(organization, "segment_builder"), posted).status_code == 200
    assert as_marketer.post(url(organization, "segment_count"), posted).status_code == 200


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(n, as_analyst, organization, django_assert_num_queries):
    with tenant_scope(organization):
        for i in range(n):
            Segment.objects.create(organization=organization, name=f"S{i}", definition={"match": "all", "rules": []})
    as_analyst.get(url(organization, "segments"))
    with django_assert_num_queries(12):
        as_analyst.get(url(organization, "segments"))


CITY = {"about": "field:first_name", "op": "is", "value": "Oslo"}


def saved(organization, name, *rules, match="all", actor=None):
    with tenant_scope(organization):
        return verbs.save(
            organization=organization,
            segment=None,
            name=name,
            definition={"match": match, "rules": list(rules)},
            actor=actor,
        )


def test_every_kind_of_condition_is_drawn_and_comes_back_as_it_was(as_marketer, organization, facts):
    """What the page draws, posted as a browser would post it, is the definition again."""
    rules = [
        {"about": "field:likes", "op": "any_of", "value": ["tea", "rum, dark"]},
        {"about": "field:size", "op": "is", "value": "M"},
        {"about": "field:size", "op": "one_of", "value": ["M", "L"]},
        {"about": "field:joined", "op": "between", "value": ["2026-01-01", "2026-02-01"]},
        {"about": "field:joined", "op": "yearly_next", "value": "7"},
        {"about": "created", "op": "ago", "value": "30"},
        {"about": "tag", "op": "all_of", "value": [facts["tag"]]},
        {"about": "topic", "op": "pending", "value": facts["topic"]},
        {"about": "suppressed", "op": "because", "value": ["invalid", "house"]},
        {"about": "suppressed", "op": "no"},
        {"about": "provider", "op": "is_not", "value": "Gmail"},
        {"about": "source", "op": "is", "value": "form"},
        {"about": "import", "op": "is", "value": facts["import"]},
        {"about": "segment", "op": "not_in", "value": facts["segment"]},
        {"about": "score", "op": "ge", "value": "40"},
        {
            "about": "consent",
            "op": "given",
            "topic": facts["topic"],
            "source": ["form", "api"],
            "when": "within",
            "days": "9",
        },
        {"about": "consent", "op": "not_confirmed"},
        {"about": "activity:opened", "op": "at_least", "times": "2", "latest": "5", "when": "ago", "days": "9"},
        {"about": "activity:sent", "op": "never", "campaign": facts["campaign"]},
        {
            "about": "activity:clicked",
            "op": "exactly",
            "times": "1",
            "when": "between",
            "from": "2026-01-01",
            "to": "2026-02-01",
        },
        {"match": "none", "rules": [CITY, {"match": "any", "rules": [CITY]}]},
    ]
    segment = saved(organization, "Everything", *rules)
    page = as_marketer.get(url(organization, "segment_edit", segment=segment.public_id))
    assert page.status_code == 200
    assert ">Opened (by a human)</option>" in page.content.decode()
    controls = Controls()
    controls.feed(page.content.decode())
    assert "error" not in controls.classes
    as_marketer.post(
        url(organization, "segment_edit", segment=segment.public_id),
        controls.posted | {"do": "save", "name": "Everything"},
    )
    with tenant_scope(organization):
        segment.refresh_from_db()
        assert segment.definition["rules"] == rules
        assert segment.version == 1, "nothing changed"


def test_moving_leads_through_groups(as_marketer, organization):
    def after(form, move):
        definition, focus = forms.moved(forms.definition_from(MultiValueDict({k: [v] for k, v in form.items()})), move)

        def shape(node):
            return [shape(rule) for rule in node["rules"]] if "rules" in node else node["about"]

        return shape(definition), focus

    form = {
        "r.match": "all",
        "r.0.about": "a",
        "r.1.match": "any",
        "r.1.0.about": "b",
        "r.1.1.about": "c",
        "r.2.about": "d",
    }
    assert after(form, "down:0") == ([["a", "b", "c"], "d"], (0, 0))
    assert after(form, "up:2") == (["a", ["b", "c", "d"]], (1, 2))
    assert after(form, "up:1.0") == (["a", "b", ["c"], "d"], (1,))
    assert after(form, "down:1.1") == (["a", ["b"], "c", "d"], (2,))
    assert after(form, "down:1.0") == (["a", ["c", "b"], "d"], (1, 1))
    assert after(form, "up:1") == ([["b", "c"], "a", "d"], (0,))
    assert after(form, "up:0") == (["a", ["b", "c"], "d"], (0,))
    assert after(form, "down:2") == (["a", ["b", "c"], "d"], (2,))
    assert after(form, "remove:1.0") == (["a", ["c"], "d"], (1,))
    assert after(form, "add:1") == (["a", ["b", "c", ""], "d"], (1, 2))
    assert after(form, "group:") == (["a", ["b", "c"], "d", [""]], (3, 0))
    assert after(form, "up:9") == (["a", ["b", "c"], "d"], None)
    assert after(form, "fly:1") == (["a", ["b", "c"], "d"], None)
    assert (
        "data-has-focus"
        in as_marketer.post(url(organization, "segment_builder"), form | {"do": "up:2"}).content.decode()
    )


def test_a_large_organization_gets_an_estimate_first(as_analyst, organization, people, monkeypatch):
    monkeypatch.setattr(counting, "SMALL", 1)
    monkeypatch.setattr(counting, "ONE_IN", 1)
    first = as_analyst.post(url(organization, "segment_count"), OSLO).content.decode()
    assert "about 2" in first
    assert 'hx-trigger="load"' in first
    exact = as_analyst.post(url(organization, "segment_count"), OSLO | {"exactly": "1"}).content.decode()
    assert "about" not in exact.partition("</div>")[0]
    assert (
        "fewer than"
        in as_analyst.post(url(organization, "segment_count"), OSLO | {"r.0.value": "Rio"}).content.decode()
    )


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (
            OSLO | {"r.1.about": "field:last_name", "r.1.op": "not_empty"},
            "This condition alone leaves 0: people whose Last name",
        ),
        (
            OSLO | {"r.1.about": "field:first_name", "r.1.op": "is", "r.1.value": "Rome"},
            "Without this one there would be 2: people whose First name is “Rome”",
        ),
        ({"r.match": "any", "r.0.about": "field:last_name", "r.0.op": "not_empty"}, "None of these conditions"),
        ({"r.match": "none", "r.0.about": "field:first_name", "r.0.op": "not_empty"}, "nobody is left"),
    ],
)
def test_zero_is_explained(as_analyst, organization, people, form, words):
    assert 'hx-trigger="load"' in as_analyst.post(url(organization, "segment_count"), form).content.decode()
    assert words in as_analyst.post(url(organization, "segment_each"), form).content.decode()


def test_each_condition_is_counted_on_demand(as_analyst, organization, people):
    each = url(organization, "segment_each")
    form = OSLO | {"r.1.match": "any", "r.1.0.about": "created", "r.1.0.op": "within", "r.1.0.value": "3"}
    response = as_analyst.post(each, form)
    assert [(row["number"], row["people"], row["without"]) for row in response.context["rows"]] == [
        ("1", 2, 3),
        ("2", 3, 2),
        ("2.1", 3, None),
    ]
    assert "There is no condition" in as_analyst.post(each, {"r.match": "all"}).content.decode()
    assert "Write what" in as_analyst.post(each, OSLO | {"r.0.value": ""}).content.decode()


def test_long_lists_are_searched(as_analyst, as_marketer, organization):
    with tenant_scope(organization):
        Field.objects.bulk_create(
            Field(organization=organization, key=f"f{n}", label=f"Field {n}", position=n) for n in range(10_000)
        )
        Tag.objects.bulk_create(Tag(organization=organization, name=f"Tag {n}") for n in range(300))
    choices = url(organization, "segment_choices")
    found = as_analyst.get(choices, {"what": "about", "q": "FIELD 9999"}).json()["choices"]
    assert found == [{"value": "field:f9999", "label": "Field 9999"}]
    assert as_analyst.get(choices, {"what": "about", "q": "tag"}).json()["choices"][0]["value"] == "tag"
    assert len(as_analyst.get(choices, {"what": "tag", "q": ""}).json()["choices"]) == 50
    for nonsense in ("", "password", "field:nope", "\x00"):
        assert as_analyst.get(choices, {"what": nonsense, "q": "\x00' OR 1=1 --"}).json() == {"choices": []}
    form = {"r.match": "all", "r.0.about": "field:f9999", "r.0.op": "is", "r.0.value": "x"}
    page = as_marketer.post(url(organization, "segment_builder"), form | {"do": "add:"}).content
    assert b'value="field:f9999" selected' in page
    assert len(page) < 60_000, "not ten thousand choices"


def test_versions_are_told_in_words_and_one_can_go_back(as_marketer, as_analyst, organization, marketer):
    segment = saved(organization, "Oslo", CITY, actor=marketer)
    as_marketer.post(
        url(organization, "segment_edit", segment=segment.public_id),
        OSLO | {"r.match": "any", "r.0.value": "Rome", "name": "Oslo", "do": "save"},
    )
    html = as_analyst.get(url(organization, "segment_versions", segment=segment.public_id)).content.decode()
    for words in (
        "Added: people whose First name is “Rome”.",
        "Removed: people whose First name is “Oslo”.",
        "People fit any of these instead of all of these.",
        "Mara",
    ):
        assert words in html
    assert "Go back to this" not in html, "an analyst looks"
    again = url(organization, "segment_go_back", segment=segment.public_id, version=1)
    response = as_marketer.post(again, follow=True)
    assert "asks again what version 1 asked" in response.content.decode()
    with tenant_scope(organization):
        segment.refresh_from_db()
        assert (segment.version, segment.definition["rules"]) == (3, [CITY])
    missing = url(organization, "segment_go_back", segment=segment.public_id, version=77)
    assert as_marketer.post(missing).status_code == 404


def test_where_it_is_used_is_shown_and_told_on_archiving(as_marketer, organization):
    inner = saved(organization, "Inner", CITY)
    outer = saved(organization, "Outer", {"about": "segment", "op": "in", "value": inner.public_id})
    with tenant_scope(organization):
        campaigns.create(
            organization=organization,
            brand=Brand.objects.get(),
            name="Autumn letter",
            actor=None,
            excluded_segment=inner,
        )
    html = as_marketer.get(url(organization, "segment_edit", segment=inner.public_id)).content.decode()
    assert "Autumn letter" in html
    assert url(organization, "segment_edit", segment=outer.public_id) in html
    response = as_marketer.post(url(organization, "segment_archive", segment=inner.public_id), follow=True)
    assert "2 that use it go on asking it" in response.content.decode()
    html = as_marketer.get(url(organization, "segment_edit", segment=outer.public_id)).content.decode()
    assert "is archived. It goes on being asked" in html


def test_what_was_archived_is_said_and_what_is_gone_is_shown(as_marketer, organization):
    with tenant_scope(organization):
        Field.objects.create(organization=organization, key="city", label="City", archived_at=timezone.now())
        tag = Tag.objects.create(organization=organization, name="vip")
    segment = saved(
        organization,
        "Old",
        {"about": "field:city", "op": "is", "value": "Oslo"},
        {"about": "tag", "op": "any_of", "value": [str(tag.pk)]},
    )
    edit = url(organization, "segment_edit", segment=segment.public_id)
    assert "The field “City” is archived." in as_marketer.get(edit).content.decode()
    tag_id = tag.pk
    with tenant_scope(organization):
        tag.delete()
    html = as_marketer.get(edit).content.decode()
    assert "This tag is gone. Choose another tag, or remove this condition." in html
    controls = Controls()
    controls.feed(html)
    assert controls.posted["r.1.about"] == ["tag"], "nothing is lost, though there is no tag any more"
    assert controls.posted["r.1.value"] == [str(tag_id)]
    assert "cannot be understood any more" in as_marketer.get(url(organization, "segments")).content.decode()


def test_a_ring_is_refused_in_its_place(as_marketer, organization):
    inner = saved(organization, "Inner", CITY)
    outer = saved(organization, "Outer", {"about": "segment", "op": "in", "value": inner.public_id})
    response = as_marketer.post(
        url(organization, "segment_edit", segment=inner.public_id),
        OSLO | {"r.1.about": "segment", "r.1.op": "in", "r.1.value": outer.public_id, "name": "Inner", "do": "save"},
    )
    assert response.status_code == 422
    assert "“Inner” → “Outer” → “Inner”" in response.content.decode()


@pytest.mark.parametrize("n", [1, 3])
def test_the_builder_takes_the_same_queries_for_any_number(
    n, as_marketer, organization, people, django_assert_num_queries
):
    rules = [CITY, {"about": "created", "op": "within", "value": "9"}, {"about": "suppressed", "op": "no"}]
    segment = saved(organization, "S", *rules[:n])
    edit = url(organization, "segment_edit", segment=segment.public_id)
    as_marketer.get(edit)
    with django_assert_num_queries(29):
        as_marketer.get(edit)


def test_who_may_do_what(as_owner, as_marketer, as_analyst, as_outsider, organization):
    segment = saved(organization, "Oslo", CITY)
    one = {"segment": segment.public_id}
    looks = [
        url(organization, "segments"),
        url(organization, "segment_schema"),
        url(organization, "segment_choices"),
        url(organization, "segment_edit", **one),
        url(organization, "segment_versions", **one),
    ]
    asks = [url(organization, "segment_count"), url(organization, "segment_each")]
    changes = [
        url(organization, "segment_new"),
        url(organization, "segment_builder"),
        url(organization, "segment_edit", **one),
        url(organization, "segment_go_back", **one, version=1),
        url(organization, "segment_archive", **one),
        url(organization, "segment_restore", **one),
    ]
    for client in (as_owner, as_marketer):
        assert {client.get(page).status_code for page in [*looks, changes[0]]} == {200}
        assert {client.post(page, {}).status_code for page in asks} == {200}
        assert {client.post(page, {}).status_code for page in changes} <= {200, 302, 422}
    assert {as_analyst.get(page).status_code for page in looks} == {200}
    assert {as_analyst.post(page, {}).status_code for page in asks} == {200}
    assert {as_analyst.post(page, {}).status_code for page in changes} == {403}
    assert as_analyst.get(changes[0]).status_code == 403
    assert {as_outsider.get(page).status_code for page in [*looks, changes[0]]} == {404}
    assert {as_outsider.post(page, {}).status_code for page in [*asks, *changes]} == {404}


def test_archive_and_back(as_marketer, organization):
    with tenant_scope(organization):
        segment = Segment.objects.create(
            organization=organization, name="Old", definition={"match": "all", "rules": []}
        )
    as_marketer.post(url(organization, "segment_archive", segment=segment.public_id))
    assert "Old" in as_marketer.get(url(organization, "segments") + "?archived=1").content.decode()
    with tenant_scope(organization):
        Segment.objects.create(organization=organization, name="Old", definition={"match": "all", "rules": []})
    response = as_marketer.post(url(organization, "segment_restore", segment=segment.public_id), follow=True)
    assert "another segment called Old" in response.content.decode()


def test_the_schema_is_published(as_analyst, organization):
    response = as_analyst.get(url(organization, "segment_schema"))
    assert json.loads(response.content)["title"] == "Segment"
