"""How fast mail leaves: `manage.py relay` against this machine's RSA limit, and against a real Postfix into the same receiver.

A personalised, tracked, RSA-2048 signed campaign with a durable ledger is sent into Postfix's smtp-sink; then Postfix relays
as many messages of the same size, unsigned and not personal, into the same smtp-sink. Both numbers are ratios of what was
measured in the same run.
"""

import os
import pwd
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from bench import house as houses
from bench import report as default_report
from bench.house import CHECKOUT, House

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "30000"))
RELAYS = int(os.environ.get("BENCH_RELAYS", "2"))
SITES = 20
RSA_TARGET, POSTFIX_TARGET = 0.20, 1.0
SINK_PORT_OFFSET = 3  # RELAY_SMTP_PORT of the private house
SBIN = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"
WITHIN = 600.0


def run(report=default_report) -> int:  # type: ignore[no-untyped-def]
    missing = [
        name for name in ("smtp-sink", "smtp-source", "postfix", "openssl") if shutil.which(name, path=SBIN) is None
    ]
    if missing or os.geteuid() != 0:
        report.say(f"send: needs root and {', '.join(missing) or 'nothing else'} (Debian: apt install postfix openssl)")
        return 1
    homes = [f"home{n}.example" for n in range(SITES)]
    # A receiver on 127.0.0.1 for every site; limits are those of unknown sites (10 connections each).
    with (
        Nameserver() as nameserver,
        houses.private("bench-send", environ={"RELAY_RESOLVER": nameserver.address}) as house,
    ):
        sink_port = house.port + SINK_PORT_OFFSET
        with Sink(sink_port):
            report.say(f"seeding {PEOPLE} people ...")
            seeded = house.script(CHECKOUT / "bench" / "send_seeding.py", str(PEOPLE), ",".join(homes))
            before = rsa_limit()
            rate, size = measure_relay(house, int(str(seeded["mailing"])), report)
            limit = (before + rsa_limit()) / 2
            report.say(f"relay: {rate:.0f}/s of {size} bytes with {RELAYS} processes; RSA limit {limit:.0f}/s")
            report.emit(
                "send.rsa_ratio",
                rate / limit,
                "share",
                f"RSA-2048 limit of {limit:.0f}/s; sent {rate:.0f}/s",
                RSA_TARGET,
            )
            postfix = measure_postfix(house, sink_port, size, report)
            report.emit(
                "send.postfix_ratio", rate / postfix, "times", f"Postfix: {postfix:.0f}/s unsigned", POSTFIX_TARGET
            )
    return 0


