"""What is drawn at random."""

from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from shopkeeper_operator.apply import credentials
from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.plan.model import CreateSecret, SecretKind

DATABASE = {"username": "users", "host": "demo-postgres", "port": "5432", "dbname": "users", "options": ""}


def make(kind: SecretKind, **given: str) -> dict[str, str]:
    """Return the values of a new secret."""
    return credentials.make(CreateSecret(Ref("Secret", "shops", "x"), {}, kind, given))


@pytest.mark.parametrize(
    ("kind", "given", "keys"),
    [
        (SecretKind.SUPERUSER, {"username": "postgres"}, {"username", "password"}),
        (SecretKind.ADMINISTRATOR, {"email": "admin@example.com"}, {"email", "password"}),
        (SecretKind.TOKEN, {}, {"token"}),
        (SecretKind.SESSION_KEY, {}, {"session-key"}),
        (SecretKind.SIGNING_KEY, {}, {"signing-key.pem"}),
        (SecretKind.DATABASE, DATABASE, {"username", "password", "host", "port", "dbname", "uri"}),
    ],
)
def test_each_secret_has_its_keys_and_is_another_one(kind: SecretKind, given: dict[str, str], keys: set[str]) -> None:
    first, second = make(kind, **given), make(kind, **given)

    assert first.keys() == keys
    assert first != second
    assert {key: first[key] for key in given if key != "options"} == {k: v for k, v in given.items() if k != "options"}


def test_a_password_is_long_and_needs_no_quoting() -> None:
    password = make(SecretKind.SUPERUSER, username="postgres")["password"]

    assert len(password) >= 32
    assert password.replace("-", "").replace("_", "").isalnum()


def test_the_uri_leads_to_the_database() -> None:
    made = make(SecretKind.DATABASE, **DATABASE | {"options": "sslmode=require"})

    uri = urlsplit(made["uri"])
    assert (uri.scheme, uri.username, uri.password) == ("postgresql", "users", made["password"])
    assert (uri.hostname, uri.port, uri.path, uri.query) == ("demo-postgres", 5432, "/users", "sslmode=require")


def test_the_signing_key_is_ed25519() -> None:
    pem = make(SecretKind.SIGNING_KEY)["signing-key.pem"]

    assert pem.startswith("-----BEGIN PRIVATE KEY-----")
    assert isinstance(load_pem_private_key(pem.encode(), None), Ed25519PrivateKey)
