"""A database as an earlier release left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection

from shopkit.ids import new_id
from shopkit.testing.postgres import admin, with_database


class Earlier:
    """A database without the newest migrations.

    Args:
        opened: a connection to it.
        files: its migrations, in their order.
    """

    def __init__(self, opened: connection, files: list[Path]) -> None:
        self._opened = opened
        self._files = files

    def migrate(self, count: int) -> None:
        """Apply this many more migrations."""
        for file in self._files[:count]:
            self.run(file.read_text())
        del self._files[:count]

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run statements in a transaction and return the rows of the last one."""
        with self._opened, self._opened.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def earlier_database(server: str, migrations: Path) -> Iterator[Earlier]:
    """Yield an empty database; it is dropped afterwards."""
    name = f"earlier_{new_id().replace('-', '')}"
    with admin(server) as opened, opened.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            with closing(psycopg2.connect(with_database(server, name))) as inside:
                yield Earlier(inside, sorted(migrations.glob("*.sql")))
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
