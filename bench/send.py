"""How fast mail leaves and what it costs: `manage.py relay` against this machine's RSA limit and against a real Postfix.

A personalised, tracked, RSA-2048 signed campaign with a durable ledger is sent into Postfix's smtp-sink; then Postfix relays
messages of the same size, not personal, unsigned and signed by OpenDKIM, into the same smtp-sink. Every number is compared
with what was measured in the same run. One part alone: `make bench only=send.memory`; sizes are settings:

    BENCH_PEOPLE    messages of the speed of 10 KB (30,000); larger and encrypted mail: a third and a sixth of them
    BENCH_RELAYS    relay processes (2)
    BENCH_QUEUED    messages in the long queue (1,000,000); BENCH_DOMAINS (5,000): over so many domains, for the memory
    BENCH_FAR       messages to each far receiver (2,000); BENCH_AWAY: seconds of a round trip (0.04)
    BENCH_IDLE      seconds of doing nothing (60)
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from bench import house as houses
from bench import report as default_report
from bench import send_queue, send_relays
from bench.house import House
from bench.send_postfix import Postfix
from bench.send_receivers import SBIN, Nameserver, own, sink

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "30000"))
RELAYS = int(os.environ.get("BENCH_RELAYS", "2"))
FAR = int(os.environ.get("BENCH_FAR", "2000"))
AWAY = float(os.environ.get("BENCH_AWAY", "0.04"))
SITES = "20"
SINK_PORT_OFFSET = 3  # RELAY_SMTP_PORT of the private house
SIGNED_SHARE = 5  # Postfix with OpenDKIM is slow: a fifth of the messages will do
FAR_WAYS = {"plain": [], "pipelining": ["pipelining"], "bdat": ["pipelining", "chunking"]}
CONNECTIONS = 10  # at once to each far receiver: what an unknown site is given


def speed(report: Any) -> None:
    """10 KB of HTML: the three ratios."""
    with Bench("speed") as bench, sink(bench.sink_port):
        mailing = bench.seed(PEOPLE)
        rsa = rsa_limit()
        sent = send_relays.send(bench.house, mailing, relays=RELAYS)
        rsa = (rsa + rsa_limit()) / 2
        size = send_relays.size_of_one(bench.house, mailing)
        report.say(
            f"relay: {sent.rate:.0f}/s of {size} bytes with {RELAYS} processes; {sent.cpu:.2f} ms of processor a message, "
            f"{sent.database_cpu:.2f} ms of the database's; RSA limit {rsa:.0f}/s"
        )
        report.emit(
            "send.rsa_ratio", sent.rate / rsa, "share", f"RSA-2048 limit of {rsa:.0f}/s; sent {sent.rate:.0f}/s", 0.35
        )
        postfix = relayed(bench, report, PEOPLE, size)
        report.emit("send.postfix_ratio", sent.rate / postfix, "times", f"Postfix: {postfix:.0f}/s unsigned", 2.5)
        signed = relayed(bench, report, max(500, PEOPLE // SIGNED_SHARE), size, signed=True)
        report.emit(
            "send.postfix_dkim_ratio", sent.rate / signed, "times", f"Postfix + OpenDKIM, RSA-2048: {signed:.0f}/s", 10
        )


def sizes(report: Any) -> None:
    """Messages of 50 and 100 KB."""
    for kilobytes, share in ((50, 3), (100, 6)):
        with Bench(f"{kilobytes}kb") as bench, sink(bench.sink_port):
            people = max(500, PEOPLE // share)
            mailing = bench.seed(people, octets=kilobytes * 1000)
            sent = send_relays.send(bench.house, mailing, relays=RELAYS)
            rsa = rsa_limit()
            size = send_relays.size_of_one(bench.house, mailing)
            told = f"{size} bytes on the wire, {sent.rate:.0f}/s"
            report.emit(f"send.rsa_ratio_{kilobytes}kb", sent.rate / rsa, "share", f"RSA limit {rsa:.0f}/s; {told}")
            postfix = relayed(bench, report, people, size)
            report.emit(
                f"send.postfix_ratio_{kilobytes}kb", sent.rate / postfix, "times", f"Postfix: {postfix:.0f}/s; {told}"
            )


def tls(report: Any) -> None:
    """The same 10 KB over TLS, into a sink of our own, for smtp-sink knows none; and in clear into the same one."""
    people = max(500, PEOPLE // 3)
    with Bench("tls") as bench:
        with own("127.0.0.1", bench.sink_port, "pipelining"):
            clear = send_relays.send(bench.house, bench.seed(people), relays=RELAYS)
        bench.house.empty()
        with own("127.0.0.1", bench.sink_port, "pipelining", "tls"):
            mailing = bench.seed(people)
            sent = send_relays.send(bench.house, mailing, relays=RELAYS)
            size = send_relays.size_of_one(bench.house, mailing)
            report.emit(
                "send.tls_ratio", sent.rate / clear.rate, "share", f"in clear {clear.rate:.0f}/s into the same sink"
            )
            postfix = relayed(bench, report, people, size, tls=True)
            report.emit(
                "send.tls_postfix_ratio",
                sent.rate / postfix,
                "times",
                f"Postfix over TLS: {postfix:.0f}/s into the same sink",
            )


def far(report: Any) -> None:
    """Receivers a round trip of AWAY seconds away: messages a second and connection, by what they offer."""
    addresses = {way: f"127.0.0.{n}" for n, way in enumerate(FAR_WAYS, start=31)}
    with ExitStack() as stack:
        bench = stack.enter_context(Bench("far", addresses=addresses))
        for way, offers in FAR_WAYS.items():
            stack.enter_context(own(addresses[way], bench.sink_port, f"away={AWAY}", *offers))
        mailing = bench.seed(FAR * len(FAR_WAYS), ",".join(f"{way}.example" for way in FAR_WAYS))
        sent = send_relays.send(bench.house, mailing, relays=1)
    rates = {way: sent.by_domain[f"{way}.example"] / CONNECTIONS for way in FAR_WAYS}
    told = f"a receiver {AWAY * 1000:.0f} ms away, {CONNECTIONS} connections, 10 KB"
    report.emit("send.far_plain", rates["plain"], "messages/s a connection", f"{told}, without PIPELINING")
    report.emit("send.far_pipelining", rates["pipelining"], "messages/s a connection", f"{told}; DATA with PIPELINING")
    report.emit("send.far_bdat", rates["bdat"], "messages/s a connection", f"{told}; BDAT with PIPELINING")
    report.emit(
        "send.far_pipelining_ratio", rates["pipelining"] / rates["plain"], "times", f"{rates['plain']:.1f}/s without it"
    )
    report.emit(
        "send.far_bdat_ratio", rates["bdat"] / rates["pipelining"], "times", f"{rates['pipelining']:.1f}/s by DATA"
    )


class Bench:
    """A private house with a name server for the receivers, inside of a `with`."""

    def __init__(self, name: str, *, addresses: dict[str, str] | None = None) -> None:
        self._name, self._addresses = name, addresses
        self._stack = ExitStack()

    def __enter__(self) -> "Bench":
        default_report.say(f"send.{self._name}")
        nameserver = self._stack.enter_context(Nameserver(self._addresses))
        environ = {"RELAY_RESOLVER": nameserver.address, "TLS_REPORTS": "0"}
        self.house: House = self._stack.enter_context(houses.private("bench-send", environ=environ))
        self.sink_port = self.house.port + SINK_PORT_OFFSET
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def seed(self, people: int, homes: str = SITES, *, octets: int = 0) -> int:
        return send_relays.seed(self.house, people, homes, octets=octets)


def flat(report: Any) -> None:
    """Cost a message with a short and with a long queue."""
    with Bench("flat") as bench, sink(bench.sink_port):
        send_queue.flat(bench.house, bench.seed, RELAYS, report)


def memory(report: Any) -> None:
    """What a relay holds while a long queue over many domains is waiting."""
    with Bench("memory") as bench, sink(bench.sink_port):
        send_queue.memory(bench.house, bench.seed, RELAYS, report)


def idle(report: Any) -> None:
    """What a relay takes of the processor when there is nothing to do."""
    with Bench("idle") as bench:
        send_queue.idle(bench.house, report)


PARTS: dict[str, Callable[[Any], None]] = {
    "speed": speed,
    "sizes": sizes,
    "tls": tls,
    "far": far,
    "flat": flat,
    "memory": memory,
    "idle": idle,
}


def run(report: Any = default_report, parts: tuple[str, ...] = ()) -> int:
    needed = ("smtp-sink", "smtp-source", "postfix", "opendkim", "openssl")
    missing = [name for name in needed if shutil.which(name, path=SBIN) is None]
    if missing or os.geteuid() != 0:
        report.say(
            f"send: needs root and {', '.join(missing) or 'nothing else'} (Debian: apt install postfix opendkim openssl)"
        )
        return 1
    for name in parts or tuple(PARTS):
        PARTS[name](report)
    return 0


def relayed(bench: Bench, report: Any, messages: int, size: int, *, signed: bool = False, tls: bool = False) -> float:
    """Messages a second of a Postfix that relays the same size into the same sink."""
    report.say(
        f"Postfix relays {messages:,} of {size} bytes{', signed' if signed else ''}{', over TLS' if tls else ''} ..."
    )
    with Postfix(port=bench.house.port, sink_port=bench.sink_port, signed=signed, tls=tls) as postfix:
        return postfix.relay(messages, size)


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
