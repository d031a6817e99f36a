"""The audit finds each kind of break; the queue and the trace tell what is there."""

# ruff: noqa: E501  (what stands in tables and SQL is easier to read on one line)

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from sending.enums import Bucket
from sending.queries import ledger
from tests.sending.adapters.town import Town, build

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(organization: Organization) -> Town:
    return build(organization)


def change(statement: str) -> None:
    with cross_tenant("a test breaks the ledger"), connection.cursor() as cursor:
        cursor.execute(statement)


def findings() -> list[str]:
    with cross_tenant("a test audits"):
        return list(ledger.audit())


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_fresh_ledger_adds_up(town: Town) -> None:
    assert findings() == []
    assert "adds up" in run("audit_ledger")


@pytest.mark.parametrize(
    ("breaking", "rule"),
    [
        ("DELETE FROM sending_delivery WHERE address = 'p0@home0.example'", "add up to its audience"),
        ("UPDATE sending_mailing SET audience_size = 7", "add up to its audience"),
        ("UPDATE sending_delivery SET state = 10 WHERE address = 'p0@home0.example'", "last event is its state"),
        (
            "UPDATE sending_delivery SET state = 2, relay_id = 99999 WHERE address = 'p0@home0.example'",
            "held by a relay that is there",
        ),
        ("UPDATE sending_delivery SET relay_id = 1 WHERE address = 'p0@home0.example'", "nobody holds"),
        ("UPDATE sending_delivery SET state = 4, account_id = 9 WHERE address = 'p0@home0.example'", "with an account"),
        ("UPDATE sending_lane SET open = false", "open lane"),
        ("UPDATE sending_delivery SET lane_id = 0 WHERE address = 'p0@home0.example'", "mailing, lane and person"),
        ("UPDATE sending_delivery SET contact_id = 0 WHERE address = 'p0@home0.example'", "mailing, lane and person"),
        (
            "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind) VALUES (1, 1, 424242, 101)",
            "event's delivery",
        ),
        ("UPDATE sending_tally SET n = n + 1", "tallies and totals"),
        ("UPDATE sending_mailing SET letter_id = NULL", "has its content"),
        (
            """INSERT INTO sending_storedmessage (delivery_id, organization_id, from_address, subject, message_id, raw, created_at)
            SELECT 424242, organization_id, '', '', '', '', now() FROM sending_mailing LIMIT 1""",
            "stored content",
        ),
    ],
)
def test_each_break_is_found(town: Town, breaking: str, rule: str) -> None:
    change(breaking)
    assert any(rule in line for line in findings()), findings()
    with pytest.raises(CommandError, match="does not add up") as error:
        run("audit_ledger")
    assert error.value.returncode == 1


def test_many_breaks_are_cut_short(organization: Organization) -> None:
    build(organization, people=30)
    change("UPDATE sending_delivery SET state = 10")
    lines = [line for line in findings() if "last event" in line]
    assert len(lines) == ledger.LIMIT + 1
    assert lines[-1].startswith("... and more")


def test_counts_by_part(town: Town) -> None:
    change("UPDATE sending_delivery SET attempts = 1 WHERE address = 'p0@home0.example'")
    with tenant_scope(town.organization):
        counts = ledger.counts(mailing_id=town.mailing)
    assert {part: n for part, n in counts.items() if n} == {Bucket.ON_ITS_WAY: 5, Bucket.RETRYING: 1}


def test_the_queue_tells_what_waits_why_and_that_nobody_sends(town: Town) -> None:
    assert "(not tried yet)" in run("mailq")
    assert "No relay runs" in run("mailq")
    change(
        "UPDATE sending_delivery SET state = 3, attempts = 1, provider = 'Gmail', reason = 'greylisted', due_at = now() + interval '2 hours'"
    )
    change("UPDATE sending_mailing SET hold = 'paused'")
    change("INSERT INTO sending_relay (name, pid, started_at, beat_at, facts) VALUES ('r1', 1, now(), now(), '{}')")
    said = run("mailq")
    assert "Gmail" in said
    assert "greylisted" in said
    assert "2 h" in said
    assert "is paused" in said
    assert "No relay runs" not in said
    change("DELETE FROM sending_delivery")
    assert "No mail waits." in run("mailq")


def test_the_story_of_one_address(town: Town) -> None:
    change(
        "UPDATE sending_delivery SET state = 11, reason = 'invalid_recipient', code = '550 5.1.1' WHERE address = 'p1@home1.example'"
    )
    change(
        "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, code, text, facts) SELECT organization_id, mailing_id, id, 102, "
        """'550 5.1.1', 'no such user', '{"host": "mx.home1.example"}' FROM sending_delivery WHERE address = 'p1@home1.example'"""
    )
    change(
        "INSERT INTO contacts_suppression (organization_id, address_key, reason, marketing_only, source, evidence, about, created_at, lifted_why) "
        "SELECT organization_id, 'p1@home1.example', 'invalid', false, 'relay', '550 5.1.1 no such user', '', now(), '' FROM sending_mailing"
    )
    said = run("trace", "P1@Home1.example")
    assert "Copper Kettle: October (marketing)" in said
    assert "bounced [mx.home1.example]: 550 5.1.1 no such user" in said
    assert "On the do-not-send list of Copper Kettle" in said
    assert "No message to nobody@home1.example" in run("trace", "nobody@home1.example")
    with pytest.raises(CommandError, match="no address"):
        run("trace", "nonsense")


def test_the_story_tells_where_a_try_left_from(town: Town) -> None:
    change(
        "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, variant, provider, code, text, facts) "
        "SELECT organization_id, mailing_id, id, 100, 0, '', '450 4.2.0', 'later', "
        """'{"host": "mx.home1.example", "source": "192.0.2.1"}' FROM sending_delivery WHERE address = 'p1@home1.example'"""
    )
    assert "deferred [mx.home1.example from 192.0.2.1]: 450 4.2.0 later" in run("trace", "p1@home1.example")
