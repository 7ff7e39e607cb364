"""HTTPS to a Shop through a forwarded port, as a client that trusts the Shop's own authority and nobody else."""

import ssl

import urllib3

from e2e.support.shop import Shop


def trusting(shop: Shop, port: int) -> urllib3.HTTPSConnectionPool:
    """Return a client of a gateway's https port.

    Args:
        shop: whose certificate authority is trusted.
        port: where its gateway's https port is forwarded to on this machine.
    """
    context = ssl.create_default_context(cadata=shop.secret("tls")["ca.crt"])
    # The certificate names the Service; the way to it here is a forwarded port.
    return urllib3.HTTPSConnectionPool(
        "127.0.0.1", port, ssl_context=context, server_hostname=f"{shop.name}-gateway",
        assert_hostname=f"{shop.name}-gateway", retries=False, timeout=15,
    )  # fmt: skip
