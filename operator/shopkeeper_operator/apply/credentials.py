"""Passwords and keys: drawn once from the system's secure source, and never shown."""

import json
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shopkeeper_operator.apply import issuer
from shopkeeper_operator.plan import broker
from shopkeeper_operator.plan.model import CreateSecret, SecretKind

_BYTES: Final = 24


def make(secret: CreateSecret) -> dict[str, str]:  # noqa: PLR0911 - a return per kind is the table that it is
    """Return the values of a new secret: those given, and fresh random ones."""
    match secret.kind:
        case SecretKind.SIGNING_KEY:
            return {"signing-key.pem": _signing_key()}
        case SecretKind.TOKEN:
            return {"token": secrets.token_urlsafe(_BYTES)}
        case SecretKind.SESSION_KEY:
            return {"session-key": secrets.token_urlsafe(_BYTES)}
        case SecretKind.DATABASE:
            return _database(secret.given)
        case SecretKind.SUPERUSER | SecretKind.ADMINISTRATOR:
            return {**secret.given, "password": secrets.token_urlsafe(_BYTES)}
        case SecretKind.ACCOUNT:
            return _account(secret.given)
        case SecretKind.BROKER:
            users = broker.definitions(json.loads(secret.given["passwords"]), secrets.token_bytes)
            return {broker.COOKIE: secrets.token_hex(_BYTES), broker.USERS: users}
        case SecretKind.AUTHORITY:
            return issuer.authority(secret.given)
        case SecretKind.CERTIFICATE:
            return issuer.certificate(secret.given)


def _signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _database(given: Mapping[str, str]) -> dict[str, str]:
    values = {key: value for key, value in given.items() if key != "options"}
    password = secrets.token_urlsafe(_BYTES)
    login = f"{quote(values['username'], safe='')}:{password}"
    uri = f"postgresql://{login}@{values['host']}:{values['port']}/{values['dbname']}"
    return values | {"password": password, "uri": f"{uri}?{given['options']}" if given["options"] else uri}


def _account(given: Mapping[str, str]) -> dict[str, str]:
    password = secrets.token_urlsafe(_BYTES)
    uri = f"amqp://{given['username']}:{password}@{given['host']}:{given['port']}/%2F"
    return {"username": given["username"], "password": password, "uri": uri}
