"""Ordered SQL files, applied once each, in a transaction each, by one runner at a time.

Files are named ``NNNN_name.sql``. The table `schema_migrations` keeps version, name and checksum: a file that was
applied may neither change nor vanish.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from psycopg2 import sql
from psycopg2.extensions import connection

_log = structlog.get_logger(__name__)

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
# One number for all: the lock holds within a database, and each service has its own.
_LOCK = 7_470_563_287
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version text PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


class MigrationError(Exception):
    """The files do not fit together, or do not fit what the database holds."""


@dataclass(frozen=True)
class Migration:
    """One file."""

    version: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path) -> list[Migration]:
    """Return the migrations of a folder in their order.

    Raises:
        MigrationError: there are none, a name is not NNNN_name.sql, or a number is missing or used twice.
    """
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: name it NNNN_name.sql, in lower case")
        found.append(Migration(match[1], match[2], path.read_text()))
    for number, migration in enumerate(found, start=1):
        if int(migration.version) != number:
            raise MigrationError(f"{migration.version}_{migration.name}.sql: expected number {number:04d} here")
    if not found:
        raise MigrationError(f"no migrations in {folder}")
    return found


def newest_version(folder: Path) -> str:
    """Return the version of the last migration in a folder. Raises MigrationError as `read_migrations`."""
    return read_migrations(folder)[-1].version


def pending(migrations: Sequence[Migration], applied: Sequence[tuple[str, str]]) -> list[Migration]:
    """Return what is yet to be applied.

    Args:
        migrations: all files, in order.
        applied: version and checksum of what the database holds, in order.

    Raises:
        MigrationError: an applied file has changed or is missing. A database that is *newer* than all files is
            fine: a release may be rolled back onto the schema of the next.
    """
    checksums = dict(applied)
    for migration in migrations:
        recorded = checksums.get(migration.version)
        if recorded is not None and recorded != migration.checksum:
            raise MigrationError(
                f"{migration.version}_{migration.name}.sql was changed after it was applied: "
                "restore it, and write the change as a new migration"
            )
    known = {migration.version for migration in migrations}
    newest = migrations[-1].version
    missing = [version for version, _ in applied if version not in known and version < newest]
    if missing:
        raise MigrationError(f"migrations {', '.join(missing)} were applied but their files are missing: restore them")
    return [migration for migration in migrations if migration.version not in checksums]


def migrate(opened: connection, migrations: Sequence[Migration], runtime_role: str | None = None) -> list[str]:
    """Bring the database up to date and let the runtime role work with it.

    Args:
        opened: connection as the owner of the schema.
        migrations: all files, in order.
        runtime_role: role that is granted DML on everything, now and for tables to come.

    Returns:
        The versions that were applied.

    Raises:
        MigrationError: see `pending`.
        psycopg2.Error: a statement failed; its file is rolled back, the ones before stay.
    """
    opened.autocommit = True
    _lock(opened)
    try:
        with opened.cursor() as cursor:
            cursor.execute(_TABLE)
            cursor.execute("SELECT version, checksum FROM schema_migrations ORDER BY version")
            todo = pending(migrations, cursor.fetchall())
        for migration in todo:
            _apply(opened, migration)
        if runtime_role:
            _grant(opened, runtime_role)
    finally:
        if not opened.closed:
            with opened.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    return [migration.version for migration in todo]


def _lock(opened: connection) -> None:
    """Wait for other runners, however long they rightly take."""
    with opened.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET idle_in_transaction_session_timeout = 0")
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        # From here on: a schema change that cannot get its lock gives up, for all shoppers queue behind it.
        cursor.execute("SET lock_timeout = '10s'")


def _apply(opened: connection, migration: Migration) -> None:
    _log.info("migration begins", migration=f"{migration.version}_{migration.name}")
    opened.autocommit = False
    try:
        with opened.cursor() as cursor:
            cursor.execute(migration.sql)
            cursor.execute(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)",
                (migration.version, migration.name, migration.checksum),
            )
        opened.commit()
    finally:
        if not opened.closed:
            opened.rollback()
            opened.autocommit = True
    _log.info("migration is done", migration=f"{migration.version}_{migration.name}")


def _grant(opened: connection, role: str) -> None:
    """Let the role read and write rows, and nothing else; what was applied it may only read."""
    statements = (
        "GRANT USAGE ON SCHEMA public TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        "REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM {role}",
    )
    with opened.cursor() as cursor:
        for statement in statements:
            cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role)))
