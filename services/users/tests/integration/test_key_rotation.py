"""Several signing keys at a time, through the API."""

from __future__ import annotations

from collections.abc import Iterator

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shopkit.app import ServiceApp, create_app
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import ISSUER
from users.service import SERVICE
from users.signing import Signer

OLD, NEW, FOREIGN = (Ed25519PrivateKey.generate() for _ in range(3))


def pem(key: Ed25519PrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


@pytest.fixture
def changing(environ: dict[str, str], database: Database) -> Iterator[ContractClient]:
    """A client of the service in the second step of a change of keys."""
    app: ServiceApp = create_app(SERVICE, {**environ, "JWT_SIGNING_KEY": pem(NEW) + pem(OLD)})
    made = ContractClient(app, app.response_class)
    made.service = SERVICE
    yield made
    app.runtime.database.close()


def administrator(key: Ed25519PrivateKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {Signer([key], ISSUER).sign(new_id(), 'admin')}"}


def test_both_keys_are_published(changing: ContractClient) -> None:
    published = body_of(changing.get("/.well-known/jwks.json"))
    assert published == Signer([NEW, OLD], ISSUER).jwks()
    assert [sorted(key) for key in published["keys"]] == [["alg", "crv", "kid", "kty", "use", "x"]] * 2


@pytest.mark.parametrize(("key", "status"), [(OLD, 200), (NEW, 200), (FOREIGN, 401)], ids=["old", "new", "foreign"])
def test_tokens_of_both_keys_are_accepted_and_no_others(
    changing: ContractClient, key: Ed25519PrivateKey, status: int
) -> None:
    assert changing.get("/api/v1/users", headers=administrator(key)).status_code == status


def test_a_login_is_signed_with_the_first_key(changing: ContractClient) -> None:
    credentials = {"email": "ann@example.com", "password": "correct horse"}
    changing.post("/api/v1/register", json={**credentials, "name": "Ann"})
    token = body_of(changing.post("/api/v1/login", json=credentials))["access_token"]
    key = NEW.public_key()
    assert jwt.decode(token, key, algorithms=["EdDSA"], audience="shop")["role"] == "customer"
