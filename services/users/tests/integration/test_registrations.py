"""How many accounts are made from one address, on a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.testing.client import ContractClient, body_of
from users.service import SERVICE

_numbers = count()


@pytest.fixture(scope="module")
def extra_environ(signing_key: str) -> dict[str, str]:
    """Four an hour; with this many threads ten requests at a time find room."""
    cheap = {"ARGON2_MEMORY_KIB": "1024", "ARGON2_TIME_COST": "1", "HTTP_THREADS": "16"}
    return {**cheap, "JWT_SIGNING_KEY": signing_key, "REGISTRATIONS_PER_HOUR": "4"}


def register(client: ContractClient, address: str = "203.0.113.7") -> int:
    body = {"email": f"user{next(_numbers)}@example.com", "password": "correct horse", "name": "U"}
    return client.post("/api/v1/register", json=body, headers={"X-Forwarded-For": address}).status_code


def test_beyond_the_limit_nothing_is_made(client: ContractClient, database: Database) -> None:
    assert [register(client) for _ in range(6)] == [201, 201, 201, 201, 429, 429]
    assert register(client, "198.51.100.1") == 201
    assert database.fetch_row("SELECT count(*) AS n FROM users") == {"n": 5}
    refused = client.post(
        "/api/v1/register",
        json={"email": "late@example.com", "password": "correct horse", "name": "Late"},
        headers={"X-Forwarded-For": "203.0.113.7"},
    )
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert str(body_of(refused)["type"]).endswith("/too-many-registrations")


def test_time_makes_room_for_one_after_the_other(client: ContractClient, database: Database) -> None:
    assert [register(client) for _ in range(5)] == [201, 201, 201, 201, 429]
    database.execute("UPDATE login_throttles SET expires_at = expires_at - interval '15 minutes'")
    assert [register(client) for _ in range(2)] == [201, 429]


def test_a_crowd_gets_no_more_than_one_after_the_other(app: ServiceApp, database: Database) -> None:
    def one(_: int) -> int:
        client = ContractClient(app, app.response_class)
        client.service = SERVICE
        return register(client)

    with ThreadPoolExecutor(10) as threads:
        statuses = sorted(threads.map(one, range(10)))
    assert statuses == [201] * 4 + [429] * 6
