"""The name server that lies tells each lie where it is meant to, and the truth elsewhere and afterwards."""

import dns.flags
import dns.message
import dns.rcode
import pytest

from posthouse.sandbox import characters
from posthouse.sandbox.zone import Record, Zone
from prove.names import PRIVATE, STRANGER, Liar, Liars, Lie, lie

RECEIVER = "192.0.2.7"


def zone_of(*liars: Liar) -> Zone:
    records: dict[str, list[Record]] = {}
    for liar in liars:
        records[liar.domain] = [Record(liar.domain, "MX", f"10 {liar.host}")]
        records[liar.host] = [Record(liar.host, "A", RECEIVER)]
    return Zone(characters.load(), house_domain="posthouse.example", published=lambda name: records.get(name, []))


def asked(kind: Lie, name: str, rdtype: str) -> bytes | None:
    liars = Liars(zone_of(Liar("d", kind)), 0, [Liar("d", kind)])
    return liars.reply(dns.message.make_query(name.format("d.names.test"), rdtype, id=4711).to_wire())


def read(wire: bytes | None) -> dns.message.Message:
    assert wire is not None
    return dns.message.from_wire(wire)


def test_silence() -> None:
    assert asked(Lie.SILENT, "{}", "MX") is None


@pytest.mark.parametrize("kind", [Lie.SERVFAIL, Lie.REFUSED, Lie.NXDOMAIN])
def test_codes(kind: Lie) -> None:
    assert read(asked(kind, "{}", "MX")).rcode() == dns.rcode.from_text(kind.name)


def test_what_is_no_answer_to_this_question() -> None:
    other = read(asked(Lie.OTHER_ID, "{}", "MX"))
    assert other.id != 4711
    assert read(asked(Lie.OTHER_NAME, "{}", "MX")).question[0].name.to_text() == "other.d.names.test."
    one, two = (asked(Lie.GARBAGE, "{}", "MX") or b"" for _ in range(2))
    assert one[:2] == two[:2] == (4711).to_bytes(2, "big")
    assert one != two


def test_cut_short_and_empty() -> None:
    assert read(asked(Lie.CUT_SHORT, "{}", "MX")).flags & dns.flags.TC
    empty = read(asked(Lie.EMPTY, "{}", "MX"))
    assert (empty.rcode(), empty.answer) == (dns.rcode.NOERROR, [])


def test_wrong_addresses_of_the_right_host() -> None:
    for kind, address in ((Lie.PRIVATE, PRIVATE), (Lie.STRANGER, STRANGER)):
        assert read(asked(kind, "{}", "MX")).answer, "the domain's MX is the truth"
        assert read(asked(kind, "mx.{}", "A")).answer[0][0].to_text() == address


def test_aliases_go_in_a_circle() -> None:
    found = read(asked(Lie.LOOP, "mx.{}", "A")).answer
    assert [(str(rrset.name), rrset[0].to_text()) for rrset in found] == [
        ("mx.d.names.test.", "b.d.names.test."),
        ("b.d.names.test.", "mx.d.names.test."),
    ]


def test_others_and_the_healed_are_told_the_truth() -> None:
    liar, believed = Liar("d", Lie.SERVFAIL), Liar("e", Lie.PRIVATE)
    liars = Liars(zone_of(liar, believed), 0, [liar, believed])
    question = dns.message.make_query(liar.host, "A").to_wire()
    assert read(liars.reply(question)).rcode() == dns.rcode.SERVFAIL
    assert liar.told == 1
    liars.heal()
    assert read(liars.reply(question)).answer[0][0].to_text() == RECEIVER
    assert read(liars.reply(dns.message.make_query(believed.host, "A").to_wire())).answer[0][0].to_text() == PRIVATE


def test_every_kind_is_told() -> None:
    for kind in Lie:
        liar = Liar("d", kind)
        question = dns.message.make_query(liar.host, "A")
        truth = dns.message.make_response(question).to_wire()
        assert lie(liar, question, truth) != truth or kind is Lie.EMPTY
