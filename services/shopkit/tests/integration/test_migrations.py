"""Migrations on a real PostgreSQL, as the owner of the schema."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import connection

from shopkit.migrations import Migration, MigrationError, migrate
from shopkit.testing.postgres import Templates, admin, with_database

FIRST = Migration("0001", "first", "CREATE TABLE first (n int)")
SECOND = Migration("0002", "second", "CREATE TABLE second (n serial); INSERT INTO first VALUES (2)")
BROKEN = Migration("0002", "broken", "CREATE TABLE second (n int); SELECT 1 / 0")


@pytest.fixture
def empty(postgres_url: str, database_templates: Templates, database_url: str) -> Iterator[str]:
    """URL of an empty database, as its owner; the roles `demo` and `demo_owner` exist."""
    name = "migrations_of_the_test"
    with admin(postgres_url) as opened, opened.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} OWNER demo_owner")
    with admin(with_database(postgres_url, name)) as opened, opened.cursor() as cursor:
        cursor.execute("ALTER SCHEMA public OWNER TO demo_owner")
    yield with_database(postgres_url, name, "demo_owner")
    with admin(postgres_url) as opened, opened.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def owner(empty: str) -> Iterator[connection]:
    opened = psycopg2.connect(empty)
    yield opened
    opened.close()


def rows(opened: connection, statement: str) -> list[tuple[object, ...]]:
    with opened.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_each_file_is_applied_once(owner: connection) -> None:
    assert migrate(owner, [FIRST]) == ["0001"]
    assert migrate(owner, [FIRST, SECOND]) == ["0002"]
    assert migrate(owner, [FIRST, SECOND]) == []
    assert rows(owner, "SELECT n FROM first") == [(2,)]
    assert rows(owner, "SELECT version, name FROM schema_migrations ORDER BY 1") == [
        ("0001", "first"),
        ("0002", "second"),
    ]


def test_a_broken_file_leaves_nothing_and_can_be_mended(owner: connection) -> None:
    with pytest.raises(errors.DivisionByZero):
        migrate(owner, [FIRST, BROKEN])
    assert rows(owner, "SELECT version FROM schema_migrations") == [("0001",)]
    assert migrate(owner, [FIRST, SECOND]) == ["0002"]


def test_a_changed_file_is_refused_and_nothing_is_applied(owner: connection) -> None:
    migrate(owner, [FIRST])
    with pytest.raises(MigrationError, match="was changed"):
        migrate(owner, [Migration("0001", "first", "CREATE TABLE other (n int)"), SECOND])
    assert rows(owner, "SELECT version FROM schema_migrations") == [("0001",)]


def test_runners_take_turns(empty: str, owner: connection) -> None:
    counted = Migration("0001", "first", "CREATE TABLE first (n int); INSERT INTO first VALUES (1)")
    results: list[list[str]] = []

    def run() -> None:
        opened = psycopg2.connect(empty)
        results.append(migrate(opened, [counted, SECOND]))
        opened.close()

    threads = [threading.Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [[], [], [], [], ["0001", "0002"]]
    assert rows(owner, "SELECT n FROM first ORDER BY n") == [(1,), (2,)]


def test_a_lock_that_is_held_does_not_stop_the_shop(empty: str, owner: connection) -> None:
    migrate(owner, [FIRST])
    reader = psycopg2.connect(empty)
    rows(reader, "SELECT n FROM first")
    blocked = Migration("0002", "blocked", "SET LOCAL lock_timeout = '50ms'; ALTER TABLE first ADD COLUMN m int")
    with pytest.raises(errors.LockNotAvailable):
        migrate(owner, [FIRST, blocked])
    reader.close()
    assert rows(owner, "SELECT current_setting('lock_timeout')") == [("10s",)]
    assert migrate(owner, [FIRST, SECOND]) == ["0002"]


def test_the_runtime_role_may_use_every_table_now_and_later(empty: str, owner: connection) -> None:
    migrate(owner, [FIRST, SECOND], "demo")
    with owner.cursor() as cursor:
        cursor.execute("CREATE TABLE later (n serial)")
    with admin(empty.replace("demo_owner:demo_owner", "demo:demo")) as runtime:
        for table in ("second", "later"):
            assert rows(runtime, f"INSERT INTO {table} DEFAULT VALUES RETURNING n") == [(1,)]
            assert rows(runtime, f"UPDATE {table} SET n = 5 RETURNING n") == [(5,)]
            assert rows(runtime, f"DELETE FROM {table} RETURNING n") == [(5,)]
        with pytest.raises(errors.InsufficientPrivilege):
            rows(runtime, "UPDATE schema_migrations SET checksum = '' RETURNING 1")
        with pytest.raises(errors.InsufficientPrivilege):
            rows(runtime, "CREATE TABLE mine (n int)")


def test_an_unknown_runtime_role_is_an_error(owner: connection) -> None:
    with pytest.raises(errors.UndefinedObject, match='role "nobody-known" does not exist'):
        migrate(owner, [FIRST], "nobody-known")
