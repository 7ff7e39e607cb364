"""Readiness on a real PostgreSQL, with a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shopkit.database import Database
from shopkit.health import Readiness
from shopkit.testing.postgres import Templates, admin


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_schema_must_be_there(database: Database, clock: Clock) -> None:
    assert Readiness(database, "0001", clock=clock).fault() is None
    assert Readiness(database, "0002", clock=clock).fault() is None
    fault = Readiness(database, "0003", clock=clock).fault()
    assert fault == "the schema is at 0002, migration 0003 has to be applied"


def test_a_database_without_schema_is_not_ready(
    database_templates: Templates, database: Database, database_url: str, clock: Clock
) -> None:
    with admin(database_templates.owner_url(database_url, "demo")) as opened, opened.cursor() as cursor:
        cursor.execute("ALTER TABLE schema_migrations RENAME TO away")
        fault = Readiness(database, "0002", clock=clock).fault()
        cursor.execute("ALTER TABLE away RENAME TO schema_migrations")
    assert fault == "the database has no schema yet: migration 0002 has to be applied"


def test_the_answer_holds_for_a_second(
    database_templates: Templates, database: Database, database_url: str, clock: Clock
) -> None:
    readiness = Readiness(database, "0002", clock=clock)
    assert readiness.fault() is None
    with admin(database_templates.owner_url(database_url, "demo")) as opened, opened.cursor() as cursor:
        cursor.execute("ALTER TABLE schema_migrations RENAME TO away")
        clock.now += 0.9
        assert readiness.fault() is None
        clock.now += 0.1
        assert readiness.fault() is not None
        cursor.execute("ALTER TABLE away RENAME TO schema_migrations")
    clock.now += 1
    assert readiness.fault() is None
