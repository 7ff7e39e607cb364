"""What the real processes never log: passwords, hashes, tokens, names and addresses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import urllib3

from shopkit.testing.postgres import Templates
from shopkit.testing.process import ServerProcess, subprocess_environ

EMAIL, PASSWORD = "secret-address@example.com", "secret-password"
USER = {"email": EMAIL, "password": PASSWORD, "name": "secret-name"}


@pytest.fixture(scope="module")
def owner_url(database_templates: Templates, database_url: str) -> str:
    """URL of the module's database as the owner of its schema."""
    return database_templates.owner_url(database_url, "users")


def test_the_service_logs_no_secret_and_no_personal_data(
    environ: dict[str, str], owner_url: str, tmp_path: Path
) -> None:
    variables = {**environ, "LOG_LEVEL": "DEBUG", "SHUTDOWN_DRAIN_SECONDS": "0"}
    running = ServerProcess("users", variables, tmp_path / "log")
    with running, urllib3.PoolManager(retries=False) as http:

        def post(path: str, **body: str) -> urllib3.BaseHTTPResponse:
            return http.request("POST", f"{running.url}/api/v1/{path}", json=body)

        answers = [
            post("register", **USER),
            post("register", **USER),
            post("register", **{**USER, "password": "secret-"}),
            post("login", email=EMAIL, password=PASSWORD),
            post("login", email=EMAIL, password=f"{PASSWORD}!"),
        ]
        token = answers[3].json()["access_token"]
        answers.append(
            http.request("GET", f"{running.url}/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
        )
        with psycopg2.connect(owner_url) as opened, opened.cursor() as cursor:
            cursor.execute("SELECT password_hash FROM users")
            [(stored,)] = cursor.fetchall()
            # A fault of ours, whose error message from the database quotes the whole row.
            cursor.execute("ALTER TABLE users ADD CONSTRAINT broken CHECK (email NOT LIKE 'other-%')")
        opened.close()
        answers.append(post("register", **{**USER, "email": f"other-{EMAIL}"}))
        running.stop()
        assert running.process.wait(30) == 0
    assert [answer.status for answer in answers] == [201, 409, 422, 200, 401, 200, 500]
    text = running.output()
    assert "a user was registered" in text
    assert 'violates check constraint \\"broken\\"' in text
    for secret in ("secret-", stored, stored.rpartition("$")[2], token, token.rpartition(".")[2]):
        assert secret not in text


def test_the_service_logs_neither_tokens_nor_keys(environ: dict[str, str], tmp_path: Path) -> None:
    variables = {**environ, "LOG_LEVEL": "DEBUG", "SHUTDOWN_DRAIN_SECONDS": "0"}
    running = ServerProcess("users", variables, tmp_path / "log")
    with running, urllib3.PoolManager(retries=False) as http:

        def post(path: str, token: str = "", **body: object) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {token}"}
            return dict(http.request("POST", f"{running.url}/api/v1/{path}", json=body, headers=headers).json())

        def get_token(**form: str) -> dict[str, str]:
            url = f"{running.url}/api/v1/oauth/token"
            return dict(http.request_encode_body("POST", url, fields=form, encode_multipart=False).json())

        user = {"email": "secret-two@example.com", "password": PASSWORD}
        post("register", **user, name="secret-name")
        first = post("login", **user)
        second = post("token/refresh", refresh_token=first["refresh_token"])
        key = post("api-keys", first["access_token"], name="secret-key", scopes=["users:read"])
        credentials = {"grant_type": "client_credentials", "client_id": key["id"]}
        machine = get_token(**credentials, client_secret=key["secret"])
        assert get_token(**credentials, client_secret="secret-guess")["error"] == "invalid_client"
        assert post("token/refresh", refresh_token=first["refresh_token"])["status"] == 401
        running.stop()
        assert running.process.wait(30) == 0
    text = running.output()
    assert "an API key was made" in text
    assert "a refresh token was used twice" in text
    signatures = [answer["access_token"].rpartition(".")[2] for answer in (first, second, machine)]
    refreshers = [first["refresh_token"], second["refresh_token"]]
    for secret in ("secret-", key["secret"], *refreshers, *signatures):
        assert secret not in text


def test_the_migration_job_logs_neither_address_nor_password(owner_url: str) -> None:
    variables = {
        "ARGON2_MEMORY_KIB": "1024",
        "LOG_LEVEL": "DEBUG",
        "DATABASE_URL": owner_url,
        "ADMIN_EMAIL": EMAIL,
        "ADMIN_PASSWORD": PASSWORD,
    }
    job = subprocess.run(
        [sys.executable, "-m", "shopkit", "migrate", "users"],
        env=subprocess_environ(variables),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the administrator was written" in job.stdout
    assert "secret-" not in job.stdout + job.stderr
