"""The gate of a tenant's pages: members enter, strangers see nothing there."""

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
