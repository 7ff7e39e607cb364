"""What administrators see, and the public keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of

Bearer = Callable[..., dict[str, str]]


def register(client: ContractClient, email: str) -> dict[str, Any]:
    response = client.post("/api/v1/register", json={"email": email, "password": "correct horse", "name": "Ann"})
    assert response.status_code == 201, response.text
    return dict(body_of(response))


def test_an_administrator_reads_every_account(client: ContractClient, bearer: Bearer) -> None:
    user = register(client, "ann@example.com")
    for user_id in (user["id"], user["id"].upper()):
        response = client.get(f"/api/v1/users/{user_id}", headers=bearer(role="admin"))
        assert (response.status_code, response.json) == (200, user)


def test_accounts_are_listed_in_pages_the_oldest_first(client: ContractClient, bearer: Bearer) -> None:
    users = [register(client, f"user{number}@example.com") for number in range(5)]
    seen, cursor = [], ""
    for size in (2, 2, 1):
        page = body_of(client.get(f"/api/v1/users?limit=2{cursor}", headers=bearer(role="admin")))
        assert len(page["items"]) == size
        seen += page["items"]
        cursor = f"&cursor={page['next_cursor']}"
    assert (seen, cursor) == (users, "&cursor=None")


@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v1/users/{id}"])
def test_customers_do_not_read_accounts_not_even_their_own(client: ContractClient, bearer: Bearer, path: str) -> None:
    user = register(client, "ann@example.com")
    path = path.format(id=user["id"])
    assert client.get(path).status_code == 401
    assert client.get(path, headers=bearer(user["id"])).status_code == 403


def test_an_unknown_account_is_not_found(client: ContractClient, bearer: Bearer) -> None:
    user_id = new_id()
    response = client.get(f"/api/v1/users/{user_id}", headers=bearer(role="admin"))
    assert (response.status_code, body_of(response)["detail"]) == (404, f"There is no user {user_id}.")
    assert client.get("/api/v1/users/you", headers=bearer(role="admin")).status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x", "email=ann@example.com"])
def test_a_wrong_query_parameter_is_named(client: ContractClient, bearer: Bearer, query: str) -> None:
    response = client.get(f"/api/v1/users?{query}", headers=bearer(role="admin"))
    assert response.status_code == 422
    assert [error["field"] for error in body_of(response)["errors"]] == [query.partition("=")[0]]


def test_the_keys_are_public_and_may_be_kept_five_minutes(client: ContractClient) -> None:
    response = client.get("/.well-known/jwks.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.headers["Cache-Control"] == "public, max-age=300"
    [key] = body_of(response)["keys"]
    assert sorted(key) == ["alg", "crv", "kid", "kty", "use", "x"]
    assert (key["alg"], key["crv"], key["kty"], key["use"]) == ("EdDSA", "Ed25519", "OKP", "sig")


def test_ready_once_migrated(client: ContractClient) -> None:
    assert (client.get("/livez").status_code, client.get("/readyz").status_code) == (200, 200)
