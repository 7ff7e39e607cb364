"""Making, listing and revoking API keys, on a real PostgreSQL."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database, Row
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from users.api_keys import MAX_KEYS
from users.service import SERVICE

Bearer = Callable[..., dict[str, str]]
KEYS = "/api/v1/api-keys"
NEW = {"name": "importer", "scopes": ["products:write", "products:read", "products:read"]}


def client_of(app: ServiceApp) -> ContractClient:
    made = ContractClient(app, app.response_class)
    made.service = SERVICE
    return made


def register(client: ContractClient, email: str = "ann@example.com") -> str:
    response = client.post("/api/v1/register", json={"email": email, "password": "correct horse", "name": "Ann"})
    assert response.status_code == 201, response.text
    return str(body_of(response)["id"])


def make(client: ContractClient, headers: dict[str, str], **changed: Any) -> dict[str, Any]:
    response = client.post(KEYS, json={**NEW, **changed}, headers=headers)
    assert response.status_code == 201, response.text
    return dict(body_of(response))


def rows(database: Database) -> list[Row]:
    return database.fetch_all("SELECT *, api_keys::text AS text FROM api_keys ORDER BY id")


def test_the_secret_is_shown_once_and_stored_as_a_hash(
    client: ContractClient, database: Database, bearer: Bearer
) -> None:
    headers = bearer(register(client))
    response = client.post(KEYS, json=NEW, headers=headers)
    assert (response.status_code, response.headers["Cache-Control"]) == (201, "no-store")
    key = dict(body_of(response))
    secret = key.pop("secret")
    assert secret.startswith("shopkey_")
    assert len(secret) == 51
    assert key["scopes"] == ["products:read", "products:write"]
    assert (key["name"], key["last_used_at"]) == ("importer", None)
    assert body_of(client.get(KEYS, headers=headers)) == {"items": [key], "next_cursor": None}
    [row] = rows(database)
    assert bytes(row["secret"]) == hashlib.sha256(secret.encode()).digest()
    assert secret not in row["text"]


@pytest.mark.parametrize(("more", "days"), [({}, 90), ({"expires_in_days": 1}, 1), ({"expires_in_days": 366}, 366)])
def test_a_key_has_an_end(
    client: ContractClient, database: Database, bearer: Bearer, more: dict[str, int], days: int
) -> None:
    make(client, bearer(register(client)), **more)
    found = database.fetch_row("SELECT extract(day FROM expires_at - created_at)::integer AS days FROM api_keys")
    assert found == {"days": days}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["products:read"] * 21}, "scopes"),
        ({"scopes": ["users:write"]}, "scopes[0]"),
        ({"scopes": ["products:read", "*"]}, "scopes[1]"),
        ({"scopes": "products:read"}, "scopes"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 367}, "expires_in_days"),
        ({"expires_in_days": None}, "expires_in_days"),
        ({"user_id": new_id()}, "user_id"),
        ({"secret": "mine"}, "secret"),
        ({"role": "admin"}, "role"),
    ],
)
def test_a_wrong_field_is_named_and_makes_no_key(
    client: ContractClient, database: Database, bearer: Bearer, changed: dict[str, Any], field: str
) -> None:
    headers = bearer(register(client))
    response = client.post(KEYS, json={**NEW, **changed}, headers=headers)
    assert response.status_code == 422
    assert [error["field"] for error in body_of(response)["errors"]] == [field]
    assert rows(database) == []


def test_ones_own_keys_are_listed_in_pages(client: ContractClient, bearer: Bearer) -> None:
    ann, bob = bearer(register(client)), bearer(register(client, "bob@example.com"))
    names = ["one", "two", "three"]
    for name in names:
        make(client, ann, name=name)
    make(client, bob)
    first = body_of(client.get(f"{KEYS}?limit=2", headers=ann))
    second = body_of(client.get(f"{KEYS}?limit=2&cursor={first['next_cursor']}", headers=ann))
    assert [item["name"] for item in first["items"] + second["items"]] == names
    assert second["next_cursor"] is None
    assert not [item for item in first["items"] if "secret" in item]


def test_only_the_owner_revokes_a_key(client: ContractClient, database: Database, bearer: Bearer) -> None:
    ann, bob = bearer(register(client)), bearer(register(client, "bob@example.com"))
    key, other = make(client, ann), make(client, ann)
    before = rows(database)
    path = f"{KEYS}/{key['id']}"
    assert client.delete(path).status_code == 401
    for headers in (bob, bearer(role="admin")):
        assert client.delete(path, headers=headers).status_code == 404
    assert client.delete(f"{KEYS}/{new_id()}", headers=ann).status_code == 404
    assert rows(database) == before
    assert client.delete(path, headers=ann).status_code == 204
    assert client.delete(path, headers=ann).status_code == 404
    assert [row["id"] for row in rows(database)] == [other["id"]]


def test_without_an_account_there_are_no_keys(client: ContractClient, database: Database, bearer: Bearer) -> None:
    assert client.post(KEYS, json=NEW).status_code == 401
    assert client.get(KEYS).status_code == 401
    assert client.post(KEYS, json=NEW, headers=bearer()).status_code == 401
    assert rows(database) == []


def test_the_keys_go_with_the_account(client: ContractClient, database: Database, bearer: Bearer) -> None:
    ann, bob = bearer(register(client)), bearer(register(client, "bob@example.com"))
    make(client, ann)
    kept = make(client, bob)
    assert client.delete("/api/v1/users/me", headers=ann).status_code == 204
    assert [row["id"] for row in rows(database)] == [kept["id"]]


def test_there_are_so_many_keys_and_no_more_however_many_ask_at_a_time(
    app: ServiceApp, database: Database, bearer: Bearer
) -> None:
    user_id = register(client_of(app))
    make(client_of(app), bearer(user_id))
    database.execute(
        "INSERT INTO api_keys (id, user_id, name, secret, scopes, expires_at)"
        " SELECT gen_random_uuid(), user_id, name, secret, scopes, expires_at FROM api_keys, generate_series(1, %s)",
        (MAX_KEYS - 4,),
    )
    together = threading.Barrier(8)

    def one(_number: int) -> int:
        together.wait(30)
        return client_of(app).post(KEYS, json=NEW, headers=bearer(user_id)).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = Counter(threads.map(one, range(8)))
    assert answers == {201: 3, 409: 5}
    assert len(rows(database)) == MAX_KEYS
