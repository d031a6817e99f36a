"""`manage.py bounces_to_review`: the operator sees every site's wave and decides for everybody."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, Organization
from accounts.tenancy import tenant_scope
from contacts.models import Suppression
from tests.sending.bounces import hold, wave

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("bounces_to_review", *arguments, stdout=said)
    return said.getvalue()


def test_nothing_waits() -> None:
    assert "No bounces wait" in run()


@pytest.mark.parametrize("option", ["--suppress", "--leave"])
def test_one_wave_of_two_organizations(
    organization: Organization, other_organization: Organization, option: str
) -> None:
    found = wave("Granite Mail")
    for one, n in ((organization, 3), (other_organization, 2)):
        with tenant_scope(one):
            hold(one, found, n)
    assert "Granite Mail: 5 addresses of 2 organizations" in run()
    said = run(option, found.public_id)
    assert f"{organization}: 3 addresses" in said and f"{other_organization}: 2 addresses" in said
    for one, n in ((organization, 3), (other_organization, 2)):
        with tenant_scope(one):
            assert Suppression.objects.count() == (n if option == "--suppress" else 0)
            assert AuditEntry.objects.filter(verb__startswith="sending.bounces_").get().actor is None
    assert "No bounces wait" in run()


def test_an_unknown_wave_is_said() -> None:
    with pytest.raises(CommandError, match="There is no wave"):
        run("--leave", "nonsense")
