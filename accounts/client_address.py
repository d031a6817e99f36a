"""The network address of whoever asks: from the connection, or from X-Forwarded-For as far as proxies of ours wrote it."""

from ipaddress import ip_address


def client_address(*, peer: str, forwarded: str, proxies: int) -> str | None:
    """The address, None when there is none. `proxies`: how many of ours stand in front (0: the header is a lie).

    Each proxy appends the peer that it saw, so the client is the `proxies`-th from the right.
    """
    text = peer
    if proxies:
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        if hops:
            text = hops[-proxies] if len(hops) >= proxies else hops[0]
    try:
        address = ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
