"""What is in the outbox after accounts have changed, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

from shopkit.app import ServiceApp
from shopkit.commands import migrate
from shopkit.database import Database
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.earlier import earlier_database
from shopkit.testing.messaging import Published
from shopkit.testing.postgres import Templates
from users.service import SERVICE

Bearer = Callable[..., dict[str, str]]
ANN = {"email": "ann@example.com", "password": "correct horse", "name": "Ann"}


def test_the_life_of_an_account_is_told(client: ContractClient, bearer: Bearer, published: Published) -> None:
    user_id = body_of(client.post("/api/v1/register", json=ANN))["id"]
    assert client.post("/api/v1/register", json=ANN).status_code == 409
    told = {"user_id": user_id, "email": "ann@example.com", "name": "Ann"}
    assert published.messages()[0]["subject"] == user_id
    assert published.of("user.registered") == [told]
    me = bearer(user_id)
    changes = (
        {"name": "Anna"},
        {"old_password": "correct horse", "password": "battery staple"},
        {"old_password": "battery staple", "password": "correct horse", "name": "Annie"},
    )
    for change in changes:
        assert client.patch("/api/v1/users/me", json=change, headers=me).status_code == 200
    assert published.of("user.updated") == [{**told, "name": "Anna"}, {**told, "name": "Annie"}]
    assert [client.delete("/api/v1/users/me", headers=me).status_code for _ in range(2)] == [204, 401]
    assert published.of("user.deleted") == [{"user_id": user_id}]
    assert len(published.keys()) == 4


def test_the_administrator_is_told_when_written(
    app: ServiceApp, database: Database, database_templates: Templates, published: Published
) -> None:
    owner = database_templates.owner_url(app.runtime.settings.database_url, "users")
    environ = {"ARGON2_MEMORY_KIB": "1024", "ARGON2_TIME_COST": "1", "DATABASE_URL": owner}
    for _ in range(2):
        migrate("users", {**environ, "ADMIN_EMAIL": "boss@example.com", "ADMIN_PASSWORD": "swordfish-1"})
    [told] = published.of("user.updated")
    row = database.fetch_row("SELECT id FROM users")
    assert told == {"user_id": row["id"], "email": "boss@example.com", "name": "Administrator"}


def test_who_was_there_before_is_told(postgres_url: str) -> None:
    user = "0197f0a0-0000-7000-8000-00000000000a"
    with earlier_database(postgres_url, SERVICE.folder / "migrations") as earlier:
        earlier.migrate(5)
        columns = "id, email, name, role, password_hash"
        earlier.run(f"INSERT INTO users ({columns}) VALUES (%s, 'a@b.c', 'A', 'admin', 'x')", user)
        earlier.migrate(1)
        [(event_id, kind, subject, data, trace)] = earlier.run(
            "SELECT id, type, subject, data, traceparent FROM outbox"
        )
    assert (event_id, kind, subject) == (user, "dev.shopkeeper.user.updated.v1", user)
    assert data == {"user_id": user, "email": "a@b.c", "name": "A"}
    assert len(trace) == 55
