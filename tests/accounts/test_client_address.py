"""Who asks: the connection's peer, or what our own proxies wrote down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.client_address import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "address"),
    [
        ("192.0.2.1", "", 0, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", 0, "192.0.2.1"),  # anybody can write that header
        ("10.0.0.1", "203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9", 2, "203.0.113.9"),
        ("10.0.0.1", "", 1, "10.0.0.1"),
        ("::ffff:192.0.2.1", "", 0, "192.0.2.1"),
        ("fe80::1%eth0", "", 0, "fe80::1"),
        ("[2001:db8::1]", "", 0, "2001:db8::1"),
        ("", "", 0, None),
        ("10.0.0.1", "unknown", 1, None),
    ],
)
def test_addresses(peer, forwarded, proxies, address):
    assert client_address(peer=peer, forwarded=forwarded, proxies=proxies) == address


@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 9))
def test_anything_gives_an_address_or_none(peer, forwarded, proxies):
    address = client_address(peer=peer, forwarded=forwarded, proxies=proxies)
    assert address is None or address.strip()
