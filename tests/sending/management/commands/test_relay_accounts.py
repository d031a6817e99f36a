"""`manage.py relay` with an ESP: a real process and a real HTTP server, killed in the middle, refused, and gone another way."""

import signal
import subprocess
import sys
from collections import Counter

import pytest

from accounts.models import Organization
from accounts.tenancy import cross_tenant
from posthouse.sandbox.esps import Call, Esps
from sending.actions.esp_accounts import RELAY
from sending.enums import Bucket, DeliveryState, EventKind
from sending.queries import ledger
from tests.sending.accounts import connect
from tests.sending.adapters.town import build
from tests.sending.management.commands.test_relay import CHECKOUT, environ, names, receiver, until

__all__ = ["receiver"]

OPEN = {DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED}

pytestmark = pytest.mark.django_db(transaction=True)


def start(esps: Esps, *, dns: int = 9, smtp: int = 9) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, str(CHECKOUT / "manage.py"), "relay"],
        env=environ(RELAY_RESOLVER=f"127.0.0.1:{dns}", RELAY_SMTP_PORT=str(smtp), ESP_SANDBOX=esps.url),
    )


def audited() -> list[str]:
    with cross_tenant("test"):
        return list(ledger.audit())


def test_what_an_esp_takes_is_handed_over_and_not_delivered(organization: Organization) -> None:
    town = build(organization, people=30)
    account = connect(organization)
    with Esps() as esps:
        process = start(esps)
        try:
            until(lambda: town.states() == {DeliveryState.HANDED_OVER: 30})
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()
        assert len({call.mark for call in esps.taken}) == len(esps.calls) == 30
    assert town.buckets() == {Bucket.HANDED_OVER: 30}
    assert town.events() == {EventKind.HANDED_OVER: 30}
    assert town.rows("SELECT DISTINCT account_id, provider, attempts FROM sending_delivery") == [(account.pk, "", 1)]
    ((host, text),) = town.rows("SELECT facts ->> 'host', text FROM sending_event LIMIT 1")
    assert host == "127.0.0.1"
    assert text.startswith("Taken as")
    assert town.rows("SELECT ok_at IS NOT NULL, failing_since, refused_at FROM sending_espaccount") == [
        (True, None, None)
    ]
    assert audited() == []


def test_killed_in_the_middle_of_calls_nothing_is_sent_twice(organization: Organization) -> None:
    town = build(organization, people=40)
    connect(organization, failover=RELAY)
    seen: Counter[str] = Counter()
    hanging: list[str] = []

    def decide(call: Call) -> int | str:
        if not call.mark:
            return 200
        seen[call.mark] += 1
        if len(seen) > 8 and len(hanging) < 4:
            hanging.append(call.mark)
            return "hang"
        return 200

    with Esps(decide=decide) as esps:
        first = start(esps)
        second = None
        try:
            until(lambda: len(hanging) == 4)
            first.kill()
            first.wait()
            second = start(esps)
            until(lambda: not OPEN & town.states().keys())
        finally:
            for process in filter(None, (first, second)):
                process.kill()
                process.wait()
    assert set(seen.values()) == {1}, "somebody got two"
    states = town.states()
    assert len(seen) >= states[DeliveryState.HANDED_OVER]  # who had leave and was not called yet is in doubt as well
    assert 40 - len(seen) <= states[DeliveryState.IN_DOUBT]
    assert set(states) == {DeliveryState.HANDED_OVER, DeliveryState.IN_DOUBT}
    assert 4 <= states[DeliveryState.IN_DOUBT] <= 16  # no more than there were calls at once, and answers in flight
    assert sum(states.values()) == sum(town.buckets().values()) == 40
    assert audited() == []


def test_an_account_that_refuses_us_is_left_for_the_relay_and_nobody_gets_two(
    organization: Organization,
    receiver: tuple[int, int, object],
) -> None:
    town = build(organization, people=40)
    account = connect(organization, failover=RELAY)
    taken: list[str] = []

    def decide(call: Call) -> int | str:
        """Some are taken, one call is cut behind the request, then the key is withdrawn."""
        if not call.mark or len(taken) >= 12:
            return 401
        taken.append(call.mark)
        return "cut" if len(taken) == 7 else 200

    dns, smtp, accepted = receiver
    with Esps(decide=decide) as esps:
        process = start(esps, dns=dns, smtp=smtp)
        try:
            until(lambda: town.rows("SELECT 1 FROM sending_stream WHERE failed_over_at IS NOT NULL"), within=120)
            # Those who were told to wait are due in a minute, with their times spread.
            town.rows("UPDATE sending_delivery SET due_at = now() WHERE state = 3")
            until(lambda: not OPEN & town.states().keys(), within=120)
        finally:
            process.kill()
            process.wait()
    got = names(accepted)  # type: ignore[arg-type]
    states = town.states()
    assert states[DeliveryState.HANDED_OVER] == 11
    assert states[DeliveryState.IN_DOUBT] == 1
    assert states[DeliveryState.DELIVERED] == len(got) == len(set(got)) == 28
    elsewhere = {a for (a,) in town.rows("SELECT address FROM sending_delivery WHERE state IN (4, 31)")}
    assert not elsewhere & set(got)
    assert town.rows("SELECT refused_at IS NOT NULL, words LIKE 'HTTP 401%%' FROM sending_espaccount") == [(True, True)]
    ((verb,),) = town.rows("SELECT verb FROM accounts_auditentry WHERE verb LIKE 'sending.route_failed%%'")
    assert verb == "sending.route_failed_over"
    assert {row[0] for row in town.rows("SELECT account_id FROM sending_delivery WHERE state IN (4, 31)")} == {
        account.pk
    }
    assert {row[0] for row in town.rows("SELECT account_id FROM sending_delivery WHERE state = 10")} == {None}
    assert audited() == []
