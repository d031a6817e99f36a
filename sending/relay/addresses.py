"""Which addresses the relay may connect to. An MX record is a stranger's word, and must not lead us into our own house.

Policy: only public addresses; and with the sandbox on, only loopback. Asked again right before every connect, on the
address itself, so that no name can change its meaning between the check and the use.
"""

from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address

NAT64_PREFIX = 0x0064_FF9B << 96


class Reach(Enum):
    """How far a relay may reach."""

    INTERNET = "the internet"
    LOOPBACK = "this computer only"
    ANYWHERE = "everywhere"  # private networks too: for a lab, by explicit wish


def may_connect(address: str, reach: Reach) -> bool:
    """Whether the relay may open a connection to this IP address (in text). False for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        embedded = parsed.ipv4_mapped or parsed.sixtofour or _nat64(parsed)
        if embedded is not None:
            return may_connect(str(embedded), reach) if reach is Reach.INTERNET else reach is Reach.ANYWHERE
    if reach is Reach.ANYWHERE:
        return not (parsed.is_multicast or parsed.is_unspecified)
    if reach is Reach.LOOPBACK:
        return parsed.is_loopback
    return _is_public(parsed)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not (
        address.is_multicast
        or address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_reserved
        or address.is_unspecified
        or (isinstance(address, IPv6Address) and address.is_site_local)  # fec0::/10, which Python calls global
    )


def _nat64(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside of 64:ff9b::/96 (RFC 6052)."""
    value = int(address)
    if value >> 32 << 32 == NAT64_PREFIX:
        return IPv4Address(value & 0xFFFF_FFFF)
    return None
