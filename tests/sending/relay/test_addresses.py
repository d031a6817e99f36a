"""Where the relay may connect: the internet, and with the sandbox on nothing but this computer."""

# ruff: noqa: E501, S104  (what stands in tables and SQL is easier to read on one line)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.relay.addresses import Reach, may_connect

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808"]
INSIDE = [
    "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1",
    "198.18.0.1", "240.0.0.1", "::", "fe80::1", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
]  # fmt: skip
LOOPBACK = ["127.0.0.1", "127.0.1.99", "::1", "::ffff:127.0.0.1"]
NONSENSE = [
    "",
    "localhost",
    "127.1",
    "0x7f000001",
    "2130706433",
    "1.2.3",
    "1.2.3.4.5",
    "mx.example",
    "127.0.0.1 ",
    "[::1]",
    "127.0.0.1:25",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert may_connect(address, Reach.INTERNET)
    assert not may_connect(address, Reach.LOOPBACK)


@pytest.mark.parametrize("address", INSIDE + LOOPBACK + NONSENSE)
def test_no_mx_leads_into_our_own_house(address: str) -> None:
    assert not may_connect(address, Reach.INTERNET)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.1.99", "::1"])
def test_the_sandbox_reaches_this_computer(address: str) -> None:
    assert may_connect(address, Reach.LOOPBACK)


@pytest.mark.parametrize("address", PUBLIC + INSIDE + NONSENSE)
def test_the_sandbox_reaches_nothing_else(address: str) -> None:
    assert not may_connect(address, Reach.LOOPBACK)


@given(st.ip_addresses())
def test_no_address_is_reached_both_ways(address) -> None:  # type: ignore[no-untyped-def]
    assert not (may_connect(str(address), Reach.LOOPBACK) and may_connect(str(address), Reach.INTERNET))
