"""The audit log is written with the deed and never changed afterwards."""

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.actions import audit
from accounts.models import AuditEntry


@pytest.fixture
def entry(scoped, owner):
    audit.record(organization=scoped, actor=owner, verb="accounts.brand_renamed", target=scoped, data={"to": "Kettle"})
    return AuditEntry.objects.get()


def test_an_entry_says_who_what_and_to_which(entry, owner, scoped):
    assert (entry.actor, entry.actor_name, entry.verb) == (owner, "Olga", "accounts.brand_renamed")
    assert (entry.target_kind, entry.target_id, entry.target_name) == (
        "accounts.organization",
        scoped.public_id,
        "Copper Kettle",
    )
    assert entry.data == {"to": "Kettle"}


def test_the_system_has_no_name(scoped):
    audit.record(organization=scoped, verb="sending.domain_failed")
    assert AuditEntry.objects.values_list("actor", "actor_name").get() == (None, "")


@pytest.mark.parametrize("statement", ["UPDATE accounts_auditentry SET verb = 'x'", "DELETE FROM accounts_auditentry"])
def test_entries_stay_as_they_were(entry, statement):
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
