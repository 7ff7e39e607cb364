"""The token endpoint of OAuth 2.0, on a real PostgreSQL."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from shopkit.database import Database, Row
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import ISSUER

Bearer = Callable[..., dict[str, str]]
TOKEN, KEYS, ME = "/api/v1/oauth/token", "/api/v1/api-keys", "/api/v1/users/me"
PASSWORD = "correct horse"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def ann(client: ContractClient) -> str:
    """The id of an account."""
    body = {"email": "ann@example.com", "password": PASSWORD, "name": "Ann"}
    return str(body_of(client.post("/api/v1/register", json=body))["id"])


@pytest.fixture
def key(client: ContractClient, ann: str, bearer: Bearer) -> dict[str, Any]:
    """An API key that is good for reading accounts and products."""
    body = {"name": "robot", "scopes": ["users:read", "products:read"]}
    return dict(body_of(client.post(KEYS, json=body, headers=bearer(ann))))


def credentials(key: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {**GRANT, "client_id": key["id"], "client_secret": key["secret"], **changed}


def basic(key: dict[str, Any]) -> dict[str, str]:
    encoded = base64.b64encode(f"{key['id']}:{key['secret']}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def state(database: Database) -> list[Row]:
    tables = ("users", "sessions", "api_keys", "login_throttles")
    return [row for table in tables for row in database.fetch_all(f"SELECT {table}::text FROM {table} ORDER BY 1")]


def refused(response: Any, status: int, error: str) -> None:
    assert (response.status_code, response.mimetype) == (status, "application/json")
    body = body_of(response)
    assert (sorted(body), body["error"]) == (["error", "error_description"], error)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers.get("WWW-Authenticate") == ('Basic realm="shop"' if status == 401 else None)


def test_a_key_gives_a_short_token_with_its_scopes(client: ContractClient, ann: str, key: dict[str, Any]) -> None:
    response = client.post(TOKEN, data=credentials(key))
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert response.headers["Pragma"] == "no-cache"
    body = dict(body_of(response))
    token = body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 300, "scope": "products:read users:read"}
    [public] = body_of(client.get("/.well-known/jwks.json"))["keys"]
    claims = jwt.decode(token, jwt.PyJWK(public).key, algorithms=["EdDSA"], audience="shop", issuer=ISSUER)
    assert (claims["sub"], claims["role"], claims["client_id"]) == (ann, "customer", key["id"])
    assert (claims["scope"], claims["exp"] - claims["iat"]) == ("products:read users:read", 300)


def test_the_credentials_may_be_in_the_header(client: ContractClient, key: dict[str, Any]) -> None:
    response = client.post(TOKEN, data={**GRANT, "scope": "users:read"}, headers=basic(key))
    assert (response.status_code, body_of(response)["scope"]) == (200, "users:read")


def test_unknown_and_empty_parameters_do_no_harm(client: ContractClient, key: dict[str, Any]) -> None:
    response = client.post(TOKEN, data=credentials(key, scope="", resource="https://example.com"))
    assert (response.status_code, body_of(response)["scope"]) == (200, "products:read users:read")


def test_a_machine_reads_but_changes_no_account_and_makes_no_key(
    client: ContractClient, database: Database, ann: str, key: dict[str, Any]
) -> None:
    token = body_of(client.post(TOKEN, data=credentials(key)))["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert body_of(client.get(ME, headers=headers))["id"] == ann
    assert [item["id"] for item in body_of(client.get(KEYS, headers=headers))["items"]] == [key["id"]]
    assert client.get("/api/v1/users", headers=headers).status_code == 403
    before = state(database)
    change = {"old_password": PASSWORD, "password": "battery staple"}
    answers = [
        client.patch(ME, json=change, headers=headers),
        client.delete(ME, headers=headers),
        client.post(KEYS, json={"name": "x", "scopes": ["orders:write"]}, headers=headers),
        client.delete(f"{KEYS}/{key['id']}", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert {body_of(answer)["type"].rpartition("/")[2] for answer in answers} == {"insufficient-scope"}
    assert state(database) == before


def test_another_scope_does_not_even_read(client: ContractClient, key: dict[str, Any]) -> None:
    token = body_of(client.post(TOKEN, data=credentials(key, scope="products:read")))["access_token"]
    response = client.get(ME, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 403
    assert 'scope="users:read"' in response.headers["WWW-Authenticate"]


def test_the_key_of_an_administrator_administers_within_its_scopes(
    client: ContractClient, database: Database, key: dict[str, Any]
) -> None:
    database.execute("UPDATE users SET role = 'admin'")
    token = body_of(client.post(TOKEN, data=credentials(key)))["access_token"]
    assert client.get("/api/v1/users", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_last_use_is_noted(client: ContractClient, ann: str, key: dict[str, Any], bearer: Bearer) -> None:
    assert key["last_used_at"] is None
    client.post(TOKEN, data=credentials(key))
    [item] = body_of(client.get(KEYS, headers=bearer(ann)))["items"]
    assert item["last_used_at"] >= item["created_at"]


@pytest.mark.parametrize(
    "changed",
    [
        {"client_secret": "shopkey_wrong"},
        {"client_secret": "x\x00"},
        {"client_secret": ""},
        {"client_id": ""},
        {"client_id": "root"},
        {"client_id": "' OR 1=1 --"},
        {"client_id": "00000000-0000-7000-8000-000000000000"},
    ],
)
def test_wrong_credentials_change_nothing(
    client: ContractClient, database: Database, key: dict[str, Any], changed: dict[str, str]
) -> None:
    before = state(database)
    refused(client.post(TOKEN, data=credentials(key, **changed)), 401, "invalid_client")
    assert state(database) == before


def test_the_secret_of_another_key_is_a_wrong_one(
    client: ContractClient, database: Database, ann: str, key: dict[str, Any], bearer: Bearer
) -> None:
    other = body_of(client.post(KEYS, json={"name": "x", "scopes": ["orders:read"]}, headers=bearer(ann)))
    before = state(database)
    refused(client.post(TOKEN, data=credentials(key, client_secret=other["secret"])), 401, "invalid_client")
    assert state(database) == before


@pytest.mark.parametrize("how", ["revoked", "expired", "without its owner"])
def test_a_key_that_is_no_more_gives_no_token(
    client: ContractClient, database: Database, ann: str, key: dict[str, Any], bearer: Bearer, how: str
) -> None:
    if how == "revoked":
        client.delete(f"{KEYS}/{key['id']}", headers=bearer(ann))
    elif how == "expired":
        database.execute("UPDATE api_keys SET expires_at = now()")
    else:
        client.delete(ME, headers=bearer(ann))
    before = state(database)
    refused(client.post(TOKEN, data=credentials(key)), 401, "invalid_client")
    assert state(database) == before


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, "invalid_request"),
        ({"scope": "products:write"}, "invalid_scope"),
        ({"scope": "users:read products:write"}, "invalid_scope"),
        ({"scope": "users:write"}, "invalid_scope"),
    ],
)
def test_a_wrong_request_changes_nothing(
    client: ContractClient, database: Database, key: dict[str, Any], changed: dict[str, Any], error: str
) -> None:
    before = state(database)
    refused(client.post(TOKEN, data=credentials(key, **changed)), 400, error)
    assert state(database) == before


def test_credentials_at_two_places_are_refused(client: ContractClient, database: Database, key: dict[str, Any]) -> None:
    before = state(database)
    refused(client.post(TOKEN, data=credentials(key), headers=basic(key)), 400, "invalid_request")
    assert state(database) == before


def test_a_body_that_is_no_form_is_refused(client: ContractClient, database: Database, key: dict[str, Any]) -> None:
    before = state(database)
    assert client.post(TOKEN, json=credentials(key)).status_code == 415
    assert client.post(TOKEN, data=credentials(key), content_type="multipart/form-data").status_code == 415
    assert client.post(TOKEN, data=credentials(key, scope="x" * 1_048_576)).status_code == 413
    assert state(database) == before


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", "invalid_request"),
        (b"\xff", "invalid_request"),
        (b"grant_type", "invalid_request"),
        (b"grant_type=%00&&=%ff", "unsupported_grant_type"),
        (b"grant_type=client_credentials;scope=x", "unsupported_grant_type"),
    ],
)
def test_a_form_of_nonsense_is_refused(
    client: ContractClient, database: Database, key: dict[str, Any], raw: bytes, error: str
) -> None:
    before = state(database)
    response = client.post(TOKEN, data=raw, content_type="application/x-www-form-urlencoded")
    refused(response, 400, error)
    assert state(database) == before


def test_a_refresh_token_is_renewed_here_too(client: ContractClient, ann: str) -> None:
    login = body_of(client.post("/api/v1/login", json={"email": "ann@example.com", "password": PASSWORD}))
    form = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"]}
    response = client.post(TOKEN, data=form)
    assert response.status_code == 200
    body = dict(body_of(response))
    assert sorted(body) == ["access_token", "expires_in", "refresh_token", "token_type"]
    assert client.get(ME, headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 200
    refused(client.post(TOKEN, data=form), 400, "invalid_grant")
    again = client.post("/api/v1/token/refresh", json={"refresh_token": body["refresh_token"]})
    assert again.status_code == 401, "the reuse has ended the session"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"refresh_token": ""}, "invalid_request"),
        ({"refresh_token": new_id()}, "invalid_grant"),
        ({"refresh_token": "x" * 64}, "invalid_grant"),
        ({"scope": "users:read"}, "invalid_scope"),
    ],
)
def test_a_wrong_refresh_changes_nothing(
    client: ContractClient, database: Database, ann: str, changed: dict[str, str], error: str
) -> None:
    login = body_of(client.post("/api/v1/login", json={"email": "ann@example.com", "password": PASSWORD}))
    before = state(database)
    form = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"], **changed}
    refused(client.post(TOKEN, data=form), 400, error)
    assert state(database) == before
    form["refresh_token"] = login["refresh_token"]
    form.pop("scope", None)
    assert client.post(TOKEN, data=form).status_code == 200
