"""An import as a member walks through it, with the task that the walk wakes."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts import tasks
from contacts.actions import imports
from contacts.models import Contact, Field, Import, Subscription, Topic

LIST = "Email;First name;Shoe size\nann@example.org;Ánn;37,5\nbad;=cmd();x\nann@example.org;Anna;38\n"


def url(organization, name, **kwargs):
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def topic(organization):
    with tenant_scope(organization):
        return Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="News", public_id="news")


@pytest.fixture
def woken(monkeypatch):
    """The tasks that were woken; each runs when it is called."""
    woken = []
    monkeypatch.setattr(tasks.run_import, "delay", lambda *ids: woken.append(ids))
    return woken


def upload(client, organization, text=LIST):
    file = SimpleUploadedFile("people.csv", text if isinstance(text, bytes) else text.encode("cp1252"))
    return client.post(url(organization, "import_new"), {"file": file})


CONSENT = {
    "topics": ["news"],
    "basis": "consent",
    "source": "Shop till",
    "wording": "Yes, write to me.",
    "given_on": "2026-05-01",
}
MATCHES = {"to-0": "email", "to-1": "field:first_name", "to-2": "new", "kind-2": "number", "label-2": "Shoes"}


def test_from_upload_to_applied(as_marketer, organization, topic, woken, django_capture_on_commit_callbacks):
    response = upload(as_marketer, organization)
    page = as_marketer.get(response.url)
    html = page.content.decode()
    assert "What do the columns mean?" in html
    assert "Ánn" in html
    with tenant_scope(organization):
        import_ = Import.objects.get()
    here = {"import_": import_.public_id}
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(url(organization, "import_match", **here), MATCHES | CONSENT)
    assert woken == [(organization.pk, import_.pk)]
    assert "Reading the file" in as_marketer.get(url(organization, "import", **here)).content.decode()
    assert "people.csv" in as_marketer.get(url(organization, "jobs")).content.decode()
    tasks.run_import(*woken.pop())
    assert as_marketer.get(url(organization, "import_progress", **here))["HX-Refresh"] == "true"
    html = as_marketer.get(url(organization, "import", **here)).content.decode()
    assert "This is what would happen" in html
    assert "Import 1 person" in html
    assert "There is no @ in the address." in html
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(url(organization, "import_approve", **here))
    tasks.run_import(*woken.pop())
    assert "The list is in" in as_marketer.get(url(organization, "import", **here)).content.decode()
    with tenant_scope(organization):
        assert Contact.objects.get().values == {"first_name": "Anna", "shoes": 38}
        assert Field.objects.get().label == "Shoes"
        assert Subscription.objects.get().topic == topic

    response = as_marketer.get(url(organization, "import_rejects", **here))
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert rows[1][0] == "3"
    assert rows[1][2:] == ["bad", "'=cmd()", "x"]


def test_columns_and_consent_that_make_no_sense_are_said_and_kept(as_marketer, organization, topic, woken):
    here = upload(as_marketer, organization).url
    with tenant_scope(organization):
        match = url(organization, "import_match", import_=Import.objects.get().public_id)
    response = as_marketer.post(match, MATCHES | {"to-0": "skip", "topics": [], "wording": "Kept words"})
    assert response.status_code == 422
    html = response.content.decode()
    assert "which column holds" in html
    assert "Kept words" in html
    assert "Shoes" in html
    response = as_marketer.post(match, MATCHES | CONSENT | {"basis": "", "wording": "", "given_on": "2999-01-01"})
    html = response.content.decode()
    for words in ("Choose why you may write", "Write the words", "future"):
        assert words in html
    assert "What do the columns mean?" in as_marketer.get(here).content.decode()
    assert woken == []


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"PK\x03\x04x", "Excel"), (b"\x89PNG\r\n", "a picture"), (b"email\n", "no rows below")],
)
def test_a_file_that_is_no_list_is_refused_in_words(as_marketer, organization, data, words):
    response = upload(as_marketer, organization, data)
    assert response.status_code == 200
    assert words in response.content.decode()
    with tenant_scope(organization):
        assert not Import.objects.exists()


def test_no_file_at_all(as_marketer, organization):
    assert "required" in as_marketer.post(url(organization, "import_new")).content.decode()


def test_the_same_file_is_recognised(as_marketer, organization):
    upload(as_marketer, organization)
    with tenant_scope(organization):
        Import.objects.update(state="applied")
    page = as_marketer.get(upload(as_marketer, organization).url)
    assert "imported before" in page.content.decode()


def test_a_double_click_does_it_once(as_marketer, organization, woken, django_capture_on_commit_callbacks):
    upload(as_marketer, organization)
    with tenant_scope(organization):
        match = url(organization, "import_match", import_=Import.objects.get().public_id)
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(match, MATCHES)
        assert as_marketer.post(match, MATCHES).status_code == 302
    assert len(woken) == 1


def test_cancel_and_its_words(as_marketer, organization):
    page = upload(as_marketer, organization).url
    with tenant_scope(organization):
        import_ = Import.objects.get()
    as_marketer.post(url(organization, "import_cancel", import_=import_.public_id))
    assert "It had changed nobody." in as_marketer.get(page).content.decode()
    response = as_marketer.post(url(organization, "import_cancel", import_=import_.public_id), follow=True)
    assert "over already" in response.content.decode()
    with tenant_scope(organization):
        assert imports.path_of(import_).parent.name == str(organization.pk)


@pytest.mark.parametrize("n", [1, 3])
def test_the_history_takes_the_same_queries_for_any_number(n, as_marketer, organization, django_assert_num_queries):
    for _ in range(n):
        upload(as_marketer, organization)
    as_marketer.get(url(organization, "imports"))
    with django_assert_num_queries(12):
        as_marketer.get(url(organization, "imports"))
