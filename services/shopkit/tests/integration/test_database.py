"""Statements and transactions on a real PostgreSQL, as the runtime role."""

from __future__ import annotations

import threading
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors

from shopkit import settings
from shopkit.app import ServiceApp
from shopkit.database import Database, open_database
from shopkit.ids import new_id
from shopkit.pool import PoolTimeout
from shopkit.settings import Settings
from shopkit.testing.client import ContractClient
from shopkit.testing.postgres import admin
from shopkit.testing.waiting import wait_for

ADD = "INSERT INTO numbers (n, note) VALUES (%s, %s)"


def small(url: str, **changed: str) -> Database:
    loaded: Settings = settings.load(Settings, {"DATABASE_URL": url, **changed})
    return open_database(loaded, "test")


def kill_sessions(superuser: str) -> None:
    with admin(superuser) as opened, opened.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test'")


def test_single_statements(database: Database) -> None:
    assert database.execute(ADD, (1, "one")) == 1
    assert database.fetch_one("SELECT n, note FROM numbers WHERE n = %s", (1,)) == {"n": 1, "note": "one"}
    assert database.fetch_one("SELECT n FROM numbers WHERE n = %(n)s", {"n": 2}) is None
    assert database.fetch_all("SELECT n FROM numbers") == [{"n": 1}]
    assert database.fetch_row("UPDATE numbers SET note = 'uno' RETURNING note") == {"note": "uno"}
    with pytest.raises(LookupError):
        database.fetch_row("SELECT 1 WHERE false")


def test_times_are_utc_and_ids_are_text(database: Database) -> None:
    row = database.fetch_row(
        "INSERT INTO notes (id, text, author) VALUES (%s, 'a', %s) RETURNING *", (new_id(), made := new_id())
    )
    assert row["author"] == made
    assert row["created_at"].tzname() == "UTC"


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(ADD, (1, "one"))
        assert tx.fetch_row("SELECT count(*) AS n FROM numbers") == {"n": 1}

    def fail_in_sql() -> None:
        with database.transaction() as tx:
            tx.execute(ADD, (2, "two"))
            tx.execute(ADD, (3, "one"))

    def fail_in_code() -> None:
        with database.transaction() as tx:
            tx.execute(ADD, (4, "four"))
            raise RuntimeError

    with pytest.raises(errors.UniqueViolation):
        fail_in_sql()
    with pytest.raises(RuntimeError):
        fail_in_code()
    assert database.fetch_all("SELECT n FROM numbers") == [{"n": 1}]
    assert database.stats().in_use == 0


def test_after_a_transaction_statements_commit_at_once_again(database: Database, database_url: str) -> None:
    with database.transaction() as tx:
        tx.fetch_one("SELECT 1")
    database.execute(ADD, (1, "one"))
    assert small(database_url).fetch_all("SELECT n FROM numbers") == [{"n": 1}]


def test_a_slow_statement_is_ended(database_url: str) -> None:
    with pytest.raises(errors.QueryCanceled):
        small(database_url, DATABASE_STATEMENT_TIMEOUT_SECONDS="0.05").fetch_one("SELECT pg_sleep(60)")


def test_a_wait_for_a_lock_is_ended(database: Database, database_url: str) -> None:
    with database.transaction() as tx:
        tx.execute(ADD, (1, "one"))
        with pytest.raises(errors.LockNotAvailable):
            small(database_url, DATABASE_LOCK_TIMEOUT_SECONDS="0.05").execute(ADD, (1, "one"))


def test_a_forgotten_transaction_is_ended(database_url: str) -> None:
    database = small(database_url, DATABASE_STATEMENT_TIMEOUT_SECONDS="0.05")
    limits = database.fetch_row("SELECT current_setting('idle_in_transaction_session_timeout') AS idle")
    assert limits == {"idle": "100ms"}


