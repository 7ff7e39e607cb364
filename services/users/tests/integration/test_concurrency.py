"""Many at a time: one account per address, and no more hashes than there are slots."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import argon2
import pytest

from shopkit.app import ServiceApp, create_app
from shopkit.database import Database
from shopkit.testing.client import ContractClient, body_of
from users.service import SERVICE


def client_of(app: ServiceApp) -> ContractClient:
    made = ContractClient(app, app.response_class)
    made.service = SERVICE
    return made


def test_ten_register_the_same_address_and_one_gets_it(app: ServiceApp, database: Database) -> None:
    together = threading.Barrier(10)

    def register(number: int) -> tuple[int, str]:
        email = "ann@example.com" if number % 2 else "ANN@example.com"
        together.wait(30)
        body = {"email": email, "password": f"correct horse {number}", "name": f"Ann {number}"}
        response = client_of(app).post("/api/v1/register", json=body)
        return response.status_code, str(body_of(response).get("name"))

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(register, range(10)))
    assert Counter(status for status, _ in answers) == {201: 1, 409: 9}
    [winner] = [name for status, name in answers if status == 201]
    assert database.fetch_all("SELECT name FROM users") == [{"name": winner}]


def test_beyond_slots_and_queue_logins_are_turned_away(
    environ: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two slots, one waits (five threads less two), seven are turned away while the two are at work."""
    entered, go_on = threading.Semaphore(0), threading.Event()
    at_work: list[int] = []
    verify = argon2.PasswordHasher.verify

    def slow(hasher: argon2.PasswordHasher, stored: str, password: str) -> bool:
        at_work.append(1)
        entered.release()
        assert go_on.wait(60)
        return verify(hasher, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", slow)
    app = create_app(SERVICE, {**environ, "HTTP_THREADS": "5", "ARGON2_CONCURRENCY": "2", "ARGON2_WAIT_SECONDS": "60"})
    refused = threading.Semaphore(0)

    def log_in(_number: int) -> tuple[int, Any, str | None]:
        credentials = {"email": "ann@example.com", "password": "correct horse"}
        response = client_of(app).post("/api/v1/login", json=credentials)
        if response.status_code == 503:
            refused.release()
        return response.status_code, body_of(response)["type"], response.headers.get("Retry-After")

    try:
        with ThreadPoolExecutor(10) as threads:
            answers = [threads.submit(log_in, number) for number in range(10)]
            try:
                for gate in (entered, entered, *[refused] * 7):
                    assert gate.acquire(timeout=30)
                assert len(at_work) == 2
                assert client_of(app).get("/.well-known/jwks.json").status_code == 200
            finally:
                go_on.set()
            counted = Counter(answer.result() for answer in answers)
    finally:
        app.runtime.database.close()
    prefix = "https://shopkeeper.dev/problems/"
    assert counted == {(401, f"{prefix}unauthorized", None): 3, (503, f"{prefix}busy", "1"): 7}
    assert len(at_work) == 3
