"""The administrator that the migration job makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shopkit.app import ServiceApp
from shopkit.commands import migrate
from shopkit.database import Database, Row
from shopkit.settings import SettingsError
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.postgres import Templates

Bearer = Callable[..., dict[str, str]]
Migrate = Callable[..., None]
EMAIL, PASSWORD = "Boss@Example.com", "swordfish-1"
CHEAP = {"ARGON2_MEMORY_KIB": "1024", "ARGON2_TIME_COST": "1"}


@pytest.fixture
def run(app: ServiceApp, database: Database, database_templates: Templates) -> Migrate:
    """The migration job, on the emptied database."""
    owner = database_templates.owner_url(app.runtime.settings.database_url, "users")

    def job(**variables: str) -> None:
        migrate("users", {**CHEAP, "DATABASE_URL": owner, "DATABASE_RUNTIME_ROLE": "users", **variables})

    return job


def rows(database: Database) -> list[Row]:
    return database.fetch_all("SELECT * FROM users ORDER BY id")


def status(client: ContractClient, password: str, email: str = EMAIL) -> int:
    return client.post("/api/v1/login", json={"email": email, "password": password}).status_code


def test_the_administrator_can_log_in_and_administer(run: Migrate, client: ContractClient) -> None:
    run(ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    answer = body_of(client.post("/api/v1/login", json={"email": EMAIL.lower(), "password": PASSWORD}))
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    [admin] = body_of(client.get("/api/v1/users", headers=headers))["items"]
    assert (admin["email"], admin["name"], admin["role"]) == (EMAIL, "Administrator", "admin")
    assert body_of(client.get("/api/v1/users/me", headers=headers)) == admin


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper()])
def test_running_again_changes_nothing(run: Migrate, database: Database, email: str) -> None:
    run(ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    before = rows(database)
    run(ADMIN_EMAIL=email, ADMIN_PASSWORD=PASSWORD)
    assert rows(database) == before
    assert len(before) == 1


def test_a_changed_password_replaces_the_old(run: Migrate, client: ContractClient, database: Database) -> None:
    run(ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    [before] = rows(database)
    session = body_of(client.post("/api/v1/login", json={"email": EMAIL, "password": PASSWORD}))
    run(ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD="swordfish-2")
    [after] = rows(database)
    refresh = client.post("/api/v1/token/refresh", json={"refresh_token": session["refresh_token"]})
    assert refresh.status_code == 401
    assert (status(client, PASSWORD), status(client, "swordfish-2")) == (401, 200)
    assert after["updated_at"] > before["updated_at"]
    kept = ("id", "email", "name", "role", "created_at")
    assert [after[name] for name in kept] == [before[name] for name in kept]


def test_a_customer_with_that_address_becomes_administrator(
    run: Migrate, client: ContractClient, database: Database
) -> None:
    squatter = {"email": EMAIL.lower(), "password": "squatters own", "name": "Eve"}
    user = body_of(client.post("/api/v1/register", json=squatter))
    run(ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    [row] = rows(database)
    assert (row["id"], row["role"]) == (user["id"], "admin")
    assert (status(client, "squatters own"), status(client, PASSWORD)) == (401, 200)


def test_a_demoted_administrator_is_one_again(run: Migrate, client: ContractClient, database: Database) -> None:
    run(ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    database.execute("UPDATE users SET role = 'customer'")
    run(ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    assert [row["role"] for row in rows(database)] == ["admin"]
    assert status(client, PASSWORD) == 200


def test_other_accounts_are_left_alone(run: Migrate, client: ContractClient, database: Database) -> None:
    client.post("/api/v1/register", json={"email": "ann@example.com", "password": "correct horse", "name": "Ann"})
    [ann] = rows(database)
    run(ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    assert rows(database)[0] == ann
    assert len(rows(database)) == 2


def test_without_variables_there_is_no_administrator(run: Migrate, database: Database) -> None:
    run()
    assert rows(database) == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ADMIN_EMAIL": EMAIL}, "belong together"),
        ({"ADMIN_PASSWORD": PASSWORD}, "belong together"),
        ({"ADMIN_EMAIL": "boss", "ADMIN_PASSWORD": PASSWORD}, "ADMIN_EMAIL must be an e-mail address"),
        ({"ADMIN_EMAIL": EMAIL, "ADMIN_PASSWORD": "short"}, "ADMIN_PASSWORD must have from 8 to 128 characters"),
    ],
)
def test_wrong_variables_are_named_without_their_values(
    run: Migrate, database: Database, variables: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        run(**variables)
    assert not [value for value in variables.values() if value in str(caught.value)]
    assert rows(database) == []
