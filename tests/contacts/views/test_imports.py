"""An import as a member walks through it, with the task that the walk wakes."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts import tasks
from contacts.actions import erasure, import_files, imports
from contacts.models import Contact, Field, Import, Subscription, Topic
from contacts.queries import import_plans
from tests.contacts.actions.test_import_work import applied, planned

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
    assert "New fields" in html
    with tenant_scope(organization):
        assert not Field.objects.exists()
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
    assert rows[0][:3] == ["File", "Line", "What is wrong"]
    assert rows[1][:2] == ["people.csv", "3"]
    assert rows[1][3:] == ["bad", "'=cmd()", "x"]


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
    [(b"", "empty"), (b"\x89PNG\r\n", "a picture"), (b"email\n", "no rows below")],
)
def test_a_file_that_is_no_list_is_refused_in_words(as_marketer, organization, data, words):
    response = upload(as_marketer, organization, data)
    assert response.status_code == 422
    assert words in response.content.decode()
    with tenant_scope(organization):
        assert not Import.objects.exists()


def test_so_many_uploads_wait_and_no_more(as_marketer, organization, monkeypatch):
    monkeypatch.setattr(imports, "MAX_WAITING", 1)
    upload(as_marketer, organization)
    response = upload(as_marketer, organization)
    assert response.status_code == 422
    assert "Import or cancel some of them first." in response.content.decode()


def test_no_file_at_all(as_marketer, organization):
    assert "Choose a file, or paste rows" in as_marketer.post(url(organization, "import_new")).content.decode()


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


def test_cancel_and_its_words(as_marketer, organization, django_capture_on_commit_callbacks):
    page = upload(as_marketer, organization).url
    with tenant_scope(organization):
        import_ = Import.objects.get()
    assert import_files.path_of(import_).exists()
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(url(organization, "import_cancel", import_=import_.public_id))
    assert not import_files.path_of(import_).exists()
    assert "It had changed nobody." in as_marketer.get(page).content.decode()
    response = as_marketer.post(url(organization, "import_cancel", import_=import_.public_id), follow=True)
    assert "over already" in response.content.decode()


@pytest.mark.parametrize("n", [1, 3])
def test_the_history_takes_the_same_queries_for_any_number(n, as_marketer, organization, django_assert_num_queries):
    for _ in range(n):
        upload(as_marketer, organization)
    as_marketer.get(url(organization, "imports"))
    with django_assert_num_queries(12):
        as_marketer.get(url(organization, "imports"))


def an_import(organization, text="email\nann@post.example\nbob@post.example\n", **facts):
    with tenant_scope(organization):
        import_ = applied(organization, text)
        Import.objects.filter(pk=import_.pk).update(**facts)
        return import_


def test_rows_can_be_pasted(as_marketer, organization):
    response = as_marketer.post(url(organization, "import_new"), {"pasted": "ann@post.example\nbob@post.example\n"})
    assert response.status_code == 302
    with tenant_scope(organization):
        assert Import.objects.get().file_name == "pasted.csv"
    html = as_marketer.post(url(organization, "import_new"), {"pasted": "  \n"}).content.decode()
    assert "Choose a file, or paste rows" in html
    too_much = as_marketer.post(url(organization, "import_new"), {"pasted": "x" * (6 * 1024 * 1024)})
    assert too_much.status_code == 413
    assert "too much to paste" in too_much.content.decode()


def test_a_file_over_the_limit_is_refused_before_it_is_read(as_marketer, organization):
    response = as_marketer.post(
        url(organization, "import_new"),
        data=b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(3 * 1024**3),  # as a server gives it
    )
    assert response.status_code == 413
    assert "larger than 2 GB" in response.content.decode()


def test_an_upload_needs_its_token(organization, marketer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(marketer)
    assert client.post(url(organization, "import_new"), {"pasted": "ann@post.example"}).status_code == 403
    with tenant_scope(organization):
        assert not Import.objects.exists()


def test_a_peers_archive_is_unpacked_by_the_worker_and_said_aloud(
    as_marketer, organization, woken, django_capture_on_commit_callbacks
):
    head = "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,LEID,EUID"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(
            "subscribed_members_export_1.csv", f"{head}\nann@post.example,Ann,2,2020-01-02 03:04:05,192.0.2.1,1,a\n"
        )
        file.writestr(
            "unsubscribed_members_export_1.csv",
            f"{head},UNSUB_TIME\nbob@post.example,Bob,2,,,2,b,2021-01-01 00:00:00\n",
        )
    file = SimpleUploadedFile("audience.zip", archive.getvalue())
    with django_capture_on_commit_callbacks(execute=True):
        response = as_marketer.post(url(organization, "import_new"), {"file": file})
    assert "Opening the file" in as_marketer.get(response.url).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.run_import(*woken.pop())
    html = as_marketer.get(response.url).content.decode()
    assert "This looks like Mailchimp’s export: 2 files" in html
    with tenant_scope(organization):
        import_ = Import.objects.get()
        assert (import_.state, import_.origin) == ("uploaded", "mailchimp")
        assert not import_files.upload_of(import_).exists()
        matches = {f"to-{one['column']}": one["to"] for one in import_.mapping}
    here = {"import_": import_.public_id}
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(url(organization, "import_match", **here), matches | {"tags": "From Mailchimp"})
    tasks.run_import(*woken.pop())
    html = as_marketer.get(url(organization, "import", **here)).content.decode()
    for words in (
        "Proof of consent in the file",
        "What the file says against",
        "To be made:",
        "From Mailchimp",
        "SHA-256",
    ):
        assert words in html


def test_several_files_are_one_import(as_marketer, organization, woken, django_capture_on_commit_callbacks):
    files = [
        SimpleUploadedFile("a.csv", b"email\nann@post.example\n"),
        SimpleUploadedFile("b.csv", b"email\nbob@post.example\n"),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(url(organization, "import_new"), {"file": files})
    tasks.run_import(*woken.pop())
    with tenant_scope(organization):
        import_ = Import.objects.get()
        assert import_.file_name == "a.csv, b.csv"
        assert import_.dialect["files"] == [["a.csv", 1], ["b.csv", 1]]


def test_the_people_behind_a_number_in_pages(as_analyst, organization, monkeypatch):
    monkeypatch.setattr(import_plans, "PAGE", 2)
    import_ = an_import(
        organization, "email,city\n" + "".join(f"p{i}@post.example,City {i}\n" for i in range(5)) + "bad,x\n"
    )
    page = url(organization, "import_rows", import_=import_.public_id, kind="new")
    html = as_analyst.get(page).content.decode()
    assert "p0@post.example" in html
    assert "City 1" in html
    assert "p2@" not in html
    html = as_analyst.get(page + "?after=3").content.decode()
    assert "p2@" in html and "p4@" not in html and "p1@" not in html
    html = as_analyst.get(page + "?before=4").content.decode()
    assert "p0@" in html and "p1@" in html and "p2@" not in html
    for kind in import_plans.KINDS:
        assert as_analyst.get(url(organization, "import_rows", import_=import_.public_id, kind=kind)).status_code == 200
    assert (
        as_analyst.get(url(organization, "import_rows", import_=import_.public_id, kind="nonsense")).status_code == 404
    )
    assert as_analyst.get(page + "?after=x&before=99999999999999999999").status_code == 200
    bad = as_analyst.get(url(organization, "import_rows", import_=import_.public_id, kind="invalid")).content.decode()
    assert "There is no @ in the address." in bad


def test_the_plan_shows_what_changes(as_marketer, organization):
    an_import(organization, "email,city\nann@post.example,Oslo\nbob@post.example,Rome\n")
    with tenant_scope(organization):
        import_ = planned(organization, "email,city\nann@post.example,Bergen\nbob@post.example,\n")
    html = as_marketer.get(url(organization, "import", import_=import_.public_id)).content.decode()
    assert "What changes" in html
    assert "Oslo" in html
    assert "Bergen" in html
    rows = as_marketer.get(url(organization, "import_rows", import_=import_.public_id, kind="changed")).content.decode()
    assert "Oslo" in rows and "Bergen" in rows


def test_who_asked_to_be_forgotten_is_not_counted_among_those_to_come(as_marketer, organization):
    with tenant_scope(organization):
        applied(organization, "email\nann@post.example\nbob@post.example\n")
        for contact in Contact.objects.all():
            erasure.erase(contact=contact)
        with_one_more = planned(organization, "email\nann@post.example\nbob@post.example\ncleo@post.example\n")
        nobody = planned(organization, "email\nann@post.example\n")
    assert (
        "Import 1 person"
        in as_marketer.get(url(organization, "import", import_=with_one_more.public_id)).content.decode()
    )
    page = as_marketer.get(url(organization, "import", import_=nobody.public_id)).content.decode()
    assert "Nobody is left to import" in page
    assert "Import 1 person" not in page


def test_taking_it_back(as_marketer, organization, marketer, woken, django_capture_on_commit_callbacks):
    import_ = an_import(organization)
    here = {"import_": import_.public_id}
    over = url(organization, "import", **here)
    assert "Take this import back" in as_marketer.get(over).content.decode()
    html = as_marketer.get(url(organization, "import_undo", **here)).content.decode()
    assert "What taking it back would do" in html
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(url(organization, "import_undo", **here))
    assert "Taking the import back" in as_marketer.get(over).content.decode()
    tasks.run_import(*woken.pop())
    html = as_marketer.get(over).content.decode()
    assert "This import was taken back" in html
    assert "What was taken back" in html
    with tenant_scope(organization):
        assert not Contact.objects.exists()
    assert "by " + str(marketer) in as_marketer.get(url(organization, "imports")).content.decode()
    assert as_marketer.get(url(organization, "import_undo", **here)).status_code == 302


def test_after_the_month_the_button_is_gone_and_the_page_says_until_when(as_marketer, organization, woken):
    import_ = an_import(organization, finished_at=timezone.now() - timedelta(days=31))
    here = {"import_": import_.public_id}
    html = as_marketer.get(url(organization, "import", **here)).content.decode()
    assert "Take this import back" not in html
    assert "It could be taken back until" in html
    assert as_marketer.get(url(organization, "import_undo", **here)).status_code == 302
    as_marketer.post(url(organization, "import_undo", **here))
    with tenant_scope(organization):
        assert Contact.objects.count() == 2
    assert woken == []


def test_the_same_file_while_it_is_imported_is_said(as_marketer, organization):
    upload(as_marketer, organization)
    page = as_marketer.get(upload(as_marketer, organization).url)
    assert "being imported already" in page.content.decode()


PAGES = ("import", "import_progress", "import_rows", "import_rejects")
VERBS = ("import_match", "import_rematch", "import_approve", "import_cancel", "import_undo")


@pytest.mark.parametrize("name", [*PAGES, "import_undo"])
def test_who_may_look(name, organization, as_owner, as_marketer, as_analyst, as_outsider, client):
    import_ = an_import(organization)
    more = {"kind": "new"} if name == "import_rows" else {}
    page = url(organization, name, import_=import_.public_id, **more)
    assert as_owner.get(page).status_code == as_marketer.get(page).status_code == 200
    assert as_analyst.get(page).status_code == (403 if name == "import_undo" else 200)
    assert as_outsider.get(page).status_code == 404
    assert client.get(page).status_code == 302


@pytest.mark.parametrize("name", VERBS)
def test_who_may_do(name, organization, as_marketer, as_analyst, as_outsider, woken):
    import_ = an_import(organization)
    page = url(organization, name, import_=import_.public_id)
    assert as_outsider.post(page).status_code == 404
    assert as_analyst.post(page).status_code == 403
    assert as_marketer.post(page).status_code == 302
    with tenant_scope(organization):
        assert Import.objects.get().state == ("undoing" if name == "import_undo" else "applied")


def test_who_may_upload(organization, as_owner, as_analyst, as_outsider):
    page = url(organization, "import_new")
    assert as_owner.get(page).status_code == 200
    assert as_analyst.post(page, {"pasted": "ann@post.example"}).status_code == 403
    assert as_outsider.post(page, {"pasted": "ann@post.example"}).status_code == 404


@pytest.mark.parametrize("n", [1, 3])
def test_the_rows_behind_a_number_take_the_same_queries(n, as_marketer, organization, django_assert_num_queries):
    an_import(organization, "email,city\n" + "".join(f"p{i}@post.example,A\n" for i in range(3)))
    with tenant_scope(organization):
        import_ = planned(organization, "email,city\n" + "".join(f"p{i}@post.example,B\n" for i in range(n)))
    page = url(organization, "import_rows", import_=import_.public_id, kind="changed")
    as_marketer.get(page)
    with django_assert_num_queries(16):
        as_marketer.get(page)
