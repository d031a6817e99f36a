"""TLSA records against certificates: what can be used, what fits, whose names are good enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.relay import dane
from sending.relay.dns import Tlsa
from tests.sending.relay.certificates import issue

ROOT = issue("An authority", authority=True)
LEAF = issue("mx.example", by=ROOT)
SHA256, SHA512 = bytes(32), bytes(64)


@pytest.mark.parametrize(
    ("record", "usable"),
    [
        (Tlsa(3, 1, 1, SHA256), True),
        (Tlsa(3, 0, 1, SHA256), True),
        (Tlsa(2, 1, 1, SHA256), True),
        (Tlsa(2, 0, 2, SHA512), True),
        (Tlsa(3, 1, 0, b"whole"), True),
        (Tlsa(0, 1, 1, SHA256), False),
        (Tlsa(1, 1, 1, SHA256), False),
        (Tlsa(255, 1, 1, SHA256), False),
        (Tlsa(3, 2, 1, SHA256), False),
        (Tlsa(3, 1, 3, SHA256), False),
        (Tlsa(3, 1, 1, SHA512), False),
        (Tlsa(3, 1, 2, SHA256), False),
        (Tlsa(3, 1, 0, b""), False),
    ],
)
def test_what_can_be_used(record: Tlsa, usable: bool) -> None:
    assert bool(dane.usable([record])) is usable


def test_of_several_digests_of_one_kind_only_the_strongest_counts() -> None:
    weak, strong, other = Tlsa(3, 1, 1, SHA256), Tlsa(3, 1, 2, SHA512), Tlsa(2, 1, 1, SHA256)
    assert dane.usable([weak, strong, other]) == (strong, other)
    assert dane.usable([Tlsa(3, 1, 9, SHA256), weak]) == (weak,)
    assert len(dane.usable([Tlsa(3, 1, 1, SHA256)] * 10_000)) == dane.MOST_RECORDS


def test_the_servers_own_certificate_and_what_stands_above_it() -> None:
    chain = [LEAF.der, ROOT.der]
    assert dane.is_the_server([LEAF.tlsa(3, 1, 1)], LEAF.der)
    assert not dane.is_the_server([LEAF.tlsa(2, 1, 1), ROOT.tlsa(3, 1, 1)], LEAF.der)
    assert dane.anchor([ROOT.tlsa(2, 1, 1)], chain) == ROOT.der
    assert dane.anchor([ROOT.tlsa(3, 1, 1), LEAF.tlsa(2, 1, 1)], chain) is None
    assert dane.anchor([ROOT.tlsa(2, 1, 1)], chain[:1]) is None
    assert dane.anchor([ROOT.tlsa(2, 1, 1)], []) is None


@given(st.integers(0, 1), st.integers(0, 2), st.binary(max_size=100), st.binary(max_size=100))
def test_octets_that_are_no_certificate_fit_nothing(
    selector: int, matching: int, data: bytes, certificate: bytes
) -> None:
    fits = dane.fits(Tlsa(3, selector, matching, data), certificate)
    assert not fits or (selector, matching, data) == (0, 0, certificate)


@pytest.mark.parametrize(
    ("names", "wanted", "fit"),
    [
        (["mx.example"], ["mx.example"], True),
        (["MX.Example."], ["mx.example"], True),
        (["example"], ["mx.example", "example"], True),
        (["*.example"], ["mx.example"], True),
        (["*.example"], ["a.mx.example"], False),
        (["*.example"], ["example"], False),
        (["*"], ["mx"], False),
        (["m*.example"], ["mx.example"], False),
        ([], ["mx.example"], False),
        ([""], [""], False),
    ],
)
def test_names(names: list[str], wanted: list[str], fit: bool) -> None:
    assert dane.names_fit({"subjectAltName": [("DNS", name) for name in names]}, wanted) is fit
    assert not dane.names_fit({"subjectAltName": [("IP Address", name) for name in names]}, wanted)
