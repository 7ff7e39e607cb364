"""Failed logins through the API, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import argon2
import pytest

from shopkit.database import Database, Row
from shopkit.testing.client import ContractClient, body_of

Bearer = Callable[..., dict[str, str]]
ANN, BOB, NOBODY = "ann@example.com", "bob@example.com", "nobody@example.com"
PASSWORD, WRONG = "correct horse", "wrong horse"
HOME, AWAY = "203.0.113.7", "198.51.100.1"
PROBLEM = "https://shopkeeper.dev/problems/too-many-attempts"


@pytest.fixture
def ann(client: ContractClient) -> str:
    """The id of an account."""
    return register(client, ANN)


def register(client: ContractClient, email: str) -> str:
    response = client.post("/api/v1/register", json={"email": email, "password": PASSWORD, "name": "Ann"})
    assert response.status_code == 201, response.text
    return str(body_of(response)["id"])


def log_in(client: ContractClient, email: str = ANN, password: str = PASSWORD, address: str = HOME) -> Any:
    headers = {"X-Forwarded-For": address}
    return client.post("/api/v1/login", json={"email": email, "password": password}, headers=headers)


def statuses(client: ContractClient, times: int, **how: str) -> list[int]:
    return [log_in(client, **how).status_code for _ in range(times)]


def rows(database: Database, table: str) -> list[Row]:
    return database.fetch_all(f"SELECT * FROM {table} ORDER BY 1")


def let_pass(database: Database, seconds: int) -> None:
    database.execute(
        "UPDATE login_throttles SET failed_at = failed_at - %(s)s * interval '1 s',"
        " succeeded_at = succeeded_at - %(s)s * interval '1 s', expires_at = expires_at - %(s)s * interval '1 s'",
        {"s": seconds},
    )


def hold(database: Database) -> None:
    """Let every wait end a minute later, so that no slow machine sees the end of it."""
    let_pass(database, -60)


@pytest.mark.parametrize("email", [ANN, NOBODY])
def test_the_wait_doubles_and_the_right_password_waits_too(
    client: ContractClient, database: Database, ann: str, email: str
) -> None:
    assert statuses(client, 5, email=email, password=WRONG) == [401] * 5
    hold(database)
    before = (rows(database, "login_throttles"), rows(database, "sessions"))
    for password in (WRONG, PASSWORD):
        response = log_in(client, email, password)
        assert response.status_code == 429
        assert 1 < int(response.headers["Retry-After"]) <= 61
        assert (body_of(response)["type"], body_of(response)["title"]) == (PROBLEM, "Too many logins have failed")
    assert (rows(database, "login_throttles"), rows(database, "sessions")) == before
    for wait in (1, 64, 128, 256):
        database.execute("UPDATE login_throttles SET failures = %s", (4 + wait.bit_length(),))
        let_pass(database, 60 + wait)
        assert log_in(client, email, WRONG).status_code == 401
        assert wait < int(log_in(client, email, WRONG).headers["Retry-After"]) <= 2 * wait
        hold(database)


def test_nothing_is_hashed_for_who_has_to_wait(
    client: ContractClient, database: Database, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses(client, 5, password=WRONG)
    hold(database)

    def never(*_: object) -> bool:
        raise AssertionError("a password was hashed")

    monkeypatch.setattr(argon2.PasswordHasher, "verify", never)
    assert log_in(client).status_code == 429


def test_known_and_unknown_accounts_are_answered_alike(client: ContractClient, database: Database, ann: str) -> None:
    for status in [401] * 5 + [429]:
        if status == 429:
            database.execute("UPDATE login_throttles SET failed_at = now() + interval '1 minute'")
        known, unknown = log_in(client, ANN, WRONG), log_in(client, NOBODY, WRONG, AWAY)
        assert known.status_code == unknown.status_code == status
        assert body_of(known)["title"] == body_of(unknown)["title"]
        assert ("Retry-After" in known.headers) == ("Retry-After" in unknown.headers) == (status == 429)


def test_the_wait_ends_and_a_success_forgets_the_failures(client: ContractClient, database: Database, ann: str) -> None:
    statuses(client, 5, password=WRONG)
    let_pass(database, 1)
    assert log_in(client).status_code == 200
    assert statuses(client, 5, password=WRONG) == [401] * 5
    hold(database)
    assert log_in(client).status_code == 429


def test_an_hour_without_a_failure_ends_the_count(client: ContractClient, database: Database, ann: str) -> None:
    statuses(client, 5, password=WRONG)
    let_pass(database, 3600)
    assert statuses(client, 5, password=WRONG) == [401] * 5
    hold(database)
    assert log_in(client).status_code == 429


def test_what_the_client_says_of_its_address_is_not_believed(
    client: ContractClient, database: Database, ann: str
) -> None:
    made_up = [log_in(client, password=WRONG, address=f"10.0.0.{n}, {HOME}").status_code for n in range(5)]
    assert made_up == [401] * 5
    hold(database)
    assert log_in(client, address=f"10.0.0.6, {HOME}").status_code == 429
    assert log_in(client, address=f"{HOME}, 10.0.0.6").status_code == 200


def test_others_are_not_concerned(client: ContractClient, database: Database, ann: str) -> None:
    register(client, BOB)
    statuses(client, 5, password=WRONG)
    hold(database)
    assert log_in(client).status_code == 429
    assert log_in(client, BOB).status_code == 200
    assert log_in(client, address=AWAY).status_code == 200


def test_many_failures_from_one_address_make_all_its_logins_wait(
    client: ContractClient, database: Database, ann: str
) -> None:
    register(client, BOB)
    assert log_in(client, address=AWAY).status_code == 200
    spray = [log_in(client, f"user{n}@example.com", WRONG, AWAY).status_code for n in range(50)]
    assert spray == [401] * 50
    hold(database)
    assert [log_in(client, email, address=AWAY).status_code for email in (ANN, BOB)] == [429, 429]
    assert log_in(client, BOB).status_code == 200


def test_strangers_do_not_lock_an_account_where_its_owner_usually_is(
    client: ContractClient, database: Database, ann: str
) -> None:
    session = body_of(log_in(client))["refresh_token"]
    answers = [log_in(client, ANN, WRONG, f"198.51.100.{n}").status_code for n in range(50)]
    assert answers == [401] * 50
    hold(database)
    assert log_in(client, ANN, WRONG, "198.51.100.50").status_code == 429
    for number in range(9):
        let_pass(database, 120)
        assert log_in(client, ANN, WRONG, f"192.0.2.{number}").status_code == 401
    waiting = log_in(client, address="192.0.2.100")
    assert waiting.status_code == 429
    assert 1 < int(waiting.headers["Retry-After"]) <= 60
    assert log_in(client).status_code == 200
    assert client.post("/api/v1/token/refresh", json={"refresh_token": session}).status_code == 200
    let_pass(database, 60)
    assert log_in(client, address="192.0.2.100").status_code == 200


def test_the_old_password_is_not_guessed_with_a_token(
    client: ContractClient, database: Database, ann: str, bearer: Bearer
) -> None:
    headers = {**bearer(ann), "X-Forwarded-For": HOME}
    before = rows(database, "users")

    def change(old: str) -> Any:
        body = {"old_password": old, "password": "battery staple"}
        return client.patch("/api/v1/users/me", json=body, headers=headers)

    assert [change("guess").status_code for _ in range(5)] == [403] * 5
    hold(database)
    assert change(PASSWORD).status_code == 429
    assert log_in(client).status_code == 429
    assert rows(database, "users") == before


def test_neither_address_is_stored(client: ContractClient, database: Database, ann: str) -> None:
    statuses(client, 5, password=WRONG)
    text = str(database.fetch_all("SELECT login_throttles::text FROM login_throttles"))
    assert HOME not in text
    assert ANN not in text


def test_what_has_expired_is_taken_away(client: ContractClient, database: Database, ann: str) -> None:
    statuses(client, 1, password=WRONG)
    assert log_in(client, address=AWAY).status_code == 200
    let_pass(database, 3600)
    statuses(client, 1, email=NOBODY, password=WRONG, address="192.0.2.1")
    assert len(rows(database, "login_throttles")) == 4
    let_pass(database, 90 * 86_400)
    statuses(client, 1, email=BOB, password=WRONG, address="192.0.2.2")
    assert len(rows(database, "login_throttles")) == 3
