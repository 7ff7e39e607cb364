"""Certificates of the gateway: what they should cover, whether they still do, and when they are made anew. Pure."""

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shopkeeper_operator import naming

#: Keys of a certificate's secret, as Kubernetes and cert-manager name them.
CERTIFICATE: Final = "tls.crt"
PRIVATE_KEY: Final = "tls.key"
AUTHORITY: Final = "ca.crt"

LIFETIME: Final = timedelta(days=90)
AUTHORITY_LIFETIME: Final = timedelta(days=3650)


def hosts(namespace: str, shop: str, host: str | None) -> tuple[str, ...]:
    """Return the names a certificate of the operator's own covers: the shop's host, and the gateway in the cluster."""
    name = naming.part(shop, naming.GATEWAY)
    inside = (name, f"{name}.{namespace}", f"{name}.{namespace}.svc", f"{name}.{namespace}.svc.cluster.local")
    outside = (bare(host),) if host else ()
    return tuple(dict.fromkeys((*outside, *inside, "localhost")))


def bare(host: str) -> str:
    """Return a host without its port."""
    return host.partition(":")[0]


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def authority_name(namespace: str, shop: str) -> str:
    """Return the common name of the authority of a Shop (64 characters at most, by X.509)."""
    return f"{shop}.{namespace} shopkeeper CA"[-64:]


def renewal(certificate: x509.Certificate) -> datetime:
    """Return when a certificate has had two thirds of its life."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin + (end - begin) * 2 / 3


def parse(pem: str | None) -> x509.Certificate | None:
    """Return the first certificate of a PEM text, None where there is none."""
    try:
        return x509.load_pem_x509_certificate((pem or "").encode())
    except ValueError:
        return None


def is_ours(certificate: x509.Certificate, common_name: str) -> bool:
    """Tell whether a certificate was issued by the authority of this name."""
    names = certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return [name.value for name in names] == [common_name]


def is_stale(values: Mapping[str, str], authority: str, wanted: Sequence[str], now: datetime) -> bool:
    """Tell whether a certificate of the operator's own should be made anew.

    Args:
        values: its secret.
        authority: the PEM text of the authority that would sign it today.
        wanted: the names it should cover.
        now: the time.
    """
    certificate = parse(values.get(CERTIFICATE))
    return (
        certificate is None
        or renewal(certificate) <= now
        or values.get(AUTHORITY) != authority
        or any(not covers(certificate, host) for host in wanted)
    )


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Tell whether a certificate is good for a host; a wildcard stands for exactly one label, as RFC 6125 has it."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    if is_address(host):
        return ipaddress.ip_address(host) in names.get_values_for_type(x509.IPAddress)
    known = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    return host.lower() in known or f"*.{host.lower().partition('.')[2]}" in known


def problem(values: Mapping[str, str] | None, host: str | None, now: datetime) -> str:
    """Return what is wrong with a certificate that somebody else made, as an end of a sentence; empty where nothing is.

    Args:
        values: its secret, None where it does not exist.
        host: what shoppers call the shop.
        now: the time.
    """
    if values is None:
        return "does not exist"
    lacks = [key for key in (CERTIFICATE, PRIVATE_KEY) if not values.get(key)]
    if lacks:
        return f"lacks the key {' and '.join(lacks)}"
    certificate = parse(values[CERTIFICATE])
    if certificate is None:
        return f"has no PEM certificate in {CERTIFICATE}"
    if not _belong_together(certificate, values[PRIVATE_KEY]):
        return f"has a {PRIVATE_KEY} that is not the private key of {CERTIFICATE}"
    return _not_valid(certificate, host, now)


def _belong_together(certificate: x509.Certificate, pem: str) -> bool:
    try:
        # The arithmetic of an RSA key takes long to check, and says nothing about whose key it is.
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return key.public_key() == certificate.public_key()


def _not_valid(certificate: x509.Certificate, host: str | None, now: datetime) -> str:
    if certificate.not_valid_after_utc <= now.astimezone(UTC):
        return f"has a certificate that expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if certificate.not_valid_before_utc > now.astimezone(UTC):
        return f"has a certificate that is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    if host and not covers(certificate, bare(host)):
        return f"has a certificate that does not cover the host {bare(host)}"
    return ""
