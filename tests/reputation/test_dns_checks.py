"""DNS checks: what is right passes, what is wrong fails with the record to paste, and silence is never a failure."""

import asyncio
import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from reputation.dns_checks import dkim, dmarc, domain, mx, spf
from reputation.dns_checks.findings import Status
from reputation.dns_checks.resolver import Answer, Outcome
from sending.dns_records import Record


def public_key(bits):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


KEY, SHORT_KEY, OTHER_KEY = public_key(2048), public_key(1024), public_key(2048)
DKIM = Record("ph1._domainkey.example.com", "TXT", f"v=DKIM1; k=rsa; p={KEY}")
SPF = Record("bounces.example.com", "TXT", "v=spf1 include:spf.house.example -all")
MX = Record("bounces.example.com", "MX", "10 mx.house.example")
DMARC = Record("_dmarc.example.com", "TXT", "v=DMARC1; p=none")
HOUSE_SPF = {("spf.house.example", "TXT"): ["v=spf1 ip4:203.0.113.0/28 ip6:2001:db8::/32 -all"]}


class Zone:
    """A DNS of what is in a dict; names in `silent` do not answer."""

    def __init__(self, records, silent=()):
        self.records, self.silent, self.asked = records, silent, []

    async def lookup(self, name, rdtype):
        self.asked.append((name, rdtype))
        if name in self.silent or "*" in self.silent:
            return Answer(name, rdtype, Outcome.UNKNOWN, why="the name server did not answer in time")
        values = tuple(self.records.get((name, rdtype), ()))
        return Answer(name, rdtype, Outcome.FOUND if values else Outcome.NONE, values)


def run(check):
    return asyncio.run(check)


def check_spf(records, addresses=("203.0.113.7",), silent=()):
    zone = Zone({**HOUSE_SPF, **records}, silent)
    return run(spf.check(zone, domain="bounces.example.com", expected=SPF, addresses=addresses))


def at(value, *more):
    return {("bounces.example.com", "TXT"): [value, *more]}


@pytest.mark.parametrize(
    ("records", "status"),
    [
        (at(SPF.value), Status.PASS),
        (at("some-verification=1", SPF.value), Status.PASS),
        (at("v=spf1 ip4:203.0.113.7 ~all"), Status.PASS),
        (at("V=SPF1 IP4:203.0.113.7 ~ALL"), Status.PASS),
        (at("v=spf1 redirect=spf.house.example"), Status.PASS),
        ({**at("v=spf1 a:a.example/28 -all"), ("a.example", "A"): ["203.0.113.1"]}, Status.PASS),
        (
            {
                **at("v=spf1 mx:m.example//64 -all"),
                ("m.example", "MX"): ["10 h.example"],
                ("h.example", "A"): ["203.0.113.7"],
            },
            Status.PASS,
        ),
        (at("v=spf1 -all"), Status.FAIL),
        (at("v=spf1 ~all"), Status.FAIL),
        (at("v=spf1 ?all"), Status.FAIL),
        (at("v=spf1"), Status.FAIL),
        (at("v=spf10 ip4:203.0.113.7"), Status.FAIL),
        ({}, Status.FAIL),
        (at(SPF.value, "v=spf1 -all"), Status.FAIL),
        (at("v=spf1 ip4:999.1.1.1 -all"), Status.FAIL),
        (at("v=spf1 ipv4:203.0.113.7 -all"), Status.FAIL),
        (at("v=spf1 a/33 -all"), Status.FAIL),
        (at("v=spf1 include: -all"), Status.FAIL),
        (at("v=spf1 include:nothing.example -all"), Status.FAIL),
        (at("v=spf1 include:bounces.example.com -all"), Status.FAIL),  # itself, for ever
        (at("v=spf1 a:n1.example a:n2.example a:n3.example -all"), Status.FAIL),  # void lookups
        (at("v=spf1 exists:%{i}.example -all"), Status.UNKNOWN),
    ],
)
def test_spf(records, status):
    finding = check_spf(records)
    assert finding.status == status
    assert finding.seen
    if status == Status.FAIL:
        assert finding.record == SPF


