"""The service under test, with its own signing key instead of the key of the other services' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shopkit.app import ServiceApp, create_app
from shopkit.ids import new_id
from shopkit.service import Service
from shopkit.testing.tokens import ISSUER
from users.service import SERVICE
from users.signing import Signer, load_signing_keys

Bearer = Callable[..., dict[str, str]]
# A hash in a millisecond; the tests are about which hash is made when.
CHEAP = {"ARGON2_MEMORY_KIB": "1024", "ARGON2_TIME_COST": "1"}


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test."""
    return SERVICE


@pytest.fixture(scope="session")
def signing_key() -> str:
    """A private key as the secret holds it."""
    private = Ed25519PrivateKey.generate()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return private.private_bytes(encoding, form, serialization.NoEncryption()).decode()


@pytest.fixture(scope="module")
def extra_environ(signing_key: str) -> dict[str, str]:
    """The service's own variables; with this many threads ten requests at a time find room."""
    return {**CHEAP, "JWT_SIGNING_KEY": signing_key, "HTTP_THREADS": "16"}


@pytest.fixture(scope="module")
def app(service: Service[Any], environ: dict[str, str]) -> Iterator[ServiceApp]:
    """The application as it runs: it accepts the tokens that it signs."""
    made = create_app(service, environ)
    yield made
    made.runtime.database.close()


@pytest.fixture(scope="session")
def bearer(signing_key: str) -> Bearer:
    """Maker of headers with a token, as the service would sign it."""
    signer = Signer(load_signing_keys(signing_key), ISSUER)

    def headers(user_id: str | None = None, role: str = "customer") -> dict[str, str]:
        return {"Authorization": f"Bearer {signer.sign(user_id or new_id(), role)}"}

    return headers
