"""Passwords and keys: drawn once from the system's secure source, and never shown."""

import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shopkeeper_operator.plan.model import CreateSecret, SecretKind

_BYTES: Final = 24


def make(secret: CreateSecret) -> dict[str, str]:
    """Return the values of a new secret: those given, and fresh random ones."""
    given = {key: value for key, value in secret.given.items() if key != "options"}
    match secret.kind:
        case SecretKind.SIGNING_KEY:
            return {"signing-key.pem": _signing_key()}
        case SecretKind.TOKEN:
            return {"token": secrets.token_urlsafe(_BYTES)}
        case SecretKind.DATABASE:
            return _database(given, secret.given.get("options", ""))
        case SecretKind.SUPERUSER | SecretKind.ADMINISTRATOR:
            return given | {"password": secrets.token_urlsafe(_BYTES)}


def _signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _database(given: Mapping[str, str], options: str) -> dict[str, str]:
    password = secrets.token_urlsafe(_BYTES)
    login = f"{quote(given['username'], safe='')}:{password}"
    uri = f"postgresql://{login}@{given['host']}:{given['port']}/{given['dbname']}"
    return dict(given) | {"password": password, "uri": f"{uri}?{options}" if options else uri}
