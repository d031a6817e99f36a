"""A DNS that is silent, broken or lies, between the relay and the sandbox's: what it costs the mail of those domains.

A DNS that gives no answer says nothing of a domain: its mail waits. A wrong answer leads to a wrong place; there the mail waits
or is refused, with its reason, and nobody is put on the do-not-send list for it.
"""

import asyncio
import os
import struct
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from bench import house, report
from posthouse.sandbox import characters
from posthouse.sandbox.nameserver import answer
from posthouse.sandbox.store import Store
from posthouse.sandbox.zone import Record, Zone
from prove.scenarios import Broken, Ground, Result
from prove.wire import is_tried, make_due, waiting
from prove.workshop import Workshop
from sending.enums import OPEN_STATES, DeliveryState

PORT = 9  # counted from PORT: free, and ours
RECEIVER = "127.0.1.99"  # takes mail for everybody: prove/world.py
STRANGER = "127.0.1.10"  # takes mail for its own only
NOBODY = "127.0.1.251"  # nobody listens there
PRIVATE = "10.11.12.13"
RETRIED_WITHIN = 400.0
ROUNDS = 8


class Lie(StrEnum):
    """What the name server does with questions about a domain."""

    SILENT = "no answer"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    GARBAGE = "octets that are no DNS"
    OTHER_ID = "an answer to another question's number"
    OTHER_NAME = "an answer about another name"
    CUT_SHORT = "truncated, and TCP is cut"
    LOOP = "aliases in a circle"
    NXDOMAIN = "says that the domain does not exist"
    EMPTY = "says that it has no records"
    NOBODY = "an address where nobody listens"
    PRIVATE = "a private address"
    STRANGER = "the address of a stranger's server"


WAITS_AN_HOUR = (Lie.NXDOMAIN, Lie.EMPTY)  # before it is believed, it is asked again: an hour later
REFUSED_THERE = (Lie.PRIVATE, Lie.STRANGER)


@dataclass
class Liar:
    """One domain. Its lies end with `Liars.heal`, except where they are meant to be believed."""

    name: str
    lie: Lie
    told: int = 0

    @property
    def domain(self) -> str:
        return f"{self.name}.names.test"

    @property
    def host(self) -> str:
        return f"mx.{self.domain}"


@dataclass
class Liars:
    """The name server, in a thread of its own."""

    zone: Zone
    port: int
    liars: list[Liar] = field(default_factory=lambda: [Liar(f"d{n}", lie) for n, lie in enumerate(Lie)])
    is_healed: bool = False

    def __enter__(self) -> "Liars":
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="liars", daemon=True)
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("The name server that lies could not begin.")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def heal(self) -> None:
        """From now on it tells the truth, about everybody but those who are refused for what it said."""
        self.is_healed = True

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._tcp, "127.0.0.1", self.port)
        udp, _ = await self._loop.create_datagram_endpoint(lambda: _Udp(self), local_addr=("127.0.0.1", self.port))
        self._ready.set()
        await self._over.wait()
        server.close()
        udp.close()

    async def _tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            wire = await reader.readexactly(length)
            liar = self.liar_of(wire)
            reply = None if liar is not None and liar.lie is Lie.CUT_SHORT else answer(self.zone, wire, udp=False)
            if reply is None:
                writer.transport.abort()
            else:
                writer.write(struct.pack("!H", len(reply)) + reply)
        except (EOFError, OSError):
            pass
        finally:
            writer.close()

    def liar_of(self, wire: bytes) -> Liar | None:
        """Who lies about what is asked; None: the truth."""
        try:
            name = dns.message.from_wire(wire).question[0].name.to_text(omit_final_dot=True).lower()
        except (dns.exception.DNSException, IndexError):
            return None
        liar = next((each for each in self.liars if name == each.domain or name.endswith(f".{each.domain}")), None)
        return None if liar is None or (self.is_healed and liar.lie not in REFUSED_THERE) else liar

    def reply(self, wire: bytes) -> bytes | None:
        """What comes back over UDP."""
        truth = answer(self.zone, wire, udp=True)
        liar = self.liar_of(wire)
        if liar is None or truth is None:
            return truth
        told = lie(liar, dns.message.from_wire(wire), truth)
        liar.told += told != truth
        return told


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, liars: Liars) -> None:
        self._liars = liars

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (reply := self._liars.reply(data)) is not None:
            self._transport.sendto(reply, addr)


