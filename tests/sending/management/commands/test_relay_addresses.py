"""Real relays on real addresses of this computer: shared out, taken over from the dead, and known again where mail was put off."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import Organization
from sending.actions import egress, pools
from sending.enums import DeliveryState
from sending.models import EgressIP
from sending.relay.owning import LOOK
from tests.sending.adapters.test_sources import cut_lines_with_locks
from tests.sending.adapters.town import Town, build
from tests.sending.management.commands.test_relay import environ, names, start, until
from tests.sending.relay.gateways import Socks

ADDRESSES = ("127.0.0.2", "127.0.0.3")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[int, int, Path]]:
    """See receiver.py; the parameter is its manner."""
    accepted = tmp_path / "accepted"
    program = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("receiver.py")), str(accepted), getattr(request, "param", "")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    dns, smtp = map(int, program.stdout.readline().split())
    yield dns, smtp, accepted
    program.kill()
    program.wait()


@pytest.fixture
def addresses(settings) -> list[EgressIP]:
    """Two of this computer's, in the pool that everybody's mail goes by."""
    settings.SANDBOX = True
    pool = pools.make(name="shared")
    rows = [
        egress.add(address=address, name=f"mail{number}.posthouse.example") for number, address in enumerate(ADDRESSES)
    ]
    for row in rows:
        pools.put(pool=pool, address=row)
    return rows


def senders(accepted: Path, kind: str = ".from") -> list[tuple[str, str]]:
    """(recipient, from which of our addresses) in order."""
    path = accepted.with_suffix(kind)
    return [(line.split()[0], line.split()[1]) for line in path.read_text().splitlines()] if path.exists() else []


def owners(town: Town) -> dict[str, int]:
    """Our addresses and the living relays that have them."""
    return dict(
        town.rows(
            "SELECT host(e.address), r.id FROM sending_egressip e JOIN sending_relay r ON r.id = e.relay_id "
            "AND r.ended_at IS NULL WHERE EXISTS (SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objid = e.id)"
        )
    )


def let_go(town: Town) -> None:
    town.rows("UPDATE sending_mailing SET hold = NULL")
    town.rows("SELECT pg_notify('posthouse_mail', 'at once')")


def test_two_relays_share_the_addresses_and_one_takes_over_from_the_dead(
    organization: Organization, addresses: list[EgressIP], receiver: tuple[int, int, Path]
) -> None:
    town: Town = build(organization, people=80)
    town.rows("UPDATE sending_mailing SET hold = 'paused'")
    processes = [start(receiver[0], receiver[1]) for _ in range(2)]
    try:
        until(lambda: len(set(owners(town).values())) == 2)  # one each
        let_go(town)
        until(lambda: len(town.rows("SELECT DISTINCT source_id FROM sending_sourcecount")) == 2)
        before = owners(town)
        dead = town.rows("SELECT id FROM sending_relay WHERE pid = %(pid)s", pid=processes[0].pid)[0][0]
        processes[0].send_signal(signal.SIGKILL)
        until(lambda: set(owners(town).values()) == set(before.values()) - {dead} and len(owners(town)) == 2)
        until(lambda: not {DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED} & town.states().keys())
    finally:
        for process in processes:
            process.kill()
            process.wait()
    got = names(receiver[2])
    assert len(got) == len(set(got)), "somebody got two"
    assert set(town.states()) <= {DeliveryState.DELIVERED, DeliveryState.IN_DOUBT}
    assert sum(town.states().values()) == 80
    told = dict(
        town.rows(
            "SELECT d.address, e.facts ->> 'source' FROM sending_event e JOIN sending_delivery d ON d.id = e.delivery_id "
            "WHERE e.kind = 101"
        )
    )
    assert told.items() <= dict(senders(receiver[2])).items()  # what the log tells is what the receiver saw
    counted = town.rows("SELECT sum(delivered), count(DISTINCT source_id) FROM sending_sourcecount")
    assert counted == [(town.states()[DeliveryState.DELIVERED], 2)]


@pytest.mark.parametrize("receiver", ["grey"], indirect=True)
def test_who_is_greylisted_comes_back_from_the_same_address(
    organization: Organization, addresses: list[EgressIP], receiver: tuple[int, int, Path]
) -> None:
    """First retries that succeed: all of them, with two relays of one address each."""
    town: Town = build(organization, people=40)
    town.rows("UPDATE sending_mailing SET hold = 'paused'")
    processes = [start(receiver[0], receiver[1]) for _ in range(2)]
    try:
        until(lambda: len(set(owners(town).values())) == 2)
        time.sleep(2 * LOOK)  # now each knows of the other's
        let_go(town)
        until(lambda: town.states() == {DeliveryState.DEFERRED: 40})
        assert {reason for (reason,) in town.rows("SELECT DISTINCT reason FROM sending_delivery")} == {"greylisted"}
        town.rows("UPDATE sending_delivery SET due_at = now()")
        town.rows("SELECT pg_notify('posthouse_mail', 'at once')")
        until(lambda: town.states() == {DeliveryState.DELIVERED: 40})
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    assert set(town.rows("SELECT DISTINCT attempts FROM sending_delivery")) == {(2,)}
    tries = Counter(senders(receiver[2], ".seen"))
    assert len(tries) == 40 and set(tries.values()) == {2}
    assert {sender for _, sender in tries} == set(ADDRESSES)


@pytest.mark.parametrize("receiver", ["grey"], indirect=True)
def test_mail_of_an_address_that_is_paused_goes_on_from_another(
    organization: Organization, addresses: list[EgressIP], receiver: tuple[int, int, Path]
) -> None:
    town: Town = build(organization, people=12)
    process = start(receiver[0], receiver[1])
    try:
        until(lambda: town.states() == {DeliveryState.DEFERRED: 12})
        egress.pause(address=addresses[0], why="A blocklist names it.")
        until(lambda: set(owners(town)) == {ADDRESSES[1]})
        for _ in range(2):
            town.rows("UPDATE sending_delivery SET due_at = now() WHERE state = 3")
            town.rows("SELECT pg_notify('posthouse_mail', 'at once')")
            until(lambda: {attempts for (attempts,) in town.rows("SELECT attempts FROM sending_delivery")} <= {2, 3})
            until(lambda: DeliveryState.SENDING not in town.states())
        until(lambda: town.states() == {DeliveryState.DELIVERED: 12})
    finally:
        process.terminate()
        process.wait()
    assert {sender for _, sender in senders(receiver[2])} == {ADDRESSES[1]}


def test_without_addresses_nothing_is_counted_and_nothing_is_named(
    organization: Organization, receiver: tuple[int, int, Path]
) -> None:
    town: Town = build(organization, people=4)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "relay", "--source", "127.0.0.4"],
        env=environ(RELAY_RESOLVER=f"127.0.0.1:{receiver[0]}", RELAY_SMTP_PORT=str(receiver[1])),
        cwd=Path(__file__).parents[4],
    )
    try:
        until(lambda: town.states() == {DeliveryState.DELIVERED: 4})
    finally:
        process.terminate()
        process.wait()
    assert {sender for _, sender in senders(receiver[2])} == {"127.0.0.4"}
    assert town.rows("SELECT DISTINCT source_id FROM sending_delivery") == [(None,)]
    assert town.rows("SELECT count(*) FROM sending_sourcecount") == [(0,)]


@pytest.fixture
def gateway(receiver: tuple[int, int, Path]) -> Iterator[Socks]:
    """A SOCKS5 server in front of the receiver, on a thread of its own."""
    loop = asyncio.new_event_loop()
    socks = Socks(receiver[1], login=("sam", "open sesame"))
    loop.run_until_complete(socks.__aenter__())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield socks
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


def test_mail_leaves_from_an_address_of_another_computer_and_goes_on_when_the_locks_are_lost(
    settings, organization: Organization, receiver: tuple[int, int, Path], gateway: Socks
) -> None:
    settings.SANDBOX = True
    far = egress.add(
        address="192.0.2.1", name="far.posthouse.example", proxy=f"socks5://sam:open%20sesame@127.0.0.1:{gateway.port}"
    )
    pools.put(pool=pools.make(name="shared"), address=far)
    town: Town = build(organization, people=300)
    process = start(receiver[0], receiver[1])
    try:
        until(lambda: town.states().get(DeliveryState.DELIVERED, 0) >= 5)
        cut_lines_with_locks(town)
        until(lambda: not owners(town))
        until(lambda: set(owners(town)) == {"192.0.2.1"})
        until(lambda: town.states() == {DeliveryState.DELIVERED: 300})
    finally:
        process.terminate()
        process.wait()
    assert len(names(receiver[2])) == len(set(names(receiver[2]))) == 300
    assert set(gateway.asked) == {("", "127.0.0.1", receiver[1])} and set(gateway.logins) == {("sam", "open sesame")}
    told = town.rows("SELECT DISTINCT facts ->> 'source', facts ->> 'source_name' FROM sending_event WHERE kind = 101")
    assert told == [("192.0.2.1", "far.posthouse.example")]
