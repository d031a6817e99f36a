"""The sandbox's name server: answers for the whole world from one Zone, over UDP and TCP, in DNS wire format (RFC 1035)."""

import asyncio
import logging
import struct

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

from posthouse.sandbox.zone import TTL, Record, Zone

log = logging.getLogger(__name__)

UDP_OCTETS = 512  # without EDNS (RFC 1035, section 4.2.1)
TCP_SECONDS = 10.0


def answer(zone: Zone, wire: bytes, *, udp: bool) -> bytes | None:
    """The reply to one question in wire format; None to what is no question at all. Too long for UDP: truncated, TC set."""
    try:
        question = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return _format_error(wire)
    if question.flags & dns.flags.QR:
        return None
    reply = dns.message.make_response(question, our_payload=1232)
    reply.flags |= dns.flags.AA | dns.flags.RA
    if question.opcode() != dns.opcode.QUERY or len(question.question) != 1:
        reply.set_rcode(dns.rcode.NOTIMP)
        return reply.to_wire()
    asked = question.question[0]
    found = zone.look_up(asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype))
    reply.set_rcode(dns.rcode.from_text(found.code))
    for record in found.records:
        try:
            rrset = rrset_of(record)
        except (dns.exception.DNSException, ValueError):
            log.warning("sandbox: the published record %s %s cannot be read", record.kind, record.name)
            continue
        existing = reply.find_rrset(reply.answer, rrset.name, rrset.rdclass, rrset.rdtype, create=True)
        for rdata in rrset:
            existing.add(rdata, TTL)
    if found.code != "SERVFAIL" and not any(rrset.rdtype == asked.rdtype for rrset in reply.answer):
        # RFC 2308: the authority's SOA says how long "there is none" may be remembered.
        zone_name = dns.name.from_text(".".join(asked.name.to_text(omit_final_dot=True).split(".")[-2:]) or ".")
        reply.authority.append(
            dns.rrset.from_text(zone_name, TTL, "IN", "SOA", f"ns.{zone_name} host.{zone_name} 1 60 60 60 {TTL}")
        )
    limit = max(UDP_OCTETS, min(question.payload, 1232)) if udp else 65_535
    try:
        return reply.to_wire(max_size=limit)
    except dns.exception.TooBig:
        short = dns.message.make_response(question, our_payload=1232)
        short.flags |= dns.flags.AA | dns.flags.RA | dns.flags.TC
        return short.to_wire()


def rrset_of(record: Record) -> dns.rrset.RRset:
    """A record as dnspython holds it. A TXT of any length is cut into strings of 255 octets (RFC 1035, section 3.3)."""
    name = dns.name.from_text(record.name)
    if record.kind == "TXT":
        octets = record.value.encode("utf-8")
        strings = [octets[i : i + 255] for i in range(0, len(octets), 255)] or [b""]
        txt = dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings)
        return dns.rrset.from_rdata(name, TTL, txt)
    # People paste host names without the closing dot; every name here is a whole one.
    return dns.rrset.from_text_list(
        name, TTL, "IN", record.kind, [record.value], origin=dns.name.root, relativize=False
    )


def _format_error(wire: bytes) -> bytes | None:
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    return wire[:2] + bytes((0x80 | (wire[2] & 0x79), dns.rcode.FORMERR)) + b"\0" * 8


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            reply = answer(self._zone, data, udp=True)
        except Exception:
            log.exception("sandbox: a question could not be answered")
            return
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


class NameServer:
    """Listens on one port, UDP and TCP: `await open(...)`, `await close()`."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._udp: asyncio.BaseTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._talking: set[asyncio.StreamWriter] = set()

    async def open(self, host: str, port: int) -> int:
        """Gives the port. Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._tcp = await asyncio.start_server(self._serve, host, port)
        port = int(self._tcp.sockets[0].getsockname()[1])
        try:
            self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self._zone), local_addr=(host, port))
        except OSError:
            self._tcp.close()
            raise
        return port

    async def close(self) -> None:
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for writer in self._talking:
            writer.close()
        await asyncio.sleep(0)  # let those who listened see the end

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talking.add(writer)
        try:
            while True:
                async with asyncio.timeout(TCP_SECONDS):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    wire = await reader.readexactly(length)
                reply = answer(self._zone, wire, udp=False)
                if reply is None:
                    return
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            pass
        finally:
            self._talking.discard(writer)
            writer.close()
