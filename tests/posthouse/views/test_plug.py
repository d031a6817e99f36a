"""Pull the plug: who may, what is killed, and what the page says came of it."""

import datetime
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import derived_keys
from accounts.models import AuditEntry, Organization
from accounts.tenancy import cross_tenant, tenant_scope
from posthouse.sandbox.store import Accepted, Store
from sending.enums import DeliveryState, EventKind
from sending.models import Relay
from sending.relay import verp
from tests.sending import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Iterator[Store]:
    settings.SANDBOX = True
    settings.SANDBOX_STORE = tmp_path / "world.sqlite3"
    with Store(settings.SANDBOX_STORE) as opened:
        yield opened


@pytest.fixture
def process(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Something that was started as `manage.py relay`."""
    script = tmp_path / "manage.py"
    script.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    with subprocess.Popen([sys.executable, str(script), "relay"], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stdout.readline()
        yield running
        running.kill()


def relay(pid: int, **facts: Any) -> Relay:
    now = timezone.now()
    with cross_tenant("a relay is nobody's"):
        return Relay.objects.create(name="relay", pid=pid, started_at=now, **({"beat_at": now} | facts))


def pull_url(organization: Organization) -> str:
    return reverse("sandbox:pull_the_plug", args=[organization.public_id])


def result_url(organization: Organization, pk: int) -> str:
    return reverse("sandbox:plug_result", args=[organization.public_id, pk])


def test_a_marketer_really_kills_the_relay(
    organization: Organization, as_marketer: Client, process: "subprocess.Popen[bytes]"
) -> None:
    running = relay(process.pid)
    answer = as_marketer.post(pull_url(organization))
    assert answer.url == result_url(organization, running.pk)  # type: ignore[attr-defined]
    assert process.wait(5) == -signal.SIGKILL
    with tenant_scope(organization):
        assert AuditEntry.objects.filter(verb="sandbox.plug_pulled").count() == 1


def test_nobody_else_may(
    organization: Organization,
    as_analyst: Client,
    as_outsider: Client,
    process: "subprocess.Popen[bytes]",
    settings: Any,
) -> None:
    relay(process.pid)
    assert as_analyst.post(pull_url(organization)).status_code == 403
    assert as_outsider.post(pull_url(organization)).status_code == 404
    settings.SANDBOX = False
    assert as_analyst.post(pull_url(organization)).status_code == 404
    assert process.poll() is None


def test_without_a_relay_it_says_so_and_kills_nobody(organization: Organization, as_marketer: Client) -> None:
    for facts in ({}, {"beat_at": timezone.now() - datetime.timedelta(minutes=1)}, {"ended_at": timezone.now()}):
        if facts:
            relay(1, **facts)
        answer = as_marketer.post(pull_url(organization), follow=True)
        assert "No relay is running" in answer.content.decode()


def test_a_number_that_belongs_to_another_process_by_now_is_spared(
    organization: Organization, as_marketer: Client
) -> None:
    with subprocess.Popen(["sleep", "30"]) as other:
        relay(other.pid)
        answer = as_marketer.post(pull_url(organization), follow=True)
        assert "does not run" in answer.content.decode()
        assert other.poll() is None
        other.kill()


def test_the_page_waits_and_then_tells_what_came_of_it(
    organization: Organization, as_analyst: Client, store: Store
) -> None:
    killed = relay(4242, ended_at=None)
    page = as_analyst.get(result_url(organization, killed.pk))
    assert 'hx-trigger="every 1s"' in page.content.decode()
    assert as_analyst.get(result_url(organization, killed.pk), headers={"HX-Request": "true"}).status_code == 200

    with tenant_scope(organization):
        send = ledger.mailing(organization, audience_size=4, name="Weekly")
        rows = [
            ledger.delivery(send, contact=ledger.contact(organization, f"p{n}@plainfield.example"), state=state)
            for n, state in enumerate([DeliveryState.DELIVERED] * 2 + [DeliveryState.IN_DOUBT] * 2)
        ]
        from django.db import connection

        with connection.cursor() as cursor:
            for row in rows[2:]:
                cursor.execute(
                    "INSERT INTO sending_event (at, organization_id, mailing_id, delivery_id, kind)"
                    " VALUES (clock_timestamp(), %s, %s, %s, %s)",
                    [organization.pk, send.pk, row.pk, int(EventKind.IN_DOUBT)],
                )
    now = timezone.now()
    with cross_tenant("the dead relay is swept, another one took over"):
        Relay.objects.filter(pk=killed.pk).update(ended_at=now, swept_at=now)
    relay(4243)
    secret = derived_keys.keys_for(verp.PURPOSE)[0]
    store.write(
        [
            Accepted(
                message_id="m", rcpt=row.address, sender=f"{verp.mint(row.pk, secret=secret)}@b.example",
                provider="P", at=now.timestamp() + 1,
            )
            for row in (rows[0], rows[2])
        ],
        [],
    )  # fmt: skip
    answer = as_analyst.get(result_url(organization, killed.pk), headers={"HX-Request": "true"})
    assert answer.status_code == 286
    (sent,) = answer.context["sends"]
    assert sent["missing"] == 0
    assert sent["proof"].lost == (rows[1].pk,), "our ledger says delivered, no receiver knows of it"
    assert sent["proof"].unconfirmed == (rows[2].pk, rows[3].pk)
    assert sent["proof"].unconfirmed_but_accepted == (rows[2].pk,)
    text = answer.content.decode()
    assert "p2@plainfield.example" in text and "It never arrived" in text


def test_the_result_is_for_members(organization: Organization, as_outsider: Client, as_analyst: Client) -> None:
    assert as_outsider.get(result_url(organization, 1)).status_code == 404
    assert as_analyst.get(result_url(organization, 999)).status_code == 404
