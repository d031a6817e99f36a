"""Every page of the audience, tried by owner, marketer, analyst and an outsider."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts.actions import field_work, fields, imports, privacy_requests, saved_views, segments, tags
from contacts.enums import RequestChannel, RequestKind
from contacts.models import Contact, Suppression, Topic
from contacts.urls import urlpatterns
from tests.contacts import forms_of

READ = {"owner": 200, "marketer": 200, "analyst": 200, "outsider": 404}
WRITE = {"owner": 200, "marketer": 200, "analyst": 403, "outsider": 404}
DO = {"owner": 302, "marketer": 302, "analyst": 403, "outsider": 404}
ADMIN = {"owner": 200, "marketer": 403, "analyst": 403, "outsider": 404}
ADMIN_DO = {"owner": 302, "marketer": 403, "analyst": 403, "outsider": 404}
FIRST_ONLY = {"owner": 422, "marketer": 302, "analyst": 403, "outsider": 404}  # the marketer had changed it already

# name: (method, posted, what each one gets)
PAGES = {
    "people": ("get", {}, READ),
    "person_new": ("get", {}, WRITE),
    "people_bulk": ("get", {}, DO),
    "people_export": ("get", {}, DO),
    "view_save": ("post", {"name": "V"}, DO),
    "view_rename": ("post", {"name": "W"}, DO),
    "view_delete": ("post", {}, DO | {"owner": 404}),  # the marketer had deleted it already
    "tags": ("get", {}, READ),
    "tag_rename": ("post", {"name": "Best"}, DO),
    "tag_remove": ("post", {"typed": "not its name"}, DO),
    "person_tag": ("post", {"name": "VIP"}, DO),
    "person_untag": ("post", {}, DO),
    "person_timeline": ("get", {}, READ),
    "person_data": ("post", {}, WRITE),
    "person_erase": ("get", {}, ADMIN),
    "person": ("get", {}, READ),
    "person_edit": ("get", {}, WRITE),
    "person_archive": ("post", {}, DO),
    "person_restore": ("post", {}, DO),
    "person_subscribe": ("post", {"topic": "news", "why": "asked"}, DO),
    "person_unsubscribe": ("post", {"topic": "news", "why": "asked"}, DO),
    "person_suppress": ("post", {"reason": "manual", "evidence": "asked"}, DO),
    "topics": ("get", {}, READ),
    "topic_new": ("get", {}, WRITE),
    "topic_edit": ("get", {}, WRITE),
    "topic_archive": ("post", {}, DO),
    "topic_restore": ("post", {}, DO),
    "forms": ("get", {}, READ),
    "form_new": ("get", {}, WRITE),
    "form_preview": ("post", {"name": "Blog", "topics": ["news"]}, WRITE),
    "form": ("get", {}, READ),
    "form_edit": ("get", {}, WRITE),
    "form_qr_svg": ("get", {}, READ),
    "form_qr_png": ("get", {}, READ),
    "form_archive": ("post", {}, DO),
    "form_restore": ("post", {}, DO),
    "segments": ("get", {}, READ),
    "segment_new": ("get", {}, WRITE),
    "segment_schema": ("get", {}, READ),
    "segment_builder": ("post", {}, WRITE),
    "segment_count": ("post", {}, READ),
    "segment_each": ("post", {}, READ),
    "segment_choices": ("get", {"what": "tag", "q": "fr"}, READ),
    "segment_edit": ("get", {}, READ),
    "segment_versions": ("get", {}, READ),
    "segment_go_back": ("post", {}, DO),
    "segment_archive": ("post", {}, DO),
    "segment_restore": ("post", {}, DO),
    "fields": ("get", {}, READ),
    "field_new": ("get", {}, WRITE),
    "fields_order": ("post", {"up": "city"}, DO),
    "field": ("get", {}, READ),
    "field_archive": ("post", {}, DO),
    "field_restore": ("post", {}, DO),
    "field_choices": ("post", {"was": ["Oslo"], "name_0": "Oslo", "fate_0": "keep", "added": "Rome"}, FIRST_ONLY),
    "field_convert": ("post", {"kind": "text", "date_order": "ymd"}, DO),
    "field_merge": ("post", {"other": "town", "wins": "this"}, DO),
    "field_work": ("get", {}, READ),
    "field_work_decide": ("post", {"lost": "aside"}, DO),
    "field_work_go_on": ("post", {}, DO),
    "field_work_cancel": ("post", {}, DO),
    "health": ("get", {}, READ),
    "health_recount": ("post", {}, DO),
    "health_number": ("get", {}, READ),
    "health_segment": ("post", {}, DO),
    "health_archive": ("post", {}, DO),
    "duplicates": ("get", {}, READ),
    "duplicates_resolve": ("post", {}, DO),
    "suppressions": ("get", {}, READ),
    "suppressions_file": ("get", {}, WRITE),
    "suppression": ("get", {}, READ),
    "suppression_upload": ("get", {}, WRITE),
    "suppression_list": ("get", {}, DO),
    "suppression_list_discard": ("post", {}, DO),
    "suppression_new": ("get", {}, WRITE),
    "suppression_lift": ("get", {}, ADMIN),
    "privacy_requests": ("get", {}, READ),
    "privacy_request_new": ("get", {}, WRITE),
    "privacy_request": ("get", {}, READ),
    "privacy_request_link": ("post", {}, DO),
    "privacy_request_data": ("post", {}, ADMIN),
    "privacy_request_erase": ("post", {"typed": "ann@example.org"}, ADMIN_DO),
    "privacy_request_refuse": ("post", {"words": "a joke"}, ADMIN_DO),
    "privacy_request_close": ("post", {"words": "by letter"}, ADMIN_DO),
    "imports": ("get", {}, READ),
    "import_new": ("get", {}, WRITE),
    "import": ("get", {}, READ),
    "import_progress": ("get", {}, READ),
    "import_match": ("post", {"to-0": "email"}, DO),
    "import_rematch": ("post", {}, DO),
    "import_approve": ("post", {}, DO),
    "import_cancel": ("post", {}, DO),
    "import_rows": ("get", {}, READ),
    "import_undo": ("post", {}, DO),
    "import_rejects": ("get", {}, READ),
    "jobs": ("get", {}, READ),
    "work": ("get", {}, READ),
    "job": ("get", {}, READ),
    "job_progress": ("get", {}, READ | {"owner": 286, "marketer": 286, "analyst": 286}),  # it is over
    "job_cancel": ("post", {}, DO),
    "job_undo": ("post", {}, DO),
}


@pytest.fixture
def places(organization, owner):
    """The arguments of every page's address."""
    with tenant_scope(organization):
        contact = Contact.objects.create(
            organization=organization, address="ann@example.org", address_key="ann@example.org", domain="example.org"
        )
        topic = Topic.objects.create(
            organization=organization, brand=Brand.objects.get(), name="News", public_id="news"
        )
        form = forms_of.form(organization, topic)
        segment = None
        for match in ("all", "any"):  # two versions, so that there is one to go back to
            segment = segments.save(
                organization=organization,
                segment=segment,
                name="Anns",
                definition={"match": match, "rules": [{"about": "field:first_name", "op": "is", "value": "Ann"}]},
                actor=None,
            )
        suppression = Suppression.objects.create(
            organization=organization, address_key="bob@example.org", reason="manual", source="member"
        )
        import_ = imports.receive(
            organization=organization, file_name="p.csv", chunks=[b"email\nann@example.org\n"], actor=None
        )
        city, _ = (
            fields.create(organization=organization, label=label, kind="choice", choices=["Oslo"], actor=None)
            for label in ("City", "Town")
        )
        view = saved_views.save(organization=organization, name="View", query="q=ann", actor=None)
        tag = tags.ensure(organization, ["Friend"])["Friend"]
        wish = privacy_requests.receive(
            organization=organization,
            kind=RequestKind.ERASURE,
            channel=RequestChannel.LETTER,
            address=contact.address,
            note="",
            received_at=timezone.now(),
            actor=owner,
        )
        check = field_work.check_conversion(field=city, target=field_work.Target("text"), actor=None)
    return {
        "field": city.key,
        "tag": tag.pk,
        "view": view.public_id,
        "job": check.public_id,
        "which": "role",
        "kept": "x",
        "kind": "new",
        "version": 1,
        "form": form.public_id,
        "wish": wish.public_id,
        "contact": contact.pk,
        "topic": topic.public_id,
        "segment": segment.public_id,
        "suppression": suppression.pk,
        "import_": import_.public_id,
    }


