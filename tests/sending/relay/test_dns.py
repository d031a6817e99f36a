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
    ("_25._tcp.a.mx.example.", "TLSA"): [f"3 1 1 {'ab' * 32}", f"2 0 2 {'cd' * 64}"],
    ("_mta-sts.one.example.", "TXT"): ['"v=STSv1; " "id=1;"', '"other"'],
}
VALIDATED = {"one.example.", "a.mx.example."}


class Server(asyncio.DatagramProtocol):
    def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]
        self.transport = transport

    def datagram_received(self, octets: bytes, client) -> None:  # type: ignore[no-untyped-def]
        query = dns.message.from_wire(octets)
        (question,) = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        answer.flags &= ~dns.flags.AD
        if name in VALIDATED and query.flags & dns.flags.AD:  # only who asks is told (RFC 6840, section 5.8)
            answer.flags |= dns.flags.AD
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
async def resolver(monkeypatch, request):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(relay_dns, "LIFETIME", 0.5)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    yield Resolver(f"127.0.0.1:{transport.get_extra_info('sockname')[1]}", **getattr(request, "param", {}))
    transport.close()


async def test_answers(resolver: Resolver) -> None:
    mx = await resolver.mx("one.example")
    assert sorted(mx.records) == [(10, "a.mx.example"), (20, "b.mx.example")]
    assert mx.ttl == 77
    assert (await resolver.mx("null.example")).records == ((0, ""),)
    assert sorted((await resolver.a("a.mx.example")).records) == ["192.0.2.1", "192.0.2.2"]
    assert (await resolver.aaaa("a.mx.example")).records == ("2001:db8::1",)
    assert (await resolver.mx("a.mx.example")).records == ()


async def test_records_that_tls_is_judged_by(resolver: Resolver) -> None:
    tlsa = await resolver.tlsa("_25._tcp.a.mx.example")
    assert {str(record) for record in tlsa.records} == {f"3 1 1 {'ab' * 32}", f"2 0 2 {'cd' * 64}"}
    assert set((await resolver.txt("_mta-sts.one.example")).records) == {b"v=STSv1; id=1;", b"other"}
    assert (await resolver.txt("one.example")).records == ()
    with pytest.raises(NoSuchDomain):
        await resolver.tlsa("_25._tcp.b.mx.example")


@pytest.mark.parametrize(
    ("resolver", "believed"),
    [({}, True), ({"validates": True}, True), ({"validates": False}, False)],
    indirect=["resolver"],
)
async def test_that_an_answer_was_validated_is_believed_when_the_resolver_is(
    resolver: Resolver, believed: bool
) -> None:
    assert (await resolver.mx("one.example")).secure is believed
    assert (await resolver.mx("a.mx.example")).secure is believed  # that there is none, too
    assert (await resolver.a("a.mx.example")).secure is believed
    assert (await resolver.tlsa("_25._tcp.a.mx.example")).secure is False


def test_a_resolver_is_believed_by_itself_only_on_this_computer() -> None:
    assert Resolver("127.0.0.53")._trusted
    assert Resolver("[::1]:53")._trusted
    assert not Resolver("192.0.2.1")._trusted
    assert not Resolver("10.0.0.2:53")._trusted
    assert Resolver("192.0.2.1", validates=True)._trusted


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
