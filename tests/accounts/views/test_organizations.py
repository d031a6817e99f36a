"""Founding an organization, and its settings."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import AuditEntry, Brand, Membership, Organization
from accounts.tenancy import cross_tenant, tenant_scope
from tests.cast import logged_in, person

pytestmark = pytest.mark.django_db
TYPED = {"name": "  Tea   House ", "postal_address": " Leaf Lane 1 \n\n 54321 Teatown ", "time_zone": "Europe/Vienna"}


def settings_url(organization: Organization) -> str:
    return reverse("accounts:settings", kwargs={"org": organization.public_id})


def test_a_new_organization_has_its_owner_and_its_brand_and_says_so_in_the_log() -> None:
    nora = person("Nora")
    answer = logged_in(nora).post(reverse("accounts:organization_new"), TYPED)
    with cross_tenant("the test looks for what was founded"):
        organization = Organization.objects.get(name="Tea House")
    assert answer.url.startswith(f"/o/{organization.public_id}/")
    assert organization.postal_address == "Leaf Lane 1\n54321 Teatown"
    assert organization.time_zone == "Europe/Vienna"
    with tenant_scope(organization):
        assert Membership.objects.get().role == Role.OWNER
        assert Brand.objects.get().is_default
        assert AuditEntry.objects.get().verb == "accounts.organization_founded"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "Give the organization a name."),
        ({"postal_address": "  \n "}, "Write the postal address"),
        ({"postal_address": "x" * 501}, "at most 500 characters"),
        ({"time_zone": "Europe/Atlantis"}, "Choose a time zone of the list."),
        ({"name": "x" * 201}, "at most 200 characters"),
        ({"name": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(wrong: dict[str, str], says: str) -> None:
    answer = logged_in(person("Nora")).post(reverse("accounts:organization_new"), TYPED | wrong)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert says in page
    assert "Europe/Vienna" in page
    assert "Nothing you typed is lost" in page


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("marketer", 403), ("analyst", 403), ("outsider", 404)])
def test_only_admins_change_the_settings(
    who: str, status: int, organization: Organization, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(f"as_{who}")
    assert client.post(settings_url(organization), TYPED).status_code == status
    with tenant_scope(organization):
        organization.refresh_from_db()
        assert (organization.name == "Tea House") == (status == 302)
        assert AuditEntry.objects.filter(verb="accounts.organization_changed").exists() == (status == 302)


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("marketer", 200), ("analyst", 200), ("outsider", 404)])
@pytest.mark.parametrize("page", ["settings", "brand", "members", "audit_log"])
def test_members_look_at_the_settings(
    who: str, status: int, page: str, organization: Organization, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(f"as_{who}")
    assert client.get(reverse(f"accounts:{page}", kwargs={"org": organization.public_id})).status_code == status


def test_the_log_keeps_both_values(as_owner: Client, organization: Organization) -> None:
    as_owner.post(settings_url(organization), TYPED)
    with tenant_scope(organization):
        data = AuditEntry.objects.get(verb="accounts.organization_changed").data
    assert data["name"] == ["Copper Kettle", "Tea House"]
    assert data["time_zone"] == ["Europe/Berlin", "Europe/Vienna"]


def test_saving_without_a_change_writes_no_line(as_owner: Client, organization: Organization) -> None:
    same = {name: getattr(organization, name) for name in TYPED}
    assert as_owner.post(settings_url(organization), same).status_code == 302
    with tenant_scope(organization):
        assert not AuditEntry.objects.exists()


def test_a_refused_name_is_not_shown_as_the_organizations(as_owner: Client, organization: Organization) -> None:
    page = as_owner.post(settings_url(organization), TYPED | {"time_zone": "nowhere"}).content.decode()
    assert "<title>Settings · Copper Kettle · Posthouse</title>" in page


def test_the_language_of_mail_is_chosen_and_stays_where_it_is_not_asked(
    as_owner: Client, organization: Organization
) -> None:
    for typed, kept in ((TYPED | {"locale": "fr"}, "fr"), (TYPED, "fr"), (TYPED | {"locale": "tlh"}, "fr")):
        as_owner.post(settings_url(organization), typed)
        with tenant_scope(organization):
            assert Organization.objects.get(pk=organization.pk).locale == kept


def test_mail_in_clear_text_is_forbidden_and_allowed_again_and_the_log_tells_who(
    as_owner: Client, organization: Organization
) -> None:
    assert "No mail in clear text" in as_owner.get(settings_url(organization)).content.decode()
    for typed, kept in ((TYPED | {"tls_only": "on"}, True), (TYPED, False)):
        assert as_owner.post(settings_url(organization), typed).status_code == 302
        with tenant_scope(organization):
            assert Organization.objects.get(pk=organization.pk).tls_only is kept
            entry = AuditEntry.objects.filter(verb="accounts.organization_changed").order_by("-id").first()
            assert entry.data["tls_only"] == [not kept, kept]
            assert entry.actor is not None