def arguments(name, places):
    pattern = next(pattern for pattern in urlpatterns if pattern.name == name)
    return {key: value for key, value in places.items() if key in pattern.pattern.converters}


def test_every_page_is_tried():
    assert {pattern.name for pattern in urlpatterns} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_who_may_see_and_do_what(name, organization, places, as_outsider, as_analyst, as_marketer, as_owner):
    method, posted, expected = PAGES[name]
    kwargs = arguments(name, places)
    clients = {"outsider": as_outsider, "analyst": as_analyst, "marketer": as_marketer, "owner": as_owner}
    url = reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})
    got = {who: getattr(client, method)(url, posted).status_code for who, client in clients.items()}
    assert got == expected


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if page[0] == "get"])
def test_a_stranger_is_asked_to_log_in(name, client, organization, places):
    kwargs = arguments(name, places)
    response = client.get(reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs}))
    assert response.status_code == 302
    assert "login" in response.url


@pytest.mark.parametrize(
    "name",
    [
        "person",
        "person_timeline",
        "job",
        "topic_edit",
        "form",
        "form_edit",
        "form_qr_svg",
        "form_qr_png",
        "segment_edit",
        "segment_versions",
        "suppression_lift",
        "privacy_request",
        "import",
        "import_rows",
        "import_undo",
        "import_rejects",
    ],
)
def test_another_organizations_object_is_not_there(name, as_outsider, other_organization, places):
    """The outsider asks within his own organization for an id of ours."""
    kwargs = arguments(name, places)
    response = as_outsider.get(reverse(f"contacts:{name}", kwargs={"org": other_organization.public_id, **kwargs}))
    assert response.status_code == 404