def test_spf_counts_lookups():
    includes = {(f"i{n}.example", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"] for n in range(11)}
    words = [f"include:i{n}.example" for n in range(11)]
    assert (
        check_spf({**includes, **at("v=spf1 " + " ".join(words[:9]) + " ip4:203.0.113.7 -all")}).status == Status.PASS
    )
    assert (
        check_spf({**includes, **at("v=spf1 " + " ".join(words[:10]) + " ip4:203.0.113.7 -all")}).status == Status.WARN
    )
    finding = check_spf({**includes, **at("v=spf1 " + " ".join(words) + " ip4:203.0.113.7 -all")})
    assert finding.status == Status.FAIL
    assert "10 DNS lookups" in finding.summary


def test_spf_asks_for_every_address():
    finding = check_spf(at("v=spf1 ip4:203.0.113.7 -all"), addresses=("203.0.113.7", "2001:db8::1"))
    assert finding.status == Status.FAIL
    assert "2001:db8::1" in finding.summary
    assert check_spf(at(SPF.value), addresses=("203.0.113.7", "2001:db8::1")).status == Status.PASS


def test_spf_without_known_addresses_passes_only_what_we_asked_for():
    assert check_spf(at(SPF.value), addresses=()).status == Status.PASS
    assert check_spf(at("v=spf1 ip4:203.0.113.7 -all"), addresses=()).status == Status.UNKNOWN


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([DKIM.value], Status.PASS),
        ([f"p={KEY}"], Status.PASS),
        ([f"v=DKIM1;k=rsa;s=email;p={KEY[:100]} {KEY[100:]}"], Status.PASS),
        ([], Status.FAIL),
        ([DKIM.value, DKIM.value + ";"], Status.FAIL),
        ([f"v=DKIM1; p={OTHER_KEY}"], Status.FAIL),
        (["v=DKIM1; p="], Status.FAIL),
        ([DKIM.value[:255]], Status.FAIL),
        (["hello"], Status.FAIL),
        ([f"v=DKIM1; k=ed25519; p={KEY}"], Status.FAIL),
        ([f"v=DKIM1; t=y; p={KEY}"], Status.WARN),
    ],
)
def test_dkim(values, status):
    finding = run(dkim.check(Zone({(DKIM.name, "TXT"): values}), expected=DKIM))
    assert finding.status == status
    assert (finding.record == DKIM) == (status != Status.PASS)


def test_dkim_tells_a_short_key_and_a_record_that_was_cut():
    short = Record(DKIM.name, "TXT", f"v=DKIM1; p={SHORT_KEY}")
    assert run(dkim.check(Zone({(DKIM.name, "TXT"): [short.value]}), expected=short)).status == Status.WARN
    assert "cut off" in run(dkim.check(Zone({(DKIM.name, "TXT"): [DKIM.value[:255]]}), expected=DKIM)).summary


@pytest.mark.parametrize(
    ("name", "values", "status"),
    [
        ("_dmarc.example.com", ["v=DMARC1; p=none"], Status.PASS),
        ("_dmarc.example.com", ["v=DMARC1"], Status.PASS),
        ("_dmarc.example.com", ["v=DMARC1; p=reject; rua=mailto:d@example.com"], Status.PASS),
        ("_dmarc.example.com", ["v=DMARC1; p=maybe"], Status.FAIL),
        ("_dmarc.example.com", ["v=DMARC1; p=none; p=none"], Status.FAIL),
        ("_dmarc.example.com", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], Status.FAIL),
        ("_dmarc.example.com", ["v=DMARC1; p=none", "unrelated"], Status.PASS),
        ("_dmarc.example.com", ["v=DMARC11; p=none"], Status.FAIL),
        ("_dmarc.example.com", [], Status.FAIL),
        ("_dmarc.com", ["v=DMARC1; p=reject"], Status.FAIL),  # a public suffix speaks for nobody's mail here
    ],
)
def test_dmarc(name, values, status):
    finding = run(dmarc.check(Zone({(name, "TXT"): values}), domain="example.com", expected=DMARC))
    assert finding.status == status


def test_dmarc_of_a_subdomain_comes_from_its_parent():
    zone = Zone({("_dmarc.example.co.uk", "TXT"): ["v=DMARC1; p=reject; sp=quarantine"]})
    finding = run(dmarc.check(zone, domain="news.shop.example.co.uk", expected=DMARC))
    assert finding.status == Status.PASS
    assert "quarantine" in finding.summary
    assert [name for name, _ in zone.asked] == [
        "_dmarc.news.shop.example.co.uk",
        "_dmarc.shop.example.co.uk",
        "_dmarc.example.co.uk",
    ]


