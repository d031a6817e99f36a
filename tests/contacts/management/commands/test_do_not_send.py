"""The operator's list, from the command line: kept by the owner of the tables alone, each deed in the house's log."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from accounts.models import AuditEntry
from accounts.tenancy import cross_tenant
from contacts.models import HouseSuppression
from tests.database import as_owner

pytestmark = pytest.mark.django_db


def run(*args):
    out = io.StringIO()
    with as_owner():
        call_command("do_not_send", *args, stdout=out)
    return out.getvalue()


def test_addresses_are_added_listed_and_removed():
    assert "2 added" in run("add", "Trap@Example.org", "bob@example.org", "--why", "Spam traps", "--by", "Olga")
    assert "on the list already" in run("add", "trap@example.org", "--why", "again")
    assert "Spam traps" in run("list", "TRAP") and "bob" not in run("list", "TRAP")
    assert "1 removed" in run("remove", "bob@example.org", "--why", "No trap after all")
    assert list(HouseSuppression.objects.values_list("address_key", flat=True)) == ["trap@example.org"]
    with cross_tenant("look at the house's log"):
        verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", "data__by"))
    assert verbs[0] == ("contacts.house_suppression_added", "Olga")
    assert [verb for verb, _ in verbs][-1] == "contacts.house_suppression_removed"


def test_what_is_no_address_or_has_no_reason_is_refused():
    with pytest.raises(CommandError, match="no address"):
        run("add", "nonsense", "--why", "x")
    with pytest.raises(CommandError, match="Say why"):
        run("add", "a@example.org", "--why", "  ")


def test_the_app_may_not_write_it():
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        HouseSuppression.objects.create(address_key="a@example.org", why="x")
