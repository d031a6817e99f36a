"""Real relays obey the day's budget: also a killed one that begins anew; what is above it waits, or goes by the shared address."""

import signal
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from sending.actions import budgets, egress, pools, streams
from sending.enums import DeliveryState, StreamKind
from sending.models import EgressIP
from tests.sending.adapters.town import build
from tests.sending.management.commands.test_relay import start, until
from tests.sending.management.commands.test_relay_addresses import receiver, senders

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db(transaction=True)
A_DAY = 2  # the second one waits for five minutes


@pytest.fixture
def warming(settings, organization: Organization) -> EgressIP:
    """The organization's own address, which is new, beside one that everybody shares."""
    settings.SANDBOX = True
    own, shared = (egress.add(address=f"127.0.0.{number}", name=f"mail{number}.posthouse.example") for number in (2, 3))
    pools.put(pool=pools.make(name="own", organization=organization), address=own)
    pools.put(pool=pools.make(name="shared"), address=shared)
    with cross_tenant("a test sets budgets"):
        budgets.put(source_id=own.pk, budgets={"Other": (A_DAY, 0)}, since=date.today())
    return own


def test_what_is_above_the_budget_waits_also_when_the_relay_is_killed(
    organization: Organization, warming: EgressIP, receiver: tuple[int, int, Path]
) -> None:
    town = build(organization, people=30)
    for gone in (1, A_DAY, A_DAY):
        process = start(receiver[0], receiver[1])
        try:
            until(lambda gone=gone: len(senders(receiver[2])) == gone)
            time.sleep(2)
            assert len(senders(receiver[2])) == gone
            counted = town.rows("SELECT coalesce(sum(delivered + deferred), 0) FROM sending_sourcecount")
            assert counted == [(gone,)]
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert {address for _, address in senders(receiver[2])} == {"127.0.0.2"}


def test_a_lifted_budget_is_heard_of_at_once(
    organization: Organization, warming: EgressIP, receiver: tuple[int, int, Path]
) -> None:
    build(organization, people=30)
    process = start(receiver[0], receiver[1])
    try:
        until(lambda: len(senders(receiver[2])) == 1)
        with cross_tenant("a test lifts a budget"):
            budgets.lift(source_id=warming.pk)
        until(lambda: len(senders(receiver[2])) == 30)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert {address for _, address in senders(receiver[2])} == {"127.0.0.2"}


def test_what_is_above_the_budget_goes_by_the_shared_address_where_that_was_chosen(
    organization: Organization, warming: EgressIP, receiver: tuple[int, int, Path]
) -> None:
    with tenant_scope(organization):
        stream = streams.ensure(organization=organization, kind=StreamKind.MARKETING)
        stream.overflow = True
        stream.save()
    build(organization, people=30)
    process = start(receiver[0], receiver[1])
    try:
        until(lambda: len(senders(receiver[2])) == 30)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert Counter(address for _, address in senders(receiver[2])) == {"127.0.0.2": 1, "127.0.0.3": 29}


@pytest.mark.parametrize("receiver", ["grey"], indirect=True)
def test_what_waited_for_a_budget_ages_from_its_first_try(
    organization: Organization, warming: EgressIP, receiver: tuple[int, int, Path]
) -> None:
    town = build(organization, people=1)
    town.rows("UPDATE sending_delivery SET created_at = now() - interval '9 days', due_at = now() - interval '9 days'")
    process = start(receiver[0], receiver[1])
    try:
        until(lambda: not {DeliveryState.QUEUED, DeliveryState.SENDING} & town.states().keys())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert town.states() == {DeliveryState.DEFERRED: 1}
    assert town.rows("SELECT created_at > now() - interval '5 minutes' FROM sending_delivery") == [(True,)]