def rsa_limit() -> float:
    """Cores x RSA-2048 signatures a second, as openssl measures it with a process on each core."""
    done = subprocess.run(
        ["openssl", "speed", "-multi", str(os.cpu_count() or 1), "-seconds", "3", "rsa2048"],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    found = re.search(r"^rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)", done.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"openssl speed said: {done.stdout[-500:]}")
    return float(found[1])


def measure_relay(house: House, mailing: int, report) -> tuple[float, int]:  # type: ignore[no-untyped-def]
    """Messages a second from the first to the last delivery, and the bytes of one message on the wire."""
    names = [f"relay{n}" for n in range(RELAYS)]
    for name in names:
        house.start_command(name, "relay", role="daemon")
    with house.connect() as database:
        database.autocommit = True

        def count(condition: str) -> int:
            row = database.execute(
                f"SELECT count(*) FROM sending_delivery WHERE mailing_id = %s AND {condition}", [mailing]
            ).fetchone()
            return int(str(row[0])) if row else 0

        houses.wait_until(
            lambda: (
                database.execute("SELECT count(*) FROM sending_relay WHERE ended_at IS NULL").fetchone() == (RELAYS,)
            ),
            within=60,
            what="the relays run",
        )
        time.sleep(2)  # the last of the start is over
        database.execute("ANALYZE")
        database.execute("UPDATE sending_mailing SET hold = NULL WHERE id = %s", [mailing])
        began = time.monotonic()
        database.execute("SELECT pg_notify('posthouse_mail', '')")
        while (left := count("state IN (1, 2, 3)")) > 0:
            if time.monotonic() - began > WITHIN:
                raise TimeoutError(f"{left} messages are still on their way.\n{house.logs(names[0])}")
            report.say(f"{left} to go")
            time.sleep(2)
        delivered = count("state = 10")
        span = database.execute(
            "SELECT extract(epoch FROM max(at) - min(at))::float8 FROM sending_event WHERE mailing_id = %s AND kind = 101",
            [mailing],
        ).fetchone()
    house.stop(*names)
    if delivered != PEOPLE:
        raise RuntimeError(f"{delivered} of {PEOPLE} were delivered.\n{house.logs(names[0])}")
    audit = house.manage("audit_ledger", role="daemon", check=False)
    if audit.returncode:
        raise RuntimeError(f"The ledger does not add up: {audit.stdout[-1000:]}{audit.stderr[-1000:]}")
    return delivered / float(str(span[0] if span else 0)), Sink.size_of_one(house, mailing)


def measure_postfix(house: House, sink_port: int, size: int, report) -> float:  # type: ignore[no-untyped-def]
    """Messages a second through a private Postfix, from the first one in to the last one out."""
    root = Path("/tmp/posthouse-bench-postfix")  # noqa: S108  (a socket's path must be short)
    port = house.port + 5
    with Postfix(root, port=port, sink_port=sink_port) as postfix:
        report.say("Postfix relays the same ...")
        began = time.monotonic()
        subprocess.run(
            [
                str(shutil.which("smtp-source", path=SBIN)),
                "-s",
                "40",
                "-m",
                str(PEOPLE),
                "-l",
                str(size),
                "-N",
                "-f",
                "news@bench-harbour.example",
                "-t",
                "person@home0.example",
                f"127.0.0.1:{port}",
            ],
            check=True,
            timeout=WITHIN,
            stdin=subprocess.DEVNULL,
        )
        houses.wait_until(postfix.is_empty, within=WITHIN, what="Postfix's queue is empty", every=0.1)
        return PEOPLE / (time.monotonic() - began)


class Sink:
    """Postfix's smtp-sink: takes everything, keeps nothing."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Sink":
        self.process = subprocess.Popen(
            [str(shutil.which("smtp-sink", path=SBIN)), "-u", "nobody", f"127.0.0.1:{self.port}", "1000"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        houses.wait_until(lambda: houses.listens("127.0.0.1", self.port), within=10, what="smtp-sink listens")
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    @staticmethod
    def size_of_one(house: House, mailing: int) -> int:
        """The bytes of one message as the relay makes it."""
        answer = house.script(CHECKOUT / "bench" / "send_one.py", str(mailing), role="daemon")
        return int(str(answer["bytes"]))


class Postfix:
    """A private Postfix that relays everything to the sink."""

    MAIN = """\
compatibility_level = 3.6
maillog_file = {root}/log
maillog_file_prefixes = {root}
queue_directory = {root}/queue
data_directory = {root}/data
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = bench.posthouse.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
relayhost = [127.0.0.1]:{sink}
default_transport = smtp
disable_dns_lookups = yes
smtp_destination_concurrency_limit = 100
smtp_initial_destination_concurrency = 50
initial_destination_concurrency = 50
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
import_environment = MAIL_CONFIG TZ=UTC
"""
    MASTER = """\
127.0.0.1:{port} inet n - n - 100 smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       100     smtp
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""

    def __init__(self, root: Path, *, port: int, sink_port: int) -> None:
        self.root, self.port, self.sink_port = root, port, sink_port

    def __enter__(self) -> "Postfix":
        shutil.rmtree(self.root, ignore_errors=True)
        owner = pwd.getpwnam("postfix")
        for name in ("config", "queue", "data"):
            (self.root / name).mkdir(parents=True)
        os.chown(self.root / "data", owner.pw_uid, owner.pw_gid)
        for name, text in (("main.cf", self.MAIN), ("master.cf", self.MASTER)):
            (self.root / "config" / name).write_text(text.format(root=self.root, port=self.port, sink=self.sink_port))
        self._control("start")
        houses.wait_until(lambda: houses.listens("127.0.0.1", self.port), within=30, what="Postfix listens")
        return self

    def __exit__(self, *_: object) -> None:
        self._control("stop")
        shutil.rmtree(self.root, ignore_errors=True)

    def _control(self, verb: str) -> None:
        done = subprocess.run(
            [str(shutil.which("postfix", path=SBIN)), "-c", str(self.root / "config"), verb],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": SBIN},
            cwd="/",
            timeout=60,
        )
        if done.returncode and verb == "start":
            raise RuntimeError(f"postfix start: {done.stdout}{done.stderr}")

    def is_empty(self) -> bool:
        """Whether no message is in the queue."""
        return not any(
            path.is_file()
            for name in ("incoming", "active", "deferred", "maildrop")
            for path in (self.root / "queue" / name).rglob("*")
        )


class Nameserver:
    """A name server for the receivers: homeN.example has the MX mx.homeN.example, which is 127.0.0.1."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Nameserver":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _serve(self) -> None:
        while True:
            try:
                octets, client = self.socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(octets)
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            question = query.question[0]
            name = question.name.to_text()
            if question.rdtype == dns.rdatatype.MX:
                answer.answer.append(dns.rrset.from_text(question.name, 3600, "IN", "MX", f"10 mx.{name}"))
            elif question.rdtype == dns.rdatatype.A:
                answer.answer.append(dns.rrset.from_text(question.name, 3600, "IN", "A", "127.0.0.1"))
            self.socket.sendto(answer.to_wire(), client)
