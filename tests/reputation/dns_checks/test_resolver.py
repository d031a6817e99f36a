"""The resolver against a real name server on loopback: found, none, and silence are three different things."""

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from reputation.dns_checks import resolver
from reputation.dns_checks.resolver import LiveResolver, Outcome

LONG = "v=DKIM1; k=rsa; p=" + "A" * 400
ZONE = {
    ("example.com.", "TXT"): ['"one" "two"', '"caf\\195\\169"'],
    ("long.example.com.", "TXT"): [f'"{LONG[:250]}" "{LONG[250:]}"'],
    ("example.com.", "MX"): ["10 MX.Example.COM."],
    ("null.example.com.", "MX"): ["0 ."],
    ("example.com.", "A"): ["192.0.2.1"],
}


class Server(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        query = dns.message.from_wire(data)
        name, rdtype = query.question[0].name.to_text().lower(), dns.rdatatype.to_text(query.question[0].rdtype)
        if name == "silent.example.com.":
            return
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name == "broken.example.com.":
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif values := ZONE.get((name, rdtype)):
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", rdtype, *values))
        elif not any(known == name for known, _ in ZONE):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), peer)


@pytest.fixture
def ask(monkeypatch):
    monkeypatch.setattr(resolver, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(resolver, "LIFETIME_SECONDS", 0.5)

    def ask(name, rdtype):
        async def go():
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                Server, local_addr=("127.0.0.1", 0)
            )
            try:
                port = transport.get_extra_info("sockname")[1]
                return await LiveResolver(f"127.0.0.1:{port}").lookup(name, rdtype)
            finally:
                transport.close()

        return asyncio.run(go())

    return ask


def test_found(ask):
    assert ask("Example.com", "TXT").values == ("café", "onetwo")
    assert ask("long.example.com.", "TXT").values == (LONG,)
    assert ask("example.com", "MX").values == ("10 mx.example.com",)
    assert ask("null.example.com", "MX").values == ("0 .",)
    assert ask("example.com", "A").values == ("192.0.2.1",)


@pytest.mark.parametrize(
    "name", ["nothing.example.com", "null.example.com", "a..b", "x" * 64 + ".com", "", "\ud800.com"]
)
def test_no_such_record(ask, name):
    assert ask(name, "TXT").outcome == Outcome.NONE


@pytest.mark.parametrize("name", ["broken.example.com", "silent.example.com"])
def test_silence_and_errors_are_unknown(ask, name):
    answer = ask(name, "TXT")
    assert answer.outcome == Outcome.UNKNOWN
    assert answer.why
    assert answer.lines == (f"{name} TXT: {answer.why}",)


def test_an_unreachable_server_is_unknown(monkeypatch):
    monkeypatch.setattr(resolver, "LIFETIME_SECONDS", 0.5)
    answer = asyncio.run(LiveResolver("127.0.0.1:9").lookup("example.com", "TXT"))
    assert answer.outcome == Outcome.UNKNOWN