def test_the_session_names_its_service(app: ServiceApp) -> None:
    row = app.runtime.database.fetch_row("SELECT current_setting('application_name') AS name")
    assert row == {"name": "shop-demo"}


def test_a_full_pool_turns_away_after_its_time(database_url: str) -> None:
    database = small(database_url, DATABASE_POOL_SIZE="1", DATABASE_POOL_TIMEOUT_SECONDS="0.02")
    with database.transaction(), pytest.raises(PoolTimeout):
        database.fetch_one("SELECT 1")
    assert database.fetch_row("SELECT 1 AS n") == {"n": 1}


def test_threads_share_few_connections(database_url: str) -> None:
    database = small(database_url, DATABASE_POOL_SIZE="3", DATABASE_POOL_TIMEOUT_SECONDS="30")
    seen: list[Any] = []

    def work() -> None:
        seen.extend(database.fetch_row("SELECT pg_backend_pid() AS pid")["pid"] for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(seen), len(set(seen)) <= 3, database.stats().in_use) == (800, True, 0)


def test_it_goes_on_after_the_server_dropped_all_sessions(database_url: str, postgres_url: str) -> None:
    database = small(database_url)
    with database.transaction() as first, database.transaction() as second:
        first.fetch_one("SELECT 1")
        second.fetch_one("SELECT 1")
    assert database.stats().open == 2
    kill_sessions(postgres_url)
    with pytest.raises(psycopg2.OperationalError):
        database.fetch_one("SELECT 1")
    assert database.fetch_row("SELECT 1 AS n") == {"n": 1}, "the other dead connection is not handed out"


def test_a_session_that_ends_within_a_transaction_is_not_kept(database_url: str, postgres_url: str) -> None:
    database = small(database_url)

    def work() -> None:
        with database.transaction() as tx:
            tx.fetch_one("SELECT 1")
            kill_sessions(postgres_url)
            tx.fetch_one("SELECT 1")

    with pytest.raises(psycopg2.OperationalError):
        work()
    assert database.stats().open == 0


def test_the_runtime_role_changes_rows_but_no_schema(database: Database) -> None:
    for statement in (
        "CREATE TABLE mine (n int)",
        "DROP TABLE notes",
        "ALTER TABLE notes ADD COLUMN more int",
        "TRUNCATE notes",
        "DELETE FROM schema_migrations",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            database.execute(statement)


def test_what_is_wrong_in_a_statement_stays_out_of_answer_and_log(
    client: ContractClient, capfd: pytest.CaptureFixture[str]
) -> None:
    response = client.post("/api/v1/clash", json={"text": "private words"})
    assert response.status_code == 500
    logged = capfd.readouterr().out
    assert "InvalidTextRepresentation" in logged
    assert "private words" not in response.text + logged


def test_a_busy_service_says_so(service: Any, environ: dict[str, str], database_url: str) -> None:
    from shopkit.app import create_app

    app = create_app(service, {**environ, "DATABASE_POOL_SIZE": "1", "DATABASE_POOL_TIMEOUT_SECONDS": "0.02"})
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    with app.runtime.database.transaction():
        response = client.get(f"/api/v1/notes/{new_id()}")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
        assert response.json is not None
        assert response.json["type"].endswith("/busy")
        registry = app.runtime.metrics.registry
        assert registry.get_sample_value("database_pool_in_use") == 1
        assert registry.get_sample_value("database_pool_timeouts_total") == 1


def test_a_statement_that_waits_is_seen_in_the_gauges(database_url: str) -> None:
    database = small(database_url, DATABASE_POOL_SIZE="1", DATABASE_POOL_TIMEOUT_SECONDS="30")
    with database.transaction():
        thread = threading.Thread(target=database.fetch_one, args=("SELECT 1",))
        thread.start()
        wait_for(lambda: database.stats().waiters == 1, "a waiter")
    thread.join()
    stats = database.stats()
    assert (stats.waiters, stats.waits, stats.wait_seconds > 0) == (0, 1, True)
