"""Attacks on accounts, on a real PostgreSQL: what is refused changes nothing. Forged tokens: test_forged_tokens.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shopkit.database import Database
from shopkit.testing import attacks
from shopkit.testing.attacks import Target
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens
from users.signing import Signer, load_signing_keys

PASSWORD = "correct horse"
ANN = {"email": "ann@example.com", "password": PASSWORD}
BODIES: dict[str, Any] = {
    "POST /api/v1/register": {"email": "eve@example.com", "password": PASSWORD, "name": "Eve"},
    "POST /api/v1/login": ANN,
    "PATCH /api/v1/users/me": {"name": "Eve"},
    "POST /api/v1/token/refresh": {"refresh_token": "x"},
    "POST /api/v1/logout": {"refresh_token": "x"},
    "POST /api/v1/api-keys": {"name": "robot", "scopes": ["users:read"]},
}


@pytest.fixture
def genuine(signing_key: str) -> Tokens:
    """A maker of the tokens that this service signs."""
    [key] = load_signing_keys(signing_key)
    [public] = Signer([key], "x").jwks()["keys"]
    tokens = Tokens(public["kid"])
    tokens._private = key
    return tokens


@pytest.fixture
def target(client: ContractClient, database: Database, genuine: Tokens) -> Target:
    """An account with a session and an API key."""
    user_id = body_of(client.post("/api/v1/register", json={**ANN, "name": "Ann"}))["id"]
    assert client.post("/api/v1/login", json=ANN).status_code == 200
    own = genuine.user(user_id)
    key = body_of(client.post("/api/v1/api-keys", json=BODIES["POST /api/v1/api-keys"], headers=own))
    return Target(client, database, genuine, {"user_id": user_id, "key_id": key["id"]}, BODIES, user_id)


@pytest.mark.parametrize(
    ("attack", "least"),
    [
        (attacks.forged_tokens_change_nothing, 80),
        (attacks.foreign_fields_change_nothing, 45),
        (attacks.monstrous_bodies_change_nothing, 18),
        (attacks.injections_change_nothing, 20),
    ],
)
def test_an_attack_changes_nothing(target: Target, attack: Callable[[Target], int], least: int) -> None:
    assert attack(target) >= least


def test_nobody_registers_as_an_administrator(target: Target) -> None:
    before = target.rows()
    body = BODIES["POST /api/v1/register"]
    for changed in ({"role": "admin"}, {"is_admin": True}, {"scopes": ["*"]}, {"password_hash": "x"}):
        assert target.client.post("/api/v1/register", json={**body, **changed}).status_code == 422
    assert (
        target.client.patch(
            "/api/v1/users/me", json={"role": "admin"}, headers=target.tokens.user(target.owner)
        ).status_code
        == 422
    )
    assert target.rows() == before


def test_other_peoples_accounts_and_keys_are_out_of_reach(target: Target, genuine: Tokens) -> None:
    before, eve = target.rows(), genuine.user()
    assert target.client.get(f"/api/v1/users/{target.owner}", headers=eve).status_code == 403
    assert target.client.get("/api/v1/users", headers=eve).status_code == 403
    assert target.client.delete(f"/api/v1/api-keys/{target.ids['key_id']}", headers=eve).status_code in (401, 404)
    assert target.client.patch("/api/v1/users/me", json={"name": "Eve"}, headers=eve).status_code == 401
    assert target.rows() == before
