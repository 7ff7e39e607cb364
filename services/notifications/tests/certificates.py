"""An authority and a server's certificate, made for a test."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def server_context(folder: Path, name: str = "localhost") -> ssl.SSLContext:
    """Return the server's side of TLS; the authority's certificate is `ca.pem` in the folder."""
    authority = generate_private_key(SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority of a test")])
    ca = _certificate(ca_name, ca_name, authority, authority, x509.BasicConstraints(ca=True, path_length=0))
    (folder / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
    key = generate_private_key(SECP256R1())
    own = _certificate(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
        ca_name,
        key,
        authority,
        x509.SubjectAlternativeName([x509.DNSName(name)]),
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + own.public_bytes(Encoding.PEM)
    (folder / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    signer: EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    return builder.add_extension(extension, critical=False).sign(signer, hashes.SHA256())
