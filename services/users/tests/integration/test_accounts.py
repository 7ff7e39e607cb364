"""Registering, logging in and one's own account through the API, on a real PostgreSQL."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from shopkit.database import Database
from shopkit.ids import is_id, new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import ISSUER, Tokens

ANN = {"email": "Ann@Example.com", "password": "correct horse", "name": "Ann"}


def register(client: ContractClient, **changed: Any) -> dict[str, Any]:
    response = client.post("/api/v1/register", json={**ANN, **changed})
    assert response.status_code == 201, response.text
    return dict(body_of(response))


def log_in(client: ContractClient, email: str = ANN["email"], password: str = ANN["password"]) -> dict[str, str]:
    response = client.post("/api/v1/login", json={"email": email, "password": password})
    assert response.status_code == 200, response.text
    return {"Authorization": f"Bearer {body_of(response)['access_token']}"}


def count(database: Database) -> int:
    return int(database.fetch_row("SELECT count(*) AS n FROM users")["n"])


def test_a_registered_user_is_a_customer(client: ContractClient) -> None:
    response = client.post("/api/v1/register", json=ANN)
    assert response.status_code == 201
    user = dict(body_of(response))
    assert response.headers["Location"] == f"/api/v1/users/{user['id']}"
    assert is_id(user["id"])
    assert user["created_at"].endswith("Z")
    del user["id"], user["created_at"]
    assert user == {"email": "Ann@Example.com", "name": "Ann", "role": "customer"}


def test_the_whole_way_from_registration_to_ones_own_account(client: ContractClient) -> None:
    user = register(client)
    response = client.get("/api/v1/users/me", headers=log_in(client))
    assert (response.status_code, response.json) == (200, user)


def test_a_login_gives_a_token_of_fifteen_minutes(client: ContractClient) -> None:
    user = register(client)
    response = client.post("/api/v1/login", json={"email": ANN["email"], "password": ANN["password"]})
    body = dict(body_of(response))
    token = body.pop("access_token")
    assert len(body.pop("refresh_token")) == 64
    assert (response.status_code, body) == (200, {"token_type": "Bearer", "expires_in": 900})
    assert response.headers["Cache-Control"] == "no-store"
    [key] = body_of(client.get("/.well-known/jwks.json"))["keys"]
    claims = jwt.decode(token, jwt.PyJWK(key).key, algorithms=["EdDSA"], audience="shop", issuer=ISSUER)
    assert jwt.get_unverified_header(token)["kid"] == key["kid"]
    assert (claims["sub"], claims["role"], claims["exp"] - claims["iat"]) == (user["id"], "customer", 900)


@pytest.mark.parametrize("email", ["Ann@Example.com", "ann@example.com", "ANN@EXAMPLE.COM"])
def test_case_does_not_matter_in_an_address(client: ContractClient, database: Database, email: str) -> None:
    user = register(client)
    assert body_of(client.get("/api/v1/users/me", headers=log_in(client, email))) == user
    taken = client.post("/api/v1/register", json={"email": email, "password": "another one", "name": "Eve"})
    assert taken.status_code == 409
    assert body_of(taken) == {
        "type": "https://shopkeeper.dev/problems/email-taken",
        "title": "The e-mail address is taken",
        "status": 409,
        "detail": "There is an account with this e-mail address: log in, or take another one.",
        "instance": "/api/v1/register",
        "errors": [{"field": "email", "detail": "is taken"}],
    }
    assert count(database) == 1
    log_in(client)  # with the first password


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client: ContractClient) -> None:
    register(client)
    wrong = client.post("/api/v1/login", json={"email": ANN["email"], "password": "wrong horse"})
    unknown = client.post("/api/v1/login", json={"email": "eve@example.com", "password": "wrong horse"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.get_data() == unknown.get_data()
    differing = {"X-Request-Id"}
    assert [h for h in wrong.headers if h[0] not in differing] == [h for h in unknown.headers if h[0] not in differing]
    assert body_of(wrong)["detail"] == "The e-mail address or the password is wrong."


@pytest.mark.parametrize(
    ("changed", "field", "detail"),
    [
        ({"email": "ann"}, "email", "must be an e-mail address such as ann@example.com"),
        ({"email": "a" * 243 + "@example.com"}, "email", "String should have at most 254 characters"),
        ({"email": None}, "email", "Input should be a valid string"),
        ({"password": "1234567"}, "password", "String should have at least 8 characters"),
        ({"password": "x" * 129}, "password", "String should have at most 128 characters"),
        ({"password": 12345678}, "password", "Input should be a valid string"),
        ({"password": "12345678\x00"}, "password", "contains a NUL character"),
        ({"name": ""}, "name", "String should have at least 1 character"),
        ({"name": "x" * 201}, "name", "String should have at most 200 characters"),
        ({"role": "admin"}, "role", "is not known"),
        ({"id": new_id()}, "id", "is not known"),
    ],
)
def test_a_wrong_field_of_a_registration_is_named(
    client: ContractClient, database: Database, changed: dict[str, Any], field: str, detail: str
) -> None:
    response = client.post("/api/v1/register", json={**ANN, **changed})
    assert response.status_code == 422
    assert body_of(response)["errors"] == [{"field": field, "detail": detail}]
    assert count(database) == 0


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["email", "password"]),
        ({"email": "ann@example.com"}, ["password"]),
        ({"email": "ann@example.com", "password": "x" * 129}, ["password"]),
        ({"email": ["ann@example.com"], "password": {"$ne": ""}}, ["email", "password"]),
        ({"email": "ann@example.com", "password": "x", "role": "admin"}, ["role"]),
    ],
)
def test_a_wrong_field_of_a_login_is_named(client: ContractClient, body: dict[str, Any], fields: list[str]) -> None:
    response = client.post("/api/v1/login", json=body)
    assert response.status_code == 422
    assert [error["field"] for error in body_of(response)["errors"]] == fields


@pytest.mark.parametrize("raw", ["", "{", '{"email": "ann@example.com"', '{"password": "\\ud800"}'])
def test_what_is_no_json_is_refused(client: ContractClient, raw: str) -> None:
    for path in ("/api/v1/register", "/api/v1/login"):
        assert client.post(path, data=raw, content_type="application/json").status_code == 400
        assert client.post(path, data=raw, content_type="text/plain").status_code == 415


@pytest.mark.parametrize("email", ["' OR 1=1 --", "%", "ann@example.com'; DROP TABLE users; --", ""])
def test_sql_in_an_address_is_an_unknown_address(client: ContractClient, database: Database, email: str) -> None:
    register(client)
    assert client.post("/api/v1/login", json={"email": email, "password": ANN["password"]}).status_code == 401
    assert count(database) == 1


def test_a_hash_of_an_older_cost_is_replaced_at_login(client: ContractClient, database: Database) -> None:
    register(client)
    # argon2id of "correct horse" with m=512, t=1, p=1.
    old = "$argon2id$v=19$m=512,t=1,p=1$zNNBmhkd/vQHjbyCuLB7ng$Ja5lZ6xdQ5LsjZCtPeN9kObXmvLQrNrW5EAABKR858o"
    database.execute("UPDATE users SET password_hash = %s", (old,))
    log_in(client)
    kept = database.fetch_row("SELECT password_hash, updated_at > created_at AS touched FROM users")
    assert kept["password_hash"].startswith("$argon2id$v=19$m=1024,t=1,p=1$")
    assert kept["touched"] is True
    log_in(client)
    assert database.fetch_row("SELECT password_hash FROM users")["password_hash"] == kept["password_hash"]


def test_the_password_is_stored_as_a_hash_only(client: ContractClient, database: Database) -> None:
    register(client)
    row = database.fetch_row("SELECT users::text AS text, password_hash FROM users")
    assert row["password_hash"].startswith("$argon2id$v=19$m=1024,t=1,p=1$")
    assert ANN["password"] not in row["text"]


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer x", "Basic YW5uOng=", "Bearer a.b.c"])
def test_without_a_valid_token_there_is_no_account(client: ContractClient, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert client.get("/api/v1/users/me", headers=headers).status_code == 401


def test_a_token_of_a_foreign_key_is_refused(client: ContractClient, tokens: Tokens) -> None:
    user = register(client)
    [key] = body_of(client.get("/.well-known/jwks.json"))["keys"]
    for forged in (Tokens(), Tokens(kid=key["kid"])):
        for headers in (forged.user(user["id"]), forged.admin()):
            assert client.get("/api/v1/users/me", headers=headers).status_code == 401
            assert client.get("/api/v1/users", headers=headers).status_code == 401


def test_an_account_that_is_gone_has_no_token_any_more(client: ContractClient, database: Database) -> None:
    register(client)
    headers = log_in(client)
    database.execute("DELETE FROM users")
    response = client.get("/api/v1/users/me", headers=headers)
    assert response.status_code == 401
    assert body_of(response)["detail"] == "The account of this token does not exist any more."
