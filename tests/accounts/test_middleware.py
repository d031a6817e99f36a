"""The gate of a tenant's pages: members enter, strangers see nothing there."""

import io

import pytest
from django.urls import reverse


@pytest.fixture
def home(organization):
    return reverse("accounts:audit_log", kwargs={"org": organization.public_id})


def test_a_member_enters(as_owner, home):
    assert as_owner.get(home).status_code == 200


def test_an_outsider_sees_no_such_page(as_outsider, home):
    assert as_outsider.get(home).status_code == 404


def test_nobody_is_asked_to_log_in_and_comes_back_to_the_page(client, home):
    answer = client.get(home)
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"?next={home}")


def test_an_organization_that_is_not_there_is_404(as_owner):
    assert as_owner.get("/o/abcdefghjkmn/settings/").status_code == 404


@pytest.mark.parametrize("path", ["/account/login/", "/", "/sandbox/enter/"])
def test_a_stranger_brings_no_large_file_and_nothing_of_it_is_read(path, db, client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000

    class Body:
        def read(self, *size):
            raise AssertionError("the body was read")

        readline = read

    large = {"CONTENT_LENGTH": "10001", "CONTENT_TYPE": "multipart/form-data; boundary=b", "wsgi.input": Body()}
    answer = client.generic("POST", path, **large)
    assert answer.status_code == 413


def test_a_member_may(as_owner, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    assert as_owner.post("/account/login/", {"file": io.BytesIO(b"x" * 20_000)}).status_code != 413
