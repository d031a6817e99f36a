"""The audit log turns its pages by key, so that a new line moves nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actions import audit
from accounts.models import Organization, User
from accounts.tenancy import tenant_scope

pytestmark = pytest.mark.django_db
QUERIES = 12


def write(organization: Organization, actor: User | None, count: int) -> None:
    with tenant_scope(organization):
        for n in range(count):
            audit.record(
                organization=organization, actor=actor, verb="contacts.import_applied", data={"line": f"n{n}."}
            )


def lines(client: Client, address: str) -> list[int]:
    """The numbers that the page shows, in its order."""
    page = client.get(address).content.decode()
    return [int(part.split(".")[0]) for part in page.split("line: n")[1:]]


def link(client: Client, address: str, rel: str) -> str | None:
    page = client.get(address).content.decode()
    if f'rel="{rel}"' not in page:
        return None
    href = page.split(f'rel="{rel}" href="')[1].split('"')[0].replace("&amp;", "&")
    return address.split("?")[0] + href


@pytest.fixture
def address(organization: Organization) -> str:
    return reverse("accounts:audit_log", kwargs={"org": organization.public_id})


def test_all_lines_are_reached_forth_and_back_once_each(
    as_analyst: Client, organization: Organization, owner: User, address: str
) -> None:
    write(organization, owner, 120)
    seen, here, pages = [], address, []
    while here:
        seen += lines(as_analyst, here)
        pages.append(here)
        here = link(as_analyst, here, "next")
    assert seen == list(reversed(range(120)))
    assert link(as_analyst, address, "prev") is None
    back = link(as_analyst, pages[-1], "prev")
    assert lines(as_analyst, back) == list(reversed(range(20, 70)))


def test_an_empty_log_teaches(as_owner: Client, address: str) -> None:
    assert "Every change that matters is written down here" in as_owner.get(address).content.decode()


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 40, "١٢", "1e5"])
def test_a_nonsense_place_in_the_list_is_an_answer(
    as_owner: Client, organization: Organization, address: str, cursor: str
) -> None:
    write(organization, None, 1)
    assert as_owner.get(address, {"after": cursor}).status_code == 200


def test_other_organizations_lines_are_not_shown(
    as_outsider: Client, organization: Organization, other_organization: Organization
) -> None:
    write(organization, None, 2)
    theirs = reverse("accounts:audit_log", kwargs={"org": other_organization.public_id})
    assert lines(as_outsider, theirs) == []


def test_the_log_asks_as_many_questions_for_one_line_as_for_three(
    as_owner: Client,
    organization: Organization,
    owner: User,
    address: str,
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    for more in (1, 2):
        write(organization, owner, more)
        with django_assert_num_queries(QUERIES):
            as_owner.get(address)


def test_what_was_written_is_shown_as_text(as_owner: Client, organization: Organization, address: str) -> None:
    with tenant_scope(organization):
        audit.record(organization=organization, verb="x.y", data={"name": ["<script>alert(1)</script>", "b"]})
    assert "<script>alert(1)" not in as_owner.get(address).content.decode()
