"""Failed logins that come at a time, on a real PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import argon2
import pytest

from shopkit.app import ServiceApp, create_app
from shopkit.database import Database
from shopkit.testing.client import ContractClient
from users.service import SERVICE

PASSWORD, WRONG = "correct horse", "wrong horse"
ACCOUNT = {"email": "ann@example.com", "password": PASSWORD, "name": "Ann"}


def client_of(app: ServiceApp) -> ContractClient:
    made = ContractClient(app, app.response_class)
    made.service = SERVICE
    return made


@pytest.fixture(autouse=True)
def ann(client: ContractClient) -> None:
    """An account."""
    assert client.post("/api/v1/register", json=ACCOUNT).status_code == 201


def log_in(app: ServiceApp, password: str, address: str = "203.0.113.7") -> int:
    body = {"email": ACCOUNT["email"], "password": password}
    response: Any = client_of(app).post("/api/v1/login", json=body, headers={"X-Forwarded-For": address})
    return int(response.status_code)


def test_guesses_at_a_time_learn_no_more_than_guesses_one_by_one(
    environ: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve get past the first look before any has failed, the right password among them, at the end."""
    together = threading.Barrier(12)
    verify = argon2.PasswordHasher.verify
    failed = threading.Semaphore(0)

    def slow(hasher: argon2.PasswordHasher, stored: str, password: str) -> bool:
        together.wait(30)
        if password == PASSWORD:
            for _ in range(11):
                assert failed.acquire(timeout=30)
        return verify(hasher, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", slow)
    app = create_app(SERVICE, {**environ, "ARGON2_CONCURRENCY": "12"})

    def guess(number: int) -> int:
        status = log_in(app, PASSWORD if number == 0 else WRONG)
        failed.release()
        return status

    try:
        with ThreadPoolExecutor(12) as threads:
            answers = list(threads.map(guess, range(12)))
    finally:
        app.runtime.database.close()
    assert answers[0] == 429
    assert Counter(answers) == {401: 5, 429: 7}
    assert database.fetch_all("SELECT * FROM sessions") == []


def test_logins_at_a_time_do_not_stand_in_each_others_way(app: ServiceApp, database: Database) -> None:
    def one(_number: int) -> int:
        return log_in(app, PASSWORD)

    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(one, range(10))) == [200] * 10


def test_each_failure_of_a_crowd_is_counted_once(app: ServiceApp, database: Database) -> None:
    together = threading.Barrier(10)

    def guess(number: int) -> list[int]:
        together.wait(30)
        return [log_in(app, WRONG, f"198.51.100.{turn + 4 * (number % 2)}") for turn in range(4)]

    with ThreadPoolExecutor(10) as threads:
        answers = Counter(status for statuses in threads.map(guess, range(10)) for status in statuses)
    assert answers == {401: 40}
    counted = database.fetch_all(
        "SELECT failures, count(*) AS n FROM login_throttles WHERE failures > 0 GROUP BY 1 ORDER BY 1"
    )
    # Eight addresses, each counted for itself and with the account; and the account.
    assert counted == [{"failures": 5, "n": 16}, {"failures": 40, "n": 1}]
