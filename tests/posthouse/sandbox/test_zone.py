"""What the sandbox's DNS says, over the wire as well."""

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.sandbox import characters, nameserver
from posthouse.sandbox.zone import Record, Zone

CAST = characters.load()
KEY = "v=DKIM1; k=rsa; p=" + "A" * 400


@pytest.fixture
def published() -> list[Record]:
    return []


@pytest.fixture
def zone(published: list[Record]) -> Zone:
    return Zone(CAST, house_domain="posthouse.example", published=lambda name: [r for r in published if r.name == name])


def test_every_domain_of_the_world_leads_into_the_sandbox(zone: Zone) -> None:
    for domain in ("gmail.com", "mail.company.co.uk", "xn--bcher-kva.example"):
        (mx,) = zone.values(domain, "MX")
        assert zone.values(mx.split()[1].rstrip("."), "A") == ["127.0.1.99"]
        assert zone.values(domain, "A") == ["127.0.1.99"]


def test_providers_have_their_mail_exchangers_in_order(zone: Zone) -> None:
    assert zone.values("granite.example", "MX") == ["10 mx1.granite.example.", "20 mx2.granite.example."]
    assert zone.values("mx2.granite.example", "A") == ["127.0.1.12"]
    assert zone.values("12.1.0.127.in-addr.arpa", "PTR") == ["mx2.granite.example."]


def test_the_relay_has_a_name_that_leads_back(zone: Zone) -> None:
    assert zone.values("1.0.0.127.in-addr.arpa", "PTR") == ["relay.posthouse.example."]
    assert zone.values("relay.posthouse.example", "A") == ["127.0.0.1"]


def test_what_nobody_published_does_not_exist(zone: Zone, published: list[Record]) -> None:
    assert zone.look_up("_dmarc.acme.example", "TXT").code == "NXDOMAIN"
    published.append(Record("_dmarc.acme.example", "TXT", "v=DMARC1; p=none"))
    assert zone.values("_dmarc.acme.example", "TXT") == ["v=DMARC1; p=none"]
    assert zone.look_up("_DMARC.ACME.example.", "txt").code == "NOERROR"


def test_a_published_alias_is_followed_and_a_loop_ends(zone: Zone, published: list[Record]) -> None:
    published += [
        Record("em.acme.example", "CNAME", "spf.posthouse.example."),
        Record("a.acme.example", "CNAME", "b.acme.example"),
        Record("b.acme.example", "CNAME", "a.acme.example"),
    ]
    assert zone.values("em.acme.example", "TXT") == ["v=spf1 ip4:127.0.0.0/24 -all"]
    assert zone.values("em.acme.example", "CNAME") == ["spf.posthouse.example."]
    assert zone.look_up("a.acme.example", "A").code == "SERVFAIL"


def test_the_odd_cases(zone: Zone) -> None:
    assert zone.look_up("nowhere.example", "MX").code == "NXDOMAIN"
    assert zone.look_up("anything.invalid", "MX").code == "NXDOMAIN"
    assert zone.look_up("broken.example", "MX").code == "SERVFAIL"
    assert zone.values("nomail.example", "MX") == ["0 ."]
    assert zone.values("nomail.example", "A") == []
    assert zone.values("mx.silent.example", "A") == ["127.0.1.250"]


async def test_a_resolver_asks_it_over_udp_and_tcp(zone: Zone, published: list[Record]) -> None:
    published += [Record("s1._domainkey.acme.example", "TXT", KEY), Record("big.acme.example", "TXT", "x" * 3000)]
    server = nameserver.NameServer(zone)
    port = await server.open("127.0.0.1", 0)
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], port, 5
    try:
        key = await resolver.resolve("s1._domainkey.acme.example", "TXT")
        assert b"".join(key[0].strings).decode() == KEY
        big = await resolver.resolve("big.acme.example", "TXT")  # does not fit into UDP: comes by TCP
        assert len(b"".join(big[0].strings)) == 3000
        with pytest.raises(dns.asyncresolver.NXDOMAIN):
            await resolver.resolve("_dmarc.acme.example", "TXT")
        with pytest.raises(dns.asyncresolver.NoAnswer):
            await resolver.resolve("acme.example", "TXT")
        mx = await resolver.resolve("granite.example", "MX", tcp=True)
        assert sorted((r.preference, str(r.exchange)) for r in mx) == [
            (10, "mx1.granite.example."),
            (20, "mx2.granite.example."),
        ]
    finally:
        await server.close()


def test_there_is_none_comes_with_the_time_to_remember_it(zone: Zone) -> None:
    question = dns.message.make_query("_dmarc.acme.example", "TXT")
    wire = nameserver.answer(zone, question.to_wire(), udp=True)
    assert wire is not None
    reply = dns.message.from_wire(wire)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.authority[0].rdtype == dns.rdatatype.SOA


def test_a_long_answer_over_udp_says_that_it_is_cut(zone: Zone, published: list[Record]) -> None:
    published.append(Record("big.acme.example", "TXT", "x" * 3000))
    wire = nameserver.answer(zone, dns.message.make_query("big.acme.example", "TXT").to_wire(), udp=True)
    assert wire is not None and len(wire) <= 512
    assert dns.message.from_wire(wire).flags & dns.flags.TC


def test_a_published_record_that_is_no_record_harms_nobody(zone: Zone, published: list[Record]) -> None:
    published += [Record("bad.acme.example", "MX", "what is this"), Record("bad.acme.example", "TXT", "fine")]
    wire = nameserver.answer(zone, dns.message.make_query("bad.acme.example", "MX").to_wire(), udp=True)
    assert wire is not None and not dns.message.from_wire(wire).answer


ZONE = Zone(CAST, house_domain="posthouse.example")


@given(st.binary(max_size=200), st.booleans())
def test_any_question_gets_an_answer_or_silence(wire: bytes, udp: bool) -> None:
    reply = nameserver.answer(ZONE, wire, udp=udp)
    assert reply is None or reply[:2] == wire[:2]


@given(st.text(max_size=60), st.sampled_from(["A", "MX", "TXT", "CNAME", "SOA", "PTR", "ANY", "TYPE65280"]))
def test_any_name_can_be_looked_up(name: str, kind: str) -> None:
    assert ZONE.look_up(name, kind).code in ("NOERROR", "NXDOMAIN", "SERVFAIL")
