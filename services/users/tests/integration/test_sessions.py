"""Refreshing and logging out, on a real PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database, Row
from shopkit.testing.client import ContractClient, body_of
from users.refresh_tokens import new_refresh_token, read_refresh_token
from users.service import SERVICE
from users.sessions import MAX_SESSIONS, Sessions

Bearer = Callable[..., dict[str, str]]
PASSWORD = "correct horse"
ME = "/api/v1/users/me"


def log_in(client: ContractClient, email: str = "ann@example.com") -> dict[str, Any]:
    response = client.post("/api/v1/login", json={"email": email, "password": PASSWORD})
    assert response.status_code == 200, response.text
    return dict(body_of(response))


def register(client: ContractClient, email: str = "ann@example.com") -> str:
    response = client.post("/api/v1/register", json={"email": email, "password": PASSWORD, "name": "Ann"})
    assert response.status_code == 201, response.text
    return str(body_of(response)["id"])


def refresh(client: ContractClient, token: str) -> Any:
    return client.post("/api/v1/token/refresh", json={"refresh_token": token})


def status(client: ContractClient, token: str) -> int:
    return int(refresh(client, token).status_code)


def rows(database: Database) -> list[Row]:
    return database.fetch_all("SELECT sessions.*, sessions::text AS text FROM sessions ORDER BY created_at, family")


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_each_refresh_gives_the_next_pair(client: ContractClient, database: Database) -> None:
    user_id = register(client)
    first = log_in(client)
    response = refresh(client, first["refresh_token"])
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    second = dict(body_of(response))
    assert (second["token_type"], second["expires_in"]) == ("Bearer", 900)
    assert second["refresh_token"] != first["refresh_token"]
    assert (claims(second["access_token"])["sub"], claims(second["access_token"])["role"]) == (user_id, "customer")
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert body_of(client.get(ME, headers=headers))["id"] == user_id
    assert status(client, second["refresh_token"]) == 200
    assert len(rows(database)) == 1


def test_a_reused_token_ends_its_session_and_no_other(client: ContractClient, database: Database) -> None:
    register(client)
    first, other = log_in(client), log_in(client)
    second = body_of(refresh(client, first["refresh_token"]))
    response = refresh(client, first["refresh_token"])
    assert response.status_code == 401
    assert body_of(response)["detail"] == "The refresh token is not good, or not any more: log in again."
    assert status(client, second["refresh_token"]) == 401
    assert status(client, other["refresh_token"]) == 200
    assert len(rows(database)) == 1


def test_of_ten_who_send_the_same_token_one_wins_and_the_session_ends(app: ServiceApp, database: Database) -> None:
    def client() -> ContractClient:
        made = ContractClient(app, app.response_class)
        made.service = SERVICE
        return made

    register(client())
    token = log_in(client())["refresh_token"]
    together = threading.Barrier(10)

    def send(_number: int) -> Any:
        together.wait(30)
        return refresh(client(), token)

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(send, range(10)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 9}
    [won] = [body_of(answer)["refresh_token"] for answer in answers if answer.status_code == 200]
    assert status(client(), won) == 401
    assert rows(database) == []


@pytest.mark.parametrize(
    "token", ["", "x", "x" * 64, "x" * 200, "' OR 1=1 --", "{valid}x", "é" * 64], ids=lambda token: token[:9]
)
def test_what_is_no_token_of_ours_changes_nothing(client: ContractClient, database: Database, token: str) -> None:
    register(client)
    valid = log_in(client)["refresh_token"]
    before = rows(database)
    assert status(client, token.format(valid=valid)) == 401
    assert client.post("/api/v1/logout", json={"refresh_token": token.format(valid=valid)}).status_code == 204
    assert rows(database) == before


def test_another_family_with_the_right_secret_changes_nothing(client: ContractClient, database: Database) -> None:
    register(client)
    valid = read_refresh_token(log_in(client)["refresh_token"])
    assert valid is not None
    before = rows(database)
    assert status(client, type(valid)(new_refresh_token().family, valid.secret).text) == 401
    assert rows(database) == before


@pytest.mark.parametrize("path", ["/api/v1/token/refresh", "/api/v1/logout"])
@pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": "x" * 201}])
def test_a_wrong_field_is_named(client: ContractClient, database: Database, path: str, body: dict[str, Any]) -> None:
    register(client)
    log_in(client)
    before = rows(database)
    response = client.post(path, json=body)
    assert response.status_code == 422
    assert [error["field"] for error in body_of(response)["errors"]] == ["refresh_token"]
    assert rows(database) == before


def test_an_expired_token_is_refused(client: ContractClient, database: Database) -> None:
    register(client)
    token = log_in(client)["refresh_token"]
    database.execute("UPDATE sessions SET expires_at = now()")
    assert status(client, token) == 401
    assert rows(database) == []


def test_the_time_begins_anew_with_each_use(client: ContractClient, database: Database) -> None:
    register(client)
    token = log_in(client)["refresh_token"]
    seconds = "SELECT extract(epoch FROM expires_at - renewed_at)::integer AS n, renewed_at > created_at AS renewed"
    assert database.fetch_row(f"{seconds} FROM sessions") == {"n": 1_209_600, "renewed": False}
    database.execute("UPDATE sessions SET expires_at = now() + interval '1 minute'")
    assert status(client, token) == 200
    assert database.fetch_row(f"{seconds} FROM sessions") == {"n": 1_209_600, "renewed": True}


def test_logging_out_ends_this_session(client: ContractClient, database: Database) -> None:
    register(client)
    first, other = log_in(client), log_in(client)
    second = body_of(refresh(client, first["refresh_token"]))
    for _ in range(2):
        assert client.post("/api/v1/logout", json={"refresh_token": second["refresh_token"]}).status_code == 204
    assert status(client, second["refresh_token"]) == 401
    assert status(client, other["refresh_token"]) == 200


def test_a_changed_password_ends_all_sessions_of_the_user(client: ContractClient, bearer: Bearer) -> None:
    user_id = register(client)
    register(client, "bob@example.com")
    sessions = [log_in(client), log_in(client)]
    bob = log_in(client, "bob@example.com")
    wrong = {"old_password": "wrong horse", "password": "battery staple"}
    assert client.patch(ME, json=wrong, headers=bearer(user_id)).status_code == 403
    sessions[0] = body_of(refresh(client, sessions[0]["refresh_token"]))
    right = {"old_password": PASSWORD, "password": PASSWORD}
    assert client.patch(ME, json=right, headers=bearer(user_id)).status_code == 200
    assert [status(client, session["refresh_token"]) for session in sessions] == [401, 401]
    assert status(client, bob["refresh_token"]) == 200
    assert status(client, log_in(client)["refresh_token"]) == 200


def test_a_session_that_begins_with_an_outdated_password_is_not_renewed(
    client: ContractClient, database: Database
) -> None:
    """A login is at work while the password is changed."""
    user_id = register(client)
    sessions = Sessions(database, 60)
    token = sessions.begin(user_id, password_version=1)
    database.execute("UPDATE users SET password_version = 2")
    assert token is not None
    assert status(client, token) == 401
    database.execute("DELETE FROM users")
    assert sessions.begin(user_id, password_version=2) is None


def test_a_removed_account_has_no_sessions(client: ContractClient, bearer: Bearer, database: Database) -> None:
    user_id = register(client)
    token = log_in(client)["refresh_token"]
    assert client.delete(ME, headers=bearer(user_id)).status_code == 204
    assert rows(database) == []
    assert status(client, token) == 401


def test_a_new_role_is_in_the_next_token(client: ContractClient, database: Database) -> None:
    register(client)
    token = log_in(client)["refresh_token"]
    database.execute("UPDATE users SET role = 'admin'")
    assert claims(body_of(refresh(client, token))["access_token"])["role"] == "admin"


def test_tokens_are_stored_as_hashes_only(client: ContractClient, database: Database) -> None:
    register(client)
    token = read_refresh_token(log_in(client)["refresh_token"])
    assert token is not None
    [row] = rows(database)
    assert (bytes(row["family"]), bytes(row["secret"])) == (token.family_hash, token.secret_hash)
    assert token.family.hex() not in row["text"]
    assert token.secret.hex() not in row["text"]


def test_logins_take_away_expired_sessions_and_those_beyond_the_bound(
    client: ContractClient, database: Database
) -> None:
    ann, bob = register(client), register(client, "bob@example.com")
    sessions = Sessions(database, 60)
    tokens = [sessions.begin(ann, 1) for _ in range(MAX_SESSIONS + 1)]
    expired = sessions.begin(bob, 1)
    database.execute("UPDATE sessions SET expires_at = now() WHERE user_id = %s", (bob,))
    newest = log_in(client)["refresh_token"]
    counted = database.fetch_all("SELECT user_id, count(*) AS n FROM sessions GROUP BY user_id")
    assert counted == [{"user_id": ann, "n": MAX_SESSIONS}]
    assert expired is not None
    assert [status(client, str(token)) for token in (tokens[0], tokens[1], tokens[2], newest)] == [401, 401, 200, 200]
