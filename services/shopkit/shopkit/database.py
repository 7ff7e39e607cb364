"""SQL for the repositories: single statements without a transaction around them, and transactions.

Errors of psycopg2 pass through (a repository catches `psycopg2.errors.UniqueViolation` and such); those that mean
"not now" become a 503 in `shopkit.errors`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import connection, cursor

from shopkit import tracing
from shopkit.pool import Pool, PoolStats
from shopkit.settings import Settings

Row = dict[str, Any]
Params = Sequence[Any] | Mapping[str, Any]


class Transaction:
    """SQL statements in one transaction; made by `Database.transaction`."""

    def __init__(self, opened: connection) -> None:
        self._connection = opened
        self._after_commit: list[Callable[[], None]] = []

    def after_commit(self, act: Callable[[], None]) -> None:
        """Have something done when the transaction is committed, and not otherwise; it must not raise."""
        self._after_commit.append(act)

    def committed(self) -> None:
        """Do what waits for the commit; `Database.transaction` calls it."""
        for act in self._after_commit:
            act()

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a statement and return its first row, or None."""
        with self._connection.cursor() as found:
            found.execute(sql, params)
            return _one(found)

    def fetch_row(self, sql: str, params: Params = ()) -> Row:
        """Run a statement that always gives a row, such as INSERT … RETURNING. Raises LookupError if it does not."""
        return _certain(self.fetch_one(sql, params))

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a statement and return all its rows."""
        with self._connection.cursor() as found:
            found.execute(sql, params)
            return _all(found)

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run a statement and return how many rows it touched."""
        with self._connection.cursor() as done:
            done.execute(sql, params)
            return done.rowcount


class Database:
    """The service's own database through a pool of connections.

    `fetch_one`, `fetch_all` and `execute` are one statement and one round trip each, committed at once.

    Raises (all methods): shopkit.pool.PoolTimeout, psycopg2.Error.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Run a statement and return its first row, or None."""
        pooled = self._pool.acquire()
        try:
            with pooled.connection.cursor() as found:
                found.execute(sql, params)
                return _one(found)
        finally:
            self._pool.release(pooled)

    def fetch_row(self, sql: str, params: Params = ()) -> Row:
        """Run a statement that always gives a row, such as INSERT … RETURNING. Raises LookupError if it does not."""
        return _certain(self.fetch_one(sql, params))

    def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a statement and return all its rows."""
        pooled = self._pool.acquire()
        try:
            with pooled.connection.cursor() as found:
                found.execute(sql, params)
                return _all(found)
        finally:
            self._pool.release(pooled)

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run a statement and return how many rows it touched."""
        pooled = self._pool.acquire()
        try:
            with pooled.connection.cursor() as done:
                done.execute(sql, params)
                return done.rowcount
        finally:
            self._pool.release(pooled)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Begin a transaction: committed at the end of the block, rolled back when the block raises."""
        pooled = self._pool.acquire()
        try:
            pooled.connection.autocommit = False
            tx = Transaction(pooled.connection)
            yield tx
            pooled.connection.commit()
        finally:
            # release() rolls back what was not committed and restores autocommit.
            self._pool.release(pooled)
        tx.committed()

    def stats(self) -> PoolStats:
        """Return the state of the pool."""
        return self._pool.stats()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._pool.close_idle()


def open_database(settings: Settings, application: str) -> Database:
    """Return the database of the settings; nothing is connected until the first statement."""
    options = session_options(settings)

    def connect() -> connection:
        tracer = tracing.tracer()
        opened = psycopg2.connect(
            settings.database_url,
            options=options,
            application_name=application,
            cursor_factory=None if tracer is None else tracer.cursor_factory(),
            connect_timeout=max(2, math.ceil(settings.database_pool_timeout)),
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=15_000,
        )
        opened.autocommit = True
        return opened

    return Database(Pool(connect, settings.database_pool_size, settings.database_pool_timeout))


def session_options(settings: Settings) -> str:
    """Return the server settings of every connection: no statement, lock or forgotten transaction lasts for ever."""
    limits = {
        "statement_timeout": settings.database_statement_timeout,
        "lock_timeout": settings.database_lock_timeout,
        "idle_in_transaction_session_timeout": 2 * settings.database_statement_timeout,
    }
    parts = [f"-c {name}={round(seconds * 1000)}" for name, seconds in limits.items()]
    return " ".join([*parts, "-c timezone=UTC"])


def _one(found: cursor) -> Row | None:
    values = found.fetchone()
    if values is None:
        return None
    return {column[0]: value for column, value in zip(found.description or (), values, strict=True)}


def _certain(row: Row | None) -> Row:
    if row is None:
        raise LookupError("the statement gave no row")
    return row


def _all(found: cursor) -> list[Row]:
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, values, strict=True)) for values in found.fetchall()]
