"""`manage.py relay`: the interlock, and that a real process sends, drains on SIGTERM and is fenced off when it was stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Organization
from sending.enums import DeliveryState
from sending.management.commands.relay import directory_of_settings, most_connections, reach_of_settings
from sending.relay.addresses import Reach
from tests.sending.adapters.town import Town, build
from tests.sending.relay.certificates import MailServer, issue

CHECKOUT = Path(__file__).parents[4]


@pytest.mark.parametrize("resolver", ["", "8.8.8.8", "192.168.0.1:53", "dns.example:53", "0.0.0.0:53"])
def test_with_the_sandbox_on_it_asks_the_sandbox_or_does_not_start(settings, resolver: str) -> None:
    settings.SANDBOX, settings.RELAY_RESOLVER = True, resolver
    with pytest.raises(CommandError, match="SANDBOX is on"):
        call_command("relay")


def test_an_installations_own_file_of_providers_goes_over_ours_or_says_what_is_wrong(settings, tmp_path) -> None:
    own = tmp_path / "providers.toml"
    settings.RELAY_PROVIDERS = str(own)
    with pytest.raises(CommandError, match="cannot be read"):
        directory_of_settings()
    own.write_text('[[provider]]\nname = "Gmail"\nconections = 2\n')
    with pytest.raises(CommandError, match=r"providers.toml: provider 'Gmail': .* did you mean 'connections'"):
        directory_of_settings()
    own.write_text('[[provider]]\nname = "Gmail"\nconnections = 2\n')
    assert directory_of_settings().provider_of(["aspmx.l.google.com"]).manners.connections == 2


def test_it_opens_no_more_connections_than_files_may_be_open() -> None:
    assert most_connections(wished=0, open_files=(1024, 4096)) == 4096 - 128
    assert most_connections(wished=0, open_files=(1024, 1_000_000)) == 10_000
    assert most_connections(wished=20_000, open_files=(1024, 1_000_000)) == 20_000
    with pytest.raises(CommandError, match="limit of open files"):
        most_connections(wished=4096, open_files=(1024, 4096))


def test_with_the_sandbox_on_it_reaches_this_computer_only(settings) -> None:
    settings.SANDBOX, settings.RELAY_RESOLVER = True, "127.0.0.1:8004"
    assert reach_of_settings() is Reach.LOOPBACK
    settings.SANDBOX, settings.RELAY_RESOLVER = False, ""
    assert reach_of_settings() is Reach.INTERNET


def test_a_source_is_an_address(settings) -> None:
    settings.SANDBOX, settings.RELAY_RESOLVER = True, "127.0.0.1:8004"
    with pytest.raises(CommandError, match="no-address"):
        call_command("relay", "--source", "no-address")


def environ(**changes: str) -> dict[str, str]:
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    return (
        os.environ
        | {"DATABASE_URL": url, "POSTHOUSE_ROLE": "daemon", "SANDBOX": "1", "RELAY_RESOLVER": "127.0.0.1:9"}
        | changes
    )


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[int, int, Path]]:
    """(DNS port, SMTP port, file of accepted recipients): a slow receiver that knows every name, in a process of its own."""
    accepted = tmp_path / "accepted"
    program = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("receiver.py")), str(accepted)], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    dns, smtp = map(int, program.stdout.readline().split())
    yield dns, smtp, accepted
    program.kill()
    program.wait()


def start(dns: int, smtp: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, str(CHECKOUT / "manage.py"), "relay"],
        env=environ(RELAY_RESOLVER=f"127.0.0.1:{dns}", RELAY_SMTP_PORT=str(smtp)),
    )


def until(holds, *, within: float = 90.0) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.05)


def names(accepted: Path) -> list[str]:
    return accepted.read_text().split() if accepted.exists() else []


@pytest.mark.django_db(transaction=True)
def test_a_process_sends_drains_and_leaves(organization: Organization, receiver: tuple[int, int, Path]) -> None:
    town: Town = build(organization, people=40)
    process = start(receiver[0], receiver[1])
    try:
        until(lambda: town.states().get(DeliveryState.DELIVERED, 0) >= 5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
    states = town.states()
    assert DeliveryState.SENDING not in states
    assert states[DeliveryState.DELIVERED] == len(names(receiver[2]))
    assert sum(states.values()) == 40
    assert town.rows("SELECT ended_at IS NOT NULL FROM sending_relay") == [(True,)]
    traces = town.rows(
        "SELECT facts ->> 'address', (facts ->> 'took')::float8, facts ->> 'host' FROM sending_event WHERE kind = 101"
    )
    assert len(traces) == len(names(receiver[2]))
    assert all(address == "127.0.0.1" and 0 < took < 60 and host for address, took, host in traces)


@pytest.mark.django_db(transaction=True)
def test_killed_and_stopped_relays_send_nothing_twice(
    organization: Organization, receiver: tuple[int, int, Path]
) -> None:
    """One relay is killed, one is stopped past its lease and wakes up; a third one finishes. Nobody gets two."""
    town: Town = build(organization, people=60)
    processes = [start(receiver[0], receiver[1]) for _ in range(2)]
    try:
        until(lambda: len(town.rows("SELECT 1 FROM sending_delivery WHERE state = 10")) >= 6)
        processes[0].send_signal(signal.SIGKILL)
        processes[1].send_signal(signal.SIGSTOP)
        before = len(names(receiver[2]))
        processes.append(start(receiver[0], receiver[1]))
        # Their leases end after ten seconds; then the third one takes everything that is certainly unsent.
        until(lambda: not {DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED} & town.states().keys())
        processes[1].send_signal(signal.SIGCONT)
        time.sleep(2)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    got = names(receiver[2])
    assert len(got) == len(set(got)), "somebody got two"
    states = town.states()
    assert before < len(got)
    assert set(states) <= {DeliveryState.DELIVERED, DeliveryState.IN_DOUBT}
    assert sum(states.values()) == 60
    delivered = {address for (address,) in town.rows("SELECT address FROM sending_delivery WHERE state = 10")}
    doubtful = {address for (address,) in town.rows("SELECT address FROM sending_delivery WHERE state = 31")}
    assert delivered <= set(got)
    assert set(got) <= delivered | doubtful  # whoever got it without our knowing is reported as unconfirmed
    assert len(doubtful) <= 40  # no more than there were connections


class Vouching(asyncio.DatagramProtocol):
    """A DNS that validates: home0's mail server has the certificate that its TLSA record names, home1's has another."""

    tlsa: ClassVar[dict[str, str]] = {}

    def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]
        self.transport = transport

    def datagram_received(self, octets: bytes, client) -> None:  # type: ignore[no-untyped-def]
        query = dns.message.from_wire(octets)
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA | dns.flags.AD
        records = {"MX": f"10 mx.{name}.", "A": "127.0.0.1", "TLSA": self.tlsa.get(name.partition("_tcp.")[2], "")}
        if text := records.get(dns.rdatatype.to_text(question.rdtype)):
            answer.answer.append(
                dns.rrset.from_text(question.name, 60, "IN", dns.rdatatype.to_text(question.rdtype), text)
            )
        self.transport.sendto(answer.to_wire(), client)


@pytest.fixture
def vouching() -> Iterator[tuple[int, MailServer]]:
    """(DNS port, a mail server for everybody) on a thread of their own."""
    own = issue("anything.example", expired=True)
    Vouching.tlsa = {
        "mx.home0.example": str(own.tlsa(3, 1, 1)),
        "mx.home1.example": str(issue("mx.home1.example").tlsa(3, 1, 1)),
    }
    server = MailServer(own.server())
    loop = asyncio.new_event_loop()

    async def begin() -> int:
        transport, _ = await loop.create_datagram_endpoint(Vouching, local_addr=("127.0.0.1", 0))
        await server.__aenter__()
        return int(transport.get_extra_info("sockname")[1])

    port = loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield port, server
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


@pytest.mark.django_db(transaction=True)
def test_a_process_sends_under_dane_and_tells_how_it_went(
    organization: Organization, vouching: tuple[int, MailServer]
) -> None:
    town: Town = build(organization)
    dns_port, server = vouching
    process = start(dns_port, server.port)
    try:
        until(lambda: town.states().get(DeliveryState.DELIVERED, 0) == 3)
        until(lambda: town.states().get(DeliveryState.DEFERRED, 0) >= 1)
        until(lambda: len(town.rows("SELECT 1 FROM sending_tlscount")) >= 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
    assert server.taken == [True] * 3
    protections = town.rows("SELECT DISTINCT split_part(facts ->> 'tls', ' ', 3) FROM sending_event WHERE kind = 101")
    delivered = town.rows("SELECT address FROM sending_delivery WHERE state = 10")
    assert {address.partition("@")[2] for (address,) in delivered} == {"home0.example"}
    assert protections == [("dane",)]
    refused = town.rows("SELECT DISTINCT reason, code FROM sending_delivery WHERE state = 3")
    assert refused == [("tls", "451 4.7.5")]
    counts = town.rows("SELECT DISTINCT domain, policy, result FROM sending_tlscount ORDER BY domain")
    assert counts == [("home0.example", "tlsa", ""), ("home1.example", "tlsa", "certificate-not-trusted")]
