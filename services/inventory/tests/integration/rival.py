"""The one bad moment, made on purpose: a session that holds a lock while the inventory needs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extensions import connection
from werkzeug.test import TestResponse

from tests.integration.warehouse import Warehouse

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_SECONDS = 30


class Rival:
    """A session on the inventory's database, in a transaction from its first statement on.

    Args:
        opened: its connection.
        url: the database, to see who waits.
        another: maker of warehouses.
    """

    def __init__(self, opened: connection, url: str, another: Callable[[], Warehouse]) -> None:
        self._opened = opened
        self._url = url
        self._another = another

    def run(self, statement: str, *values: object) -> None:
        """Run a statement and keep its locks."""
        with self._opened.cursor() as cursor:
            cursor.execute(statement, values)

    def hold_up(
        self, job: Callable[[Warehouse], TestResponse], meanwhile: Callable[[], Any] = lambda: None
    ) -> TestResponse:
        """Start a job, commit when it waits for a lock, and return what it answers.

        Args:
            job: is given a warehouse of its own.
            meanwhile: what is done while the job waits.
        """
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(job, self._another())
            try:
                self._until_blocked(running)
                meanwhile()
            finally:
                self._opened.commit()
            return running.result(_SECONDS)

    def _until_blocked(self, running: Future[TestResponse]) -> None:
        until = time.monotonic() + _SECONDS
        with closing(psycopg2.connect(self._url)) as opened, opened.cursor() as cursor:
            opened.autocommit = True
            while time.monotonic() < until and not running.done():
                cursor.execute(_WAITING)
                if cursor.fetchone() == (1,):
                    return
        raise AssertionError(f"nothing waits for a lock; the job {'has ended' if running.done() else 'runs'}")
