"""Where a request comes from, as far as that can be believed."""

from __future__ import annotations


def is_https(forwarded_proto: str, scheme: str, proxies: int) -> bool:
    """Tell whether the shopper's browser came by https.

    Args:
        forwarded_proto: the header X-Forwarded-Proto, which the gateway sets.
        scheme: of the connection to this process.
        proxies: how many proxies of ours a request passes.
    """
    return (forwarded_proto if proxies and forwarded_proto else scheme).strip().lower() == "https"


def client_address(forwarded_for: str, peer: str, proxies: int) -> str:
    """Return the shopper's address: each proxy of ours appends the address that it was called from.

    What stands left of their entries is the client's own word, and is not looked at.
    """
    entries = [entry.strip() for entry in forwarded_for.split(",") if entry.strip()] if proxies else []
    return entries[-min(proxies, len(entries))] if entries else peer
