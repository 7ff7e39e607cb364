"""Changing and removing one's own account."""

from __future__ import annotations

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
from users.service import SERVICE

Bearer = Callable[..., dict[str, str]]
OLD, NEW = "correct horse", "battery staple"
ME = "/api/v1/users/me"


def register(client: ContractClient, email: str = "ann@example.com") -> dict[str, Any]:
    response = client.post("/api/v1/register", json={"email": email, "password": OLD, "name": "Ann"})
    assert response.status_code == 201, response.text
    return dict(body_of(response))


def status_of_login(client: ContractClient, password: str, email: str = "ann@example.com") -> int:
    return client.post("/api/v1/login", json={"email": email, "password": password}).status_code


def rows(database: Database) -> list[Row]:
    return database.fetch_all("SELECT * FROM users ORDER BY id")


def test_a_new_name(client: ContractClient, bearer: Bearer, database: Database) -> None:
    user, other = register(client), register(client, "bob@example.com")
    response = client.patch(ME, json={"name": "Ann B."}, headers=bearer(user["id"]))
    assert (response.status_code, response.json) == (200, {**user, "name": "Ann B."})
    assert body_of(client.get(ME, headers=bearer(user["id"]))) == {**user, "name": "Ann B."}
    assert body_of(client.get(ME, headers=bearer(other["id"]))) == other
    assert status_of_login(client, OLD) == 200
    assert [row["password_version"] for row in rows(database)] == [1, 1]


@pytest.mark.parametrize(("more", "name"), [({}, "Ann"), ({"name": "Ann B."}, "Ann B."), ({"name": None}, "Ann")])
def test_a_new_password_replaces_the_old(
    client: ContractClient, bearer: Bearer, database: Database, more: dict[str, Any], name: str
) -> None:
    user = register(client)
    body = {"old_password": OLD, "password": NEW, **more}
    response = client.patch(ME, json=body, headers=bearer(user["id"]))
    assert (response.status_code, response.json) == (200, {**user, "name": name})
    assert (status_of_login(client, OLD), status_of_login(client, NEW)) == (401, 200)
    [row] = rows(database)
    assert (row["password_version"], row["updated_at"] > row["created_at"]) == (2, True)


@pytest.mark.parametrize("body", [{}, {"name": None}, {"password": None, "old_password": None}])
def test_what_is_left_out_stays(client: ContractClient, bearer: Bearer, database: Database, body: Any) -> None:
    user = register(client)
    before = rows(database)
    response = client.patch(ME, json=body, headers=bearer(user["id"]))
    assert (response.status_code, response.json) == (200, user)
    assert rows(database) == before


def test_a_wrong_old_password_changes_nothing(client: ContractClient, bearer: Bearer, database: Database) -> None:
    user = register(client)
    before = rows(database)
    body = {"old_password": "wrong horse", "password": NEW, "name": "Eve"}
    response = client.patch(ME, json=body, headers=bearer(user["id"]))
    assert response.status_code == 403
    assert body_of(response)["type"] == "https://shopkeeper.dev/problems/wrong-password"
    assert rows(database) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": NEW}, "old_password"),
        ({"old_password": OLD}, "password"),
        ({"old_password": OLD, "password": "1234567"}, "password"),
        ({"old_password": OLD, "password": "x" * 129}, "password"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 7}, "name"),
        ({"name": "Ann", "role": "admin"}, "role"),
        ({"name": "Ann", "email": "eve@example.com"}, "email"),
        ({"id": new_id()}, "id"),
        ({"password_hash": "x"}, "password_hash"),
        ({"password_version": 7}, "password_version"),
    ],
)
def test_a_wrong_field_is_named_and_changes_nothing(
    client: ContractClient, bearer: Bearer, database: Database, body: dict[str, Any], field: str
) -> None:
    user = register(client)
    before = rows(database)
    response = client.patch(ME, json=body, headers=bearer(user["id"]))
    assert response.status_code == 422
    assert [error["field"] for error in body_of(response)["errors"]] == [field]
    assert rows(database) == before


def test_of_two_changes_at_a_time_one_wins(app: ServiceApp, database: Database, bearer: Bearer) -> None:
    def client() -> ContractClient:
        made = ContractClient(app, app.response_class)
        made.service = SERVICE
        return made

    user = register(client())
    together = threading.Barrier(3)

    def change(number: int) -> int:
        together.wait(30)
        body = {"old_password": OLD, "password": f"{NEW} {number}"}
        return client().patch(ME, json=body, headers=bearer(user["id"])).status_code

    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(change, range(3)))
    assert Counter(answers) == {200: 1, 403: 2}
    logins = [status_of_login(client(), f"{NEW} {number}") for number in range(3)]
    assert [login == 200 for login in logins] == [answer == 200 for answer in answers]
    assert [row["password_version"] for row in rows(database)] == [2]


def test_a_removed_account_is_gone_and_the_others_stay(
    client: ContractClient, bearer: Bearer, database: Database
) -> None:
    user, other = register(client), register(client, "bob@example.com")
    assert client.delete(ME, headers=bearer(user["id"])).status_code == 204
    assert [row["id"] for row in rows(database)] == [other["id"]]
    assert (status_of_login(client, OLD), status_of_login(client, OLD, "bob@example.com")) == (401, 200)
    again = register(client)
    assert again["id"] != user["id"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_the_token_of_a_removed_account_does_nothing(
    client: ContractClient, bearer: Bearer, database: Database, method: str
) -> None:
    user = register(client)
    client.delete(ME, headers=bearer(user["id"]))
    register(client)
    before = rows(database)
    for body in ({"name": "Eve"}, {"old_password": OLD, "password": NEW}):
        response = client.open(ME, method=method, json=body, headers=bearer(user["id"]))
        assert response.status_code == 401
        assert body_of(response)["detail"] == "The account of this token does not exist any more."
    assert rows(database) == before


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_without_a_token_nothing_changes(client: ContractClient, database: Database, method: str) -> None:
    register(client)
    before = rows(database)
    for headers in ({}, {"Authorization": "Bearer a.b.c"}):
        assert client.open(ME, method=method, json={"name": "Eve"}, headers=headers).status_code == 401
    assert rows(database) == before
