"""What the real processes never log: passwords, hashes, tokens, names and addresses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
import urllib3

from shopkit.testing.plugin import subprocess_environ
from shopkit.testing.postgres import Templates, free_port

EMAIL, PASSWORD = "secret-address@example.com", "secret-password"
USER = {"email": EMAIL, "password": PASSWORD, "name": "secret-name"}
# Until the server listens.
_UNTIL_UP = urllib3.Retry(total=None, connect=200, backoff_factor=0.01, backoff_max=0.1)


@contextmanager
def serving(environ: dict[str, str], log: Any) -> Iterator[str]:
    """Run the service and yield its URL."""
    port = free_port()
    ports = {"HTTP_PORT": str(port), "METRICS_PORT": "0", "SHUTDOWN_DRAIN_SECONDS": "0", "LOG_LEVEL": "DEBUG"}
    started = subprocess.Popen(
        [sys.executable, "-m", "shopkit", "serve", "users"],
        env=subprocess_environ(PYTHONPATH=":".join(sys.path), **{**environ, **ports}),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        started.terminate()
        assert started.wait(30) == 0


@pytest.fixture(scope="module")
def owner_url(database_templates: Templates, database_url: str) -> str:
    """URL of the module's database as the owner of its schema."""
    return database_templates.owner_url(database_url, "users")


def test_the_service_logs_no_secret_and_no_personal_data(
    environ: dict[str, str], owner_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("log") / "users"
    with log.open("w") as stream, serving(environ, stream) as url, urllib3.PoolManager(retries=_UNTIL_UP) as http:

        def post(path: str, **body: str) -> urllib3.BaseHTTPResponse:
            return http.request("POST", f"{url}/api/v1/{path}", json=body)

        answers = [
            post("register", **USER),
            post("register", **USER),
            post("register", **{**USER, "password": "secret-"}),
            post("login", email=EMAIL, password=PASSWORD),
            post("login", email=EMAIL, password=f"{PASSWORD}!"),
        ]
        token = answers[3].json()["access_token"]
        answers.append(http.request("GET", f"{url}/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}))
        with psycopg2.connect(owner_url) as opened, opened.cursor() as cursor:
            cursor.execute("SELECT password_hash FROM users")
            [(stored,)] = cursor.fetchall()
            # A fault of ours, whose error message from the database quotes the whole row.
            cursor.execute("ALTER TABLE users ADD CONSTRAINT broken CHECK (email NOT LIKE 'other-%')")
        opened.close()
        answers.append(post("register", **{**USER, "email": f"other-{EMAIL}"}))
    assert [answer.status for answer in answers] == [201, 409, 422, 200, 401, 200, 500]
    text = log.read_text()
    assert "a user was registered" in text
    assert 'violates check constraint \\"broken\\"' in text
    for secret in ("secret-", stored, stored.rpartition("$")[2], token, token.rpartition(".")[2]):
        assert secret not in text


def test_the_migration_job_logs_neither_address_nor_password(owner_url: str) -> None:
    variables = {"ARGON2_MEMORY_KIB": "1024", "ARGON2_TIME_COST": "1", "LOG_LEVEL": "DEBUG"}
    job = subprocess.run(
        [sys.executable, "-m", "shopkit", "migrate", "users"],
        env=subprocess_environ(
            PYTHONPATH=":".join(sys.path),
            DATABASE_URL=owner_url,
            ADMIN_EMAIL=EMAIL,
            ADMIN_PASSWORD=PASSWORD,
            **variables,
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the administrator was written" in job.stdout
    assert "secret-" not in job.stdout + job.stderr
