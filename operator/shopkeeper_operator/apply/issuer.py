"""An authority of each Shop, and the gateway's certificate signed by it: ECDSA on P-256."""

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from shopkeeper_operator.plan import certificates

#: A clock that is a little behind must not find the certificate too young.
_BACKDATED: Final = timedelta(minutes=5)
_NOTHING: Final = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


def authority(given: Mapping[str, str]) -> dict[str, str]:
    """Return the secret of a new authority. `given` holds its `name` and the time `now`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(given["name"])
    builder = (
        _builder(name, name, key, datetime.fromisoformat(given["now"]), certificates.AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**_NOTHING | {"key_cert_sign": True, "crl_sign": True}), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    return {
        certificates.CERTIFICATE: _pem(builder.sign(key, hashes.SHA256())),
        certificates.PRIVATE_KEY: _key_pem(key),
    }


def certificate(given: Mapping[str, str]) -> dict[str, str]:
    """Return the secret of a new certificate.

    `given` holds the `hosts` it covers, separated by commas, the authority's `ca.crt` and `ca.key`, and the time `now`.
    """
    issuer = x509.load_pem_x509_certificate(given["ca.crt"].encode())
    signer = load_pem_private_key(given["ca.key"].encode(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is not on an elliptic curve")
    key = ec.generate_private_key(ec.SECP256R1())
    hosts = given["hosts"].split(",")
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    builder = (
        _builder(
            _named(hosts[0][:64]), issuer.subject, key, datetime.fromisoformat(given["now"]), certificates.LIFETIME
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**_NOTHING | {"digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    return {
        certificates.CERTIFICATE: _pem(builder.sign(signer, hashes.SHA256())),
        certificates.PRIVATE_KEY: _key_pem(key),
        certificates.AUTHORITY: given["ca.crt"],
    }


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    if certificates.is_address(host):
        return x509.IPAddress(ipaddress.ip_address(host))
    return x509.DNSName(host)


def _pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
