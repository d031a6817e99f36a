"""Asking a real DNS server on loopback: records, nothing, no such name, and no answer at all."""

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from sending.relay import dns as relay_dns
from sending.relay.dns import NoSuchDomain, Resolver, Unknown, split_server

RECORDS = {
    ("one.example.", "MX"): ["20 B.mx.example.", "10 a.mx.example."],
    ("null.example.", "MX"): ["0 ."],
    ("a.mx.example.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("a.mx.example.", "AAAA"): ["2001:db8::1"],
}


class Server(asyncio.DatagramProtocol):
    def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]
        self.transport = transport

    def datagram_received(self, octets: bytes, client) -> None:  # type: ignore[no-untyped-def]
        query = dns.message.from_wire(octets)
        (question,) = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name == "silent.example.":
            return
        if name == "broken.example.":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records := RECORDS.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(question.name, 77, "IN", kind, *records))
        elif not any(known == name for known, _ in RECORDS):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), client)


@pytest.fixture
async def resolver(monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(relay_dns, "LIFETIME", 0.5)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    yield Resolver(f"127.0.0.1:{transport.get_extra_info('sockname')[1]}")
    transport.close()


async def test_answers(resolver: Resolver) -> None:
    mx = await resolver.mx("one.example")
    assert sorted(mx.records) == [(10, "a.mx.example"), (20, "b.mx.example")]
    assert mx.ttl == 77
    assert (await resolver.mx("null.example")).records == ((0, ""),)
    assert sorted((await resolver.a("a.mx.example")).records) == ["192.0.2.1", "192.0.2.2"]
    assert (await resolver.aaaa("a.mx.example")).records == ("2001:db8::1",)
    assert (await resolver.mx("a.mx.example")).records == ()


async def test_no_such_name_is_a_fact_and_no_answer_is_none(resolver: Resolver) -> None:
    with pytest.raises(NoSuchDomain):
        await resolver.mx("nowhere.example")
    for name in ("broken.example", "silent.example", "x" * 300, "a..b", ""):
        with pytest.raises((Unknown, NoSuchDomain)) as trouble:
            await resolver.mx(name)
        assert trouble.type is Unknown or name == ""


def test_servers() -> None:
    assert split_server("127.0.0.1:8004") == ("127.0.0.1", 8004)
    assert split_server("192.0.2.1") == ("192.0.2.1", 53)
    assert split_server("[::1]:5353") == ("::1", 5353)
    assert split_server("::1") == ("::1", 53)
    for bad in ("localhost:53", "", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:x"):
        with pytest.raises(ValueError):
            split_server(bad)
