"""Tokens that are none of ours change nothing, wherever something could be changed."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shopkit.database import Database, Row
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import ISSUER
from users.signing import Signer, load_signing_keys

PASSWORD = "correct horse"
Forge = Callable[[str, Signer, Ed25519PrivateKey], str]


def unsigned(user_id: str, signer: Signer, _key: Ed25519PrivateKey) -> str:
    header, payload, _ = signer.sign(user_id, "admin").split(".")
    changed = {**json.loads(base64.urlsafe_b64decode(header + "==")), "alg": "none"}
    return f"{base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b'=').decode()}.{payload}."


def signed_with_the_public_key(user_id: str, signer: Signer, _key: Ed25519PrivateKey) -> str:
    [public] = signer.jwks()["keys"]
    claims = jwt.decode(signer.sign(user_id, "admin"), options={"verify_signature": False})
    return jwt.encode(claims, public["x"], algorithm="HS256", headers={"kid": public["kid"]})


def of_another_key(user_id: str, signer: Signer, _key: Ed25519PrivateKey) -> str:
    [public] = signer.jwks()["keys"]
    claims = jwt.decode(signer.sign(user_id, "admin"), options={"verify_signature": False})
    return jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": public["kid"]})


def with_another_payload(user_id: str, signer: Signer, _key: Ed25519PrivateKey) -> str:
    header, _, signature = signer.sign(new_id(), "customer").split(".")
    return f"{header}.{signer.sign(user_id, 'admin').split('.')[1]}.{signature}"


def expired(user_id: str, _signer: Signer, key: Ed25519PrivateKey) -> str:
    return Signer([key], ISSUER, clock=lambda: time.time() - 901).sign(user_id, "admin")


def of_another_shop(user_id: str, _signer: Signer, key: Ed25519PrivateKey) -> str:
    return Signer([key], f"{ISSUER}2").sign(user_id, "admin")


def for_another_audience(user_id: str, signer: Signer, key: Ed25519PrivateKey) -> str:
    token = signer.sign(user_id, "admin")
    claims = {**jwt.decode(token, options={"verify_signature": False}), "aud": "bank"}
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": jwt.get_unverified_header(token)["kid"]})


def state(database: Database) -> list[Row]:
    tables = ("users", "sessions", "api_keys", "login_throttles")
    return [row for table in tables for row in database.fetch_all(f"SELECT {table}::text FROM {table} ORDER BY 1")]


def attack(client: ContractClient, token: str, key_id: str) -> list[int]:
    headers = {"Authorization": f"Bearer {token}"}
    change = {"name": "Eve", "old_password": PASSWORD, "password": "battery staple"}
    answers: list[Any] = [
        client.patch("/api/v1/users/me", json=change, headers=headers),
        client.delete("/api/v1/users/me", headers=headers),
        client.post("/api/v1/api-keys", json={"name": "x", "scopes": ["users:read"]}, headers=headers),
        client.delete(f"/api/v1/api-keys/{key_id}", headers=headers),
        client.get("/api/v1/api-keys", headers=headers),
        client.get("/api/v1/users", headers=headers),
    ]
    return [answer.status_code for answer in answers]


@pytest.fixture
def ann(client: ContractClient) -> dict[str, str]:
    """An account with a session and an API key."""
    credentials = {"email": "ann@example.com", "password": PASSWORD}
    user = body_of(client.post("/api/v1/register", json={**credentials, "name": "Ann"}))
    session = body_of(client.post("/api/v1/login", json=credentials))
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    new = {"name": "robot", "scopes": ["users:read"]}
    key = body_of(client.post("/api/v1/api-keys", json=new, headers=headers))
    return {"id": user["id"], "key": key["id"], "secret": key["secret"], "refresh_token": session["refresh_token"]}


@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        signed_with_the_public_key,
        of_another_key,
        with_another_payload,
        expired,
        of_another_shop,
        for_another_audience,
    ],
)
def test_a_forged_token_changes_nothing(
    client: ContractClient, database: Database, ann: dict[str, str], signing_key: str, forge: Forge
) -> None:
    keys = load_signing_keys(signing_key)
    before = state(database)
    token = forge(ann["id"], Signer(keys, ISSUER), keys[0])
    assert attack(client, token, ann["key"]) == [401] * 6
    assert state(database) == before


@pytest.mark.parametrize("kind", ["refresh_token", "secret"])
def test_what_gets_tokens_is_none_itself(
    client: ContractClient, database: Database, ann: dict[str, str], kind: str
) -> None:
    before = state(database)
    assert attack(client, ann[kind], ann["key"]) == [401] * 6
    assert state(database) == before
