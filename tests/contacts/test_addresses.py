"""Addresses: the spelling that is kept, the reason that is given, and no crash on anything."""

import email_validator
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import addresses
from contacts.addresses import Flaw


@pytest.mark.parametrize(
    ("typed", "address", "key", "domain"),
    [
        ("ann@example.org", "ann@example.org", "ann@example.org", "example.org"),
        ("  Ann@Example.ORG \n", "Ann@example.org", "ann@example.org", "example.org"),
        ("ann+news@example.org", "ann+news@example.org", "ann+news@example.org", "example.org"),
        ("o'hara@example.org", "o'hara@example.org", "o'hara@example.org", "example.org"),
        ("Ann Lee <ann@example.org>", "ann@example.org", "ann@example.org", "example.org"),
        ("mailto:ann@example.org", "ann@example.org", "ann@example.org", "example.org"),
        ("\ufeffann@example.org\u200b", "ann@example.org", "ann@example.org", "example.org"),
        ("ann@müller.example", "ann@xn--mller-kva.example", "ann@xn--mller-kva.example", "xn--mller-kva.example"),
        (
            "ann@XN--MLLER-KVA.example",
            "ann@xn--mller-kva.example",
            "ann@xn--mller-kva.example",
            "xn--mller-kva.example",
        ),
        ("ann@例え.jp", "ann@xn--r8jz45g.jp", "ann@xn--r8jz45g.jp", "xn--r8jz45g.jp"),
        ('"ann"@example.org', "ann@example.org", "ann@example.org", "example.org"),
    ],
)
def test_an_address_has_one_spelling(typed, address, key, domain):
    parsed = addresses.parse(typed)
    assert (parsed.address, parsed.key, parsed.domain) == (address, key, domain)


@pytest.mark.parametrize(
    ("typed", "flaw"),
    [
        ("", Flaw.EMPTY),
        (" \t ", Flaw.EMPTY),
        ("ann.example.org", Flaw.NO_AT),
        ("ann@example.org, bob@example.org", Flaw.TWO_ATS),
        ("ann@@example.org", Flaw.TWO_ATS),
        ("@example.org", Flaw.LOCAL_EMPTY),
        ("ann@", Flaw.DOMAIN_EMPTY),
        ("ann lee@example.org", Flaw.SPACE),
        ("ann..lee@example.org", Flaw.LOCAL_BAD),
        (".ann@example.org", Flaw.LOCAL_BAD),
        ("ann(x)@example.org", Flaw.LOCAL_BAD),
        ("jürgen@example.org", Flaw.LOCAL_FOREIGN),
        ('"ann lee"@example.org', Flaw.LOCAL_QUOTED),
        ('"a@b"@example.org', Flaw.LOCAL_QUOTED),
        ("ann@localhost", Flaw.DOMAIN_RESERVED),
        ("ann@example", Flaw.DOMAIN_NO_DOT),
        ("ann@office.local", Flaw.DOMAIN_RESERVED),
        ("ann@192.0.2.1", Flaw.DOMAIN_NUMERIC),
        ("ann@[192.0.2.1]", Flaw.DOMAIN_NUMERIC),
        ("ann@-example.org", Flaw.DOMAIN_BAD),
        ("ann@example..org", Flaw.DOMAIN_BAD),
        ("ann@exa_mple.org", Flaw.DOMAIN_BAD),
        ("a" * 65 + "@example.org", Flaw.LOCAL_TOO_LONG),
        ("ann@" + "a" * 64 + ".org", Flaw.DOMAIN_BAD),
        ("ann@" + ".".join(["a" * 50] * 6) + ".org", Flaw.TOO_LONG),
        ("a" * 300, Flaw.NO_AT),
        ("a" * 300 + "@example.org", Flaw.TOO_LONG),
        ("a" * 5_000_000, Flaw.TOO_LONG),
        ("ann@example.org\r\nBcc: all@example.org", Flaw.CONTROL),
        ("ann\x00@example.org", Flaw.CONTROL),
        ("ann\ud800@example.org", Flaw.CONTROL),
    ],
)
def test_a_bad_address_says_why(typed, flaw):
    with pytest.raises(addresses.InvalidAddress) as refused:
        addresses.parse(typed)
    assert refused.value.flaw is flaw
    assert str(refused.value) == flaw.words


def test_every_flaw_has_words():
    assert all(flaw.words.endswith((".", "?")) for flaw in Flaw)


def test_the_masked_address_keeps_one_letter():
    assert addresses.masked("mira@example.org") == "m•••@example.org"
    assert addresses.masked("nonsense") == "•••"


@given(st.text() | st.from_regex(r"[\w.+\"' -]{0,70}@[\w.\-\[\]]{0,70}"))
def test_whatever_is_typed_is_an_address_or_invalid(text):
    try:
        parsed = addresses.parse(text)
    except addresses.InvalidAddress:
        return
    assert parsed.key == parsed.address.lower()
    assert parsed.address.isascii() and parsed.address.isprintable() and " " not in parsed.address
    assert len(parsed.address) <= addresses.MAX_ADDRESS
    assert parsed.key.rpartition("@")[2] == parsed.domain
    assert addresses.parse(parsed.address).key == parsed.key, "parsing again changes nothing"


LABEL = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,66}[A-Za-z0-9])?", fullmatch=True)


@given(
    st.from_regex(r"[A-Za-z0-9.!#+_'{}|~-]{1,68}", fullmatch=True),
    st.lists(LABEL, min_size=1, max_size=5),
    st.sampled_from(["org", "example", "TEST", "local", "de", "c0m", "x", "xn--p1ai"]),
)
def test_the_quick_path_agrees_with_email_validator(local, labels, ending):
    text = f"{local}@{'.'.join([*labels, ending])}"
    try:
        expected = email_validator.validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except email_validator.EmailNotValidError:
        assert addresses.key_of(text) is None
    else:
        assert addresses.key_of(text) == f"{expected.ascii_local_part}@{expected.ascii_domain}".lower()


@pytest.mark.parametrize(
    ("key", "canonical"),
    [
        ("a.n.n+shop@gmail.com", "ann@gmail.com"),
        ("ann@googlemail.com", "ann@gmail.com"),
        ("ann+news@example.org", "ann@example.org"),
        ("a.nn@example.org", "a.nn@example.org"),
        ("ann+x@pm.me", "ann@proton.me"),
        ("+only@example.org", "+only@example.org"),
        ("ann@example.org", "ann@example.org"),
    ],
)
def test_two_spellings_of_one_mailbox_have_one_canonical_form(key, canonical):
    assert addresses.canonical(key) == canonical
    assert addresses.canonical(canonical) == canonical