def lie(liar: Liar, question: dns.message.Message, truth: bytes) -> bytes | None:
    """The wrong answer; the truth where this kind of liar does not lie. None: none at all."""
    asked = question.question[0]
    reply = dns.message.make_response(question)
    reply.flags |= dns.flags.RA
    is_host = asked.name.to_text(omit_final_dot=True).lower() == liar.host
    match liar.lie:
        case Lie.SILENT:
            return None
        case Lie.SERVFAIL | Lie.REFUSED | Lie.NXDOMAIN:
            reply.set_rcode(dns.rcode.from_text(liar.lie.name))
        case Lie.GARBAGE:
            return truth[:2] + os.urandom(60)
        case Lie.OTHER_ID:
            return bytes((truth[0] ^ 0xFF,)) + truth[1:]
        case Lie.OTHER_NAME:
            other = dns.message.make_query(f"other.{liar.domain}", asked.rdtype, id=question.id)
            return dns.message.make_response(other).to_wire()
        case Lie.CUT_SHORT:
            reply.flags |= dns.flags.TC
        case Lie.EMPTY:
            pass
        case Lie.LOOP if is_host:
            reply.answer += [
                dns.rrset.from_text(liar.host + ".", 5, "IN", "CNAME", f"b.{liar.domain}."),
                dns.rrset.from_text(f"b.{liar.domain}.", 5, "IN", "CNAME", liar.host + "."),
            ]
        case Lie.NOBODY | Lie.PRIVATE | Lie.STRANGER if is_host and asked.rdtype == dns.rdatatype.A:
            address = {Lie.NOBODY: NOBODY, Lie.PRIVATE: PRIVATE, Lie.STRANGER: STRANGER}[liar.lie]
            reply.answer.append(dns.rrset.from_text(liar.host + ".", 5, "IN", "A", address))
        case _:
            return truth
    return reply.to_wire()


def names(ground: Ground, workshop: Workshop, *, people: int, patient: bool, cast: Path) -> Result:
    """The DNS times out, fails and lies: mail waits until it tells the truth, and nobody is suppressed for a lie."""
    store = Store(ground.log)
    zone = Zone(characters.load(cast), house_domain="posthouse.example", published=store.records)
    with Liars(zone, ground.house.port + PORT) as server:
        for liar in server.liars:
            workshop.publish([Record(liar.domain, "MX", f"10 {liar.host}"), Record(liar.host, "A", RECEIVER)])
        workshop.stop_relay()
        workshop.start_relay(environ={"RELAY_RESOLVER": f"127.0.0.1:{server.port}"})
        try:
            send = ground.prepare("names-", people * len(server.liars), homes=[liar.domain for liar in server.liars])
            ground.program("launch", f"--campaign={send.campaign}")
            ground.wait_until_sealed(send)
            house.wait_until(lambda: is_tried(ground, send), within=90, what="every domain was tried", every=0.5)
            since = time.monotonic()
            server.heal()
            if patient:
                house.wait_until(
                    lambda: waiting(ground, send, *OPEN_STATES) <= people * len(WAITS_AN_HOUR),
                    within=RETRIED_WITHIN,
                    what="those whose DNS had failed were tried again",
                    every=1.0,
                )
            took = time.monotonic() - since
            _finish(ground, workshop, send, server)
        finally:
            workshop.stop_relay()
            workshop.start_relay()
    counted = ground.judge(send)
    suppressed = ground.ask("SELECT count(*) FROM contacts_suppression WHERE organization_id = %s", send.organization)
    if suppressed[0][0]:
        raise Broken(f"{suppressed[0][0]} people are on the do-not-send list because of the DNS.")
    return Result(
        "names",
        counted,
        {"domains": len(server.liars), "well again s after the DNS": round(took), "on the do-not-send list": 0},
        lines=[
            "| the DNS | people | lies told | delivered | refused, with its reason | in doubt |",
            "|---|---:|---:|---:|---|---:|",
            *(_line(ground, send, liar) for liar in server.liars),
        ],
    )


def _finish(ground: Ground, workshop: Workshop, send, server: Liars) -> None:  # type: ignore[no-untyped-def]
    """What is to be asked again in an hour is made due; the relay is started anew, which forgets what it was told."""
    for _ in range(ROUNDS):
        if not ground.open_rows(send):
            break
        house.wait_until(
            lambda: not waiting(ground, send, DeliveryState.SENDING) and is_tried(ground, send),
            within=90,
            what="everything was tried",
            every=0.2,
        )
        workshop.stop_relay()
        make_due(ground, send)
        workshop.start_relay(environ={"RELAY_RESOLVER": f"127.0.0.1:{server.port}"})
        report.say(f"names: {ground.open_rows(send)} are tried again")
    ground.wait_until_finished(send, within=60)


def _line(ground: Ground, send, liar: Liar) -> str:  # type: ignore[no-untyped-def]
    rows = ground.ask(
        "SELECT state, reason, count(*) FROM sending_delivery WHERE organization_id = %s AND address LIKE %s"
        " GROUP BY state, reason",
        send.organization,
        f"%@{liar.domain}",
    )
    by = {state: (reason, number) for state, reason, number in rows}
    people = sum(number for *_, number in rows)
    delivered = by.get(DeliveryState.DELIVERED, ("", 0))[1]
    reason, bounced = by.get(DeliveryState.BOUNCED, ("", 0))
    doubt = by.get(DeliveryState.IN_DOUBT, ("", 0))[1]
    if not liar.told:
        raise Broken(f"{liar.lie}: that never happened.")
    if (bounced if liar.lie in REFUSED_THERE else delivered) != people:
        raise Broken(f"{liar.lie}: {rows}")
    refused = f"{bounced} ({reason})" if bounced else "0"
    return f"| {liar.lie} | {people} | {liar.told} | {delivered} | {refused} | {doubt} |"
