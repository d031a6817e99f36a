"""Other people's mail clients at our mailroom: swaks brings a report by hand, smtp-source many at once."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from bench import house
from posthouse.sandbox import reports
from posthouse.sandbox.store import Accepted, Store
from posthouse.up.places import CHECKOUT
from sending.enums import DeliveryState, EventKind

PEOPLE = 4
MANY = 300
SEEDING = CHECKOUT / "prove" / "seeding.py"
SMTP_SOURCE = shutil.which("smtp-source", path="/usr/sbin:/usr/bin")


@pytest.fixture(scope="module")
def arrived(posthouse: house.House) -> list[Accepted]:
    """What the sandbox took of a small campaign: with return paths that are ours; and a mailroom that waits for reports."""
    posthouse.start("mailroom")
    posthouse.wait_for_port(2)
    made = posthouse.script(SEEDING, "found", "--prefix=peer-", f"--people={PEOPLE}", "--domains=peers.example")
    assert posthouse.script(SEEDING, "launch", f"--campaign={made['campaign']}")["launched"]
    with Store(posthouse.here.var / "sandbox" / "world.sqlite3") as store:
        house.wait_until(lambda: len(list(store.accepted())) == PEOPLE, within=60, what="the campaign has arrived")
        return sorted(store.accepted(), key=lambda accepted: accepted.rcpt)


@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed (Debian: apt install swaks)")
@pytest.mark.parametrize(("which", "options"), [(0, []), (1, ["--pipeline"])], ids=["step by step", "pipelined"])
def test_swaks_brings_a_report(
    posthouse: house.House, arrived: list[Accepted], tmp_path: Path, which: int, options: list[str]
) -> None:
    about = arrived[which]
    report = reports.bounce(
        host="mx.peers.example",
        to=about.sender,
        rcpt=about.rcpt,
        status="5.1.1",
        reply=f"550 5.1.1 <{about.rcpt}>: this person has left",
        original=f"Message-ID: <{about.message_id}>\r\n\r\n".encode(),
    )
    (tmp_path / "report").write_bytes(report.replace(b"\r\n", b"\n"))
    line = ["swaks", "--server", f"127.0.0.1:{posthouse.port + 2}", "--from", "<>", "--to", about.sender]
    done = subprocess.run(
        [*line, "--data", f"@{tmp_path / 'report'}", *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "<-  250 2.0.0" in done.stdout
    with posthouse.connect() as connection:
        ((state, kinds),) = connection.execute(
            "SELECT d.state, array_agg(e.kind ORDER BY e.at) FROM sending_delivery d"
            " JOIN sending_event e ON e.delivery_id = d.id WHERE d.address = %s GROUP BY d.state",
            [about.rcpt],
        ).fetchall()
    assert state == DeliveryState.BOUNCED
    assert kinds == [EventKind.DELIVERED, EventKind.LATE_BOUNCE]


@pytest.mark.skipif(SMTP_SOURCE is None, reason="smtp-source is not installed (Debian: apt install postfix)")
def test_smtp_source_brings_many_at_once_and_nothing_is_made_of_them(
    posthouse: house.House, arrived: list[Accepted]
) -> None:
    """Mail that is about nothing of ours is taken and changes nothing; who is not at home here is refused."""
    began = time.monotonic()
    line = [str(SMTP_SOURCE), "-s", "10", "-m", str(MANY), "-l", "5000", "-f", "somebody@peers.example"]
    where = f"127.0.0.1:{posthouse.port + 2}"
    done = subprocess.run(
        [*line, "-t", arrived[2].sender, where], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60
    with posthouse.connect() as connection:
        assert connection.execute(
            "SELECT state FROM sending_delivery WHERE address = %s", [arrived[2].rcpt]
        ).fetchone() == (DeliveryState.DELIVERED,)
    strange = subprocess.run(
        [*line[:3], "-m", "1", "-t", "somebody@elsewhere.example", where],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert strange.returncode != 0
    assert "5.7.1" in strange.stderr or "550" in strange.stderr, strange.stderr
