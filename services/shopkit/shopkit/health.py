"""Probes: `/livez` says that the process answers, `/readyz` that it can do its work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg2
import structlog
from flask import Flask, Response

from shopkit import lifecycle
from shopkit.database import Database
from shopkit.pool import PoolTimeout
from shopkit.routing import render

_log = structlog.get_logger(__name__)


class Readiness:
    """Whether the own database answers and holds the schema this release needs; asked at most once per `max_age`.

    Args:
        database: the service's database.
        revision: the newest migration of this release.
        max_age: seconds an answer is good for.
        clock: monotonic clock.
    """

    def __init__(
        self,
        database: Database,
        revision: str,
        *,
        max_age: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._revision = revision
        self._max_age = max_age
        self._clock = clock
        self._lock = threading.Lock()
        self._checked = float("-inf")
        self._fault: str | None = None

    def fault(self) -> str | None:
        """Return why the service is not ready, or None."""
        with self._lock:
            if self._clock() - self._checked >= self._max_age:
                self._refresh()
            return self._fault

    def _refresh(self) -> None:
        stats = self._database.stats()
        # Every connection at work says nothing against the database, and a probe must not queue behind shoppers.
        if stats.in_use < stats.size:
            found = self._check()
            if found and found != self._fault:
                _log.warning("the service is not ready", cause=found)
            self._fault = found
        self._checked = self._clock()

    def _check(self) -> str | None:
        try:
            row = self._database.fetch_one("SELECT max(version) AS version FROM schema_migrations")
        except psycopg2.errors.UndefinedTable:
            return f"the database has no schema yet: migration {self._revision} has to be applied"
        except PoolTimeout:
            return self._fault
        except psycopg2.Error as error:
            return f"the database does not answer: {type(error).__name__}"
        applied = row["version"] if row else None
        # A newer schema is fine: migrations are expand-contract, release N-1 runs on the schema of N.
        if applied is None or applied < self._revision:
            return f"the schema is at {applied}, migration {self._revision} has to be applied"
        return None


class AlwaysReady:
    """Readiness of a service without a database: it can work as soon as it answers."""

    def fault(self) -> None:
        """Return None."""


def add_probes(app: Flask, readiness: Readiness | AlwaysReady) -> None:
    """Serve `/livez` and `/readyz`."""

    def livez() -> Response:
        return render({"status": "alive"}, 200)

    def readyz() -> Response:
        fault = "the process is shutting down" if lifecycle.draining() else readiness.fault()
        return render({"status": "not ready", "detail": fault}, 503) if fault else render({"status": "ready"}, 200)

    app.add_url_rule("/livez", view_func=livez)
    app.add_url_rule("/readyz", view_func=readyz)
