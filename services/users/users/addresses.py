"""Where a request comes from, as far as that can be believed."""

from __future__ import annotations

import ipaddress

_IPV6_NETWORK = 64


def client_address(forwarded: str, peer: str, proxies: int) -> str:
    """Return the client's address: of IPv6 the network of 64 bits, for that much is what one customer gets.

    Each proxy appends the address that it was called from to X-Forwarded-For. What stands left of the entries of our
    own proxies is what the client says, and is not looked at.

    Args:
        forwarded: the header X-Forwarded-For, empty if there is none.
        peer: address at the other end of the connection.
        proxies: how many proxies of ours a request passes.
    """
    entries = [entry.strip() for entry in forwarded.split(",")] if forwarded and proxies else []
    believed = entries[-min(proxies, len(entries))] if entries else peer
    return _network(believed) or _network(peer) or peer


def _network(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address), _IPV6_NETWORK), strict=False))
    return str(address)