@pytest.mark.parametrize(
    ("policy", "signing", "status"),
    [
        (["v=DMARC1; p=none"], "example.com", Status.PASS),
        ([], "example.com", Status.PASS),
        (["v=DMARC1; aspf=s"], "example.com", Status.WARN),
        (["v=DMARC1; adkim=s"], "mail.example.com", Status.FAIL),
        (["v=DMARC1"], "house.example", Status.FAIL),
    ],
)
def test_alignment(policy, signing, status):
    zone = Zone({("_dmarc.example.com", "TXT"): policy})
    finding = run(
        dmarc.check_alignment(zone, domain="example.com", signing_domain=signing, return_path="bounces.example.com")
    )
    assert finding.status == status


@pytest.mark.parametrize(
    ("values", "status"),
    [
        (["10 mx.house.example"], Status.PASS),
        (["5 mx.house.example"], Status.PASS),
        (["10 mx.house.example", "20 other.example"], Status.WARN),
        (["10 other.example"], Status.FAIL),
        (["0 ."], Status.FAIL),
        ([], Status.FAIL),
    ],
)
def test_mx(values, status):
    zone = Zone({("bounces.example.com", "MX"): values})
    assert run(mx.check(zone, domain="bounces.example.com", expected=MX)).status == status


EXPECTED = domain.Expected("example.com", "bounces.example.com", DKIM, SPF, MX, DMARC, ("203.0.113.7",))


def test_silence_is_never_a_failure():
    findings = run(domain.check(Zone({}, silent=("*",)), EXPECTED))
    assert [finding.status for finding in findings] == [Status.UNKNOWN] * 5
    finding = check_spf(at(SPF.value), silent=("spf.house.example",))
    assert finding.status == Status.UNKNOWN


def test_everything_published_passes():
    zone = {**HOUSE_SPF, **{(r.name, r.type): [r.value] for r in (DKIM, SPF, MX, DMARC)}}
    findings = run(domain.check(Zone(zone), EXPECTED))
    assert [(finding.check, finding.status) for finding in findings] == [
        (name, Status.PASS) for name in ("dkim", "spf", "mx", "dmarc", "align")
    ]


ED = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8463, appendix A.2
SECOND = Record("ed1._domainkey.example.com", "TXT", f"v=DKIM1; k=ed25519; p={ED}")


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([], None),
        ([SECOND.value], Status.PASS),
        ([f"k=ed25519; p={ED[:20]} {ED[20:]}"], Status.PASS),
        ([f"v=DKIM1; p={ED}"], Status.WARN),
        ([f"v=DKIM1; k=ed25519; p={KEY}"], Status.WARN),
        (["v=DKIM1; k=ed25519; p="], Status.WARN),
        ([SECOND.value, SECOND.value], Status.WARN),
        (["anything"], Status.WARN),
        ([""], Status.WARN),
    ],
)
def test_the_second_key_is_optional_and_never_fails(values, status):
    finding = run(dkim.check_second(Zone({(SECOND.name, "TXT"): values}), expected=SECOND))
    assert (finding.status if finding else None) == status
    assert run(dkim.check_second(Zone({}), expected=None)) is None
    assert run(dkim.check_second(Zone({}, silent=("*",)), expected=SECOND)).status == Status.UNKNOWN


words = st.sampled_from(
    [
        *"v=spf1 v=DMARC1; v=DKIM1; p= p=none; a mx a/24 a//64 include:x redirect=y ip4: ip6:::1 -all exists:z = ;".split(),
        *("%{i}", "ptr", "adkim=s;", "\0", "ü", "1 .", "x y z"),
    ]
)
texts = st.one_of(st.text(max_size=80), st.lists(words, max_size=12).map(" ".join))


class Anything:
    """A DNS that answers every question with the same nonsense."""

    def __init__(self, values):
        self.values = values

    async def lookup(self, name, rdtype):
        if rdtype in {"A", "AAAA"}:
            return Answer(name, rdtype, Outcome.FOUND, ("192.0.2.1" if rdtype == "A" else "2001:db8::1",))
        if rdtype == "MX":
            return Answer(name, rdtype, Outcome.FOUND, ("10 mx.example",))
        return Answer(name, rdtype, Outcome.FOUND, tuple(self.values))


@given(st.lists(texts, min_size=1, max_size=3))
def test_nonsense_in_dns_never_breaks_a_check(values):
    findings = run(domain.check(Anything(values), EXPECTED))
    assert len(findings) == 5
    assert findings[0].status != Status.PASS
