"""The token in unsubscribe links: reads back what was put in, is short, is never forged, and outlives a change of key."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import tokens

ids = st.integers(min_value=0, max_value=tokens.MAX_ID)
abouts = st.one_of(
    st.just(""),
    st.builds("{}{}".format, st.sampled_from("abdz"), st.integers(min_value=0, max_value=10**18 - 1)),
    st.text(max_size=16).filter(lambda text: "\0" not in text),
)


@given(organization_id=ids, contact_id=ids, about=abouts)
def test_reads_back_what_was_put_in(organization_id, contact_id, about):
    token = tokens.mint(organization_id=organization_id, contact_id=contact_id, about=about)
    expected = tokens.Token(organization_id, contact_id, about, tokens.VERSION)
    assert tokens.read(token) == expected
    assert tokens.read_address(tokens.for_address(token)) == expected
    both = tokens.mint_both(organization_id=organization_id, contact_id=contact_id, about=about)
    assert both == (token, tokens.for_address(token))
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(max_size=200))
def test_any_text_is_refused_without_an_error(text):
    assert tokens.read(text) is None
    assert tokens.read_address(text) is None


@given(organization_id=ids, contact_id=ids, about=abouts, data=st.data())
def test_one_changed_character_kills_the_token(organization_id, contact_id, about, data):
    token = tokens.mint(organization_id=organization_id, contact_id=contact_id, about=about)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCXYZabcxyz0189-_").filter(lambda char: char != token[at]))
    assert tokens.read(token[:at] + other + token[at + 1 :]) is None


def test_a_token_has_one_spelling():
    token = tokens.mint(organization_id=1, contact_id=2, about="d3")
    for respelled in (token + "=", token + "A", " " + token, token.lower(), token[:-1]):
        assert respelled == token or tokens.read(respelled) is None


def test_the_address_form_survives_a_change_of_case_and_fits_a_local_part():
    token = tokens.mint(organization_id=1_000_000, contact_id=4_000_000_000, about="d9000000000")
    address = tokens.for_address(token)
    assert len("u+" + address) <= 64
    assert tokens.read_address(address.upper()) == tokens.read(token)


def test_the_unsubscribe_header_stays_within_76_characters():
    token = tokens.mint(organization_id=1_000_000, contact_id=4_000_000_000, about="d9000000000")
    assert len(f"<https://links.example.com/u/{token}>") <= 76


def test_an_old_key_still_reads_and_a_dropped_one_does_not(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first", []
    token = tokens.mint(organization_id=7, contact_id=8, about="d9")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "second", ["zeroth", "first"]
    assert tokens.read(token) == tokens.Token(7, 8, "d9")
    assert tokens.mint(organization_id=7, contact_id=8, about="d9") != token
    settings.SECRET_KEY_FALLBACKS = []
    assert tokens.read(token) is None


@pytest.mark.parametrize("number", [-1, tokens.MAX_ID + 1])
def test_what_is_no_id_is_refused(number):
    with pytest.raises(ValueError, match="not an id"):
        tokens.mint(organization_id=1, contact_id=number)


def test_a_long_about_is_refused():
    with pytest.raises(ValueError, match="longer than"):
        tokens.mint(organization_id=1, contact_id=1, about="é" * 33)


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=200))
def test_the_mac_is_hmac_sha256(key: bytes, body: bytes) -> None:
    assert tokens._mac(key, body) == hmac.digest(key, body, "sha256")[: tokens.MAC_BYTES]
