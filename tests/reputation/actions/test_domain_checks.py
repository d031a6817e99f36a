"""Checking a domain: state, evidence and clearance follow from what DNS says, and a slip does not stop mail at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.tenancy import cross_tenant, tenant_scope
from reputation import tasks
from reputation.actions import domain_checks
from reputation.dns_checks.resolver import Answer, Outcome
from reputation.models import DomainCheck
from reputation.queries import domains as reading
from sending.actions import domains
from sending.enums import DomainState
from sending.models import SendingDomain
from sending.queries import domains as sending_domains


class Zone(dict):
    silent = False

    async def lookup(self, name, rdtype):
        if self.silent:
            return Answer(name, rdtype, Outcome.UNKNOWN, why="the name server did not answer in time")
        values = tuple(self.get((name, rdtype), ()))
        return Answer(name, rdtype, Outcome.FOUND if values else Outcome.NONE, values)


@pytest.fixture
def world():
    return Zone(
        {
            ("relay.posthouse.example", "A"): ["203.0.113.7"],
            ("spf.posthouse.example", "TXT"): ["v=spf1 ip4:203.0.113.0/24 -all"],
        }
    )


@pytest.fixture
def domain(organization, owner):
    with tenant_scope(organization):
        return domains.add(organization=organization, name="kettle.example", actor=owner)


def publish(world, domain):
    for record in sending_domains.records(domain).needed:
        world[record.name, record.type] = [record.value]


def check(domain, world):
    domain_checks.run(organization_id=domain.organization_id, domain_id=domain.pk, resolver=world)
    with tenant_scope(domain.organization):
        domain.refresh_from_db(fields=["state", "verified_at", "checked_at", "check_due_at"])
        return reading.clearance(domain)


def test_before_the_first_look_nothing_is_known(organization, domain):
    with tenant_scope(organization):
        clearance = reading.clearance(domain)
    assert (clearance.ready, clearance.status, clearance.measured_at) == (False, "unknown", None)


def test_from_waiting_to_verified(domain, world):
    clearance = check(domain, world)
    assert (clearance.ready, clearance.status, domain.state) == (False, "fail", DomainState.PENDING)
    assert [c.check_name for c in clearance.checks] == ["dkim", "spf", "mx", "dmarc", "align"]
    dkim = clearance.checks[0]
    assert dkim.record_name == f"{domain.selector}._domainkey.kettle.example"
    assert dkim.expected.startswith("v=DKIM1; k=rsa; p=MII")
    assert "no such record" in dkim.found
    assert domain.check_due_at - domain.checked_at == timedelta(hours=1)

    publish(world, domain)
    clearance = check(domain, world)
    assert (clearance.ready, clearance.status, domain.state) == (True, "pass", DomainState.VERIFIED)
    assert domain.verified_at
    assert clearance.problems == ()
    assert domain.check_due_at - domain.checked_at == timedelta(days=1)


def test_the_second_key_is_used_while_it_is_published_and_never_stands_in_the_way(domain, world):
    def uses():
        with tenant_scope(domain.organization):
            domain.refresh_from_db(fields=["second_works"])
            return domain.second_works, reading.optional(domain) is not None

    publish(world, domain)
    assert check(domain, world).status == "pass"
    assert uses() == (False, True)
    record = sending_domains.records(domain).dkim2
    world[record.name, record.type] = [record.value]
    assert check(domain, world).status == "pass"
    assert uses() == (True, False)
    world.silent = True
    check(domain, world)
    assert uses() == (True, False)
    world.silent = False
    world[record.name, record.type] = ["v=DKIM1; k=ed25519; p=AAAA"]
    clearance = check(domain, world)
    assert clearance.ready and clearance.status == "pass"
    assert uses() == (False, False)
    del world[record.name, record.type]
    assert check(domain, world).status == "pass"
    assert uses() == (False, True)


def test_silence_changes_no_state(domain, world):
    publish(world, domain)
    check(domain, world)
    world.silent = True
    clearance = check(domain, world)
    assert (clearance.ready, clearance.status, domain.state) == (True, "warn", DomainState.VERIFIED)
    assert {c.status for c in clearance.checks} == {"unknown"}
    assert domain.check_due_at - domain.checked_at == timedelta(hours=1)


def test_silence_never_verifies(domain, world):
    world.silent = True
    clearance = check(domain, world)
    assert (clearance.ready, clearance.status, domain.state) == (False, "unknown", DomainState.PENDING)


def test_a_missing_key_stops_mail_after_a_day_and_not_at_once(domain, world):
    publish(world, domain)
    check(domain, world)
    del world[f"{domain.selector}._domainkey.kettle.example", "TXT"]
    clearance = check(domain, world)
    assert (clearance.ready, clearance.status, domain.state) == (True, "warn", DomainState.FAILING)
    with tenant_scope(domain.organization):
        DomainCheck.objects.filter(check_name="dkim").update(since=timezone.now() - timedelta(hours=25))
    clearance = check(domain, world)
    assert (clearance.ready, clearance.status) == (False, "fail")
    assert "DKIM" in clearance.summary
    publish(world, domain)
    assert check(domain, world).ready
    assert domain.state == DomainState.VERIFIED


def test_a_missing_dmarc_record_stops_mail_at_once(domain, world):
    publish(world, domain)
    check(domain, world)
    del world["_dmarc.kettle.example", "TXT"]
    clearance = check(domain, world)
    assert (clearance.ready, clearance.status) == (False, "fail")
    assert [c.check_name for c in clearance.problems] == ["dmarc"]


def test_a_domain_belongs_to_who_proved_it_first(domain, world, other_organization, outsider):
    publish(world, domain)
    check(domain, world)
    with tenant_scope(other_organization):
        theirs = domains.add(organization=other_organization, name="kettle.example", actor=outsider)
    assert theirs.selector != domain.selector
    publish(world, theirs)
    clearance = check(theirs, world)
    assert (clearance.ready, theirs.state) == (False, DomainState.PENDING)
    assert [c.check_name for c in clearance.problems] == ["owner"]
    assert "Another organization" in clearance.problems[0].message


def test_a_domain_that_is_gone_is_no_error(domain, world, owner):
    with tenant_scope(domain.organization):
        domains.remove(domain=SendingDomain.objects.get(), actor=owner)
    domain_checks.run(organization_id=domain.organization_id, domain_id=domain.pk, resolver=world)


def test_the_sweep_wakes_what_is_due(domain, monkeypatch):
    woken = []
    monkeypatch.setattr(tasks.check_domain, "delay", lambda *ids: woken.append(ids))
    tasks.check_due_domains()
    assert woken == [(domain.organization_id, domain.pk)]
    with cross_tenant("test"):
        SendingDomain.objects.update(check_due_at=timezone.now() + timedelta(hours=1))
    tasks.check_due_domains()
    assert len(woken) == 1


def test_checks_of_another_organization_stay_unseen(domain, world, other_organization):
    check(domain, world)
    with tenant_scope(other_organization), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM reputation_domaincheck")
        assert cursor.fetchone() == (0,)
