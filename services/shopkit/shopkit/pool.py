"""A pool of psycopg2 connections that waits, where psycopg2's own raises at once when it is empty."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, connection


class PoolTimeout(Exception):
    """All connections were in use for the whole waiting time."""


class Connect(Protocol):
    """Opens a new connection."""

    def __call__(self) -> connection: ...


@dataclass(slots=True)
class Pooled:
    """A connection with the (monotonic) times that decide whether it is used again."""

    connection: connection
    expires: float
    idle_since: float


@dataclass(frozen=True)
class PoolStats:
    """The state of a pool at one moment, and its totals."""

    size: int
    open: int
    in_use: int
    waiters: int
    waits: int
    wait_seconds: float
    timeouts: int


class Pool:
    """Up to `size` connections, the most recently used first; safe for threads.

    Args:
        connect: opens a connection.
        size: most connections.
        timeout: longest wait for one, in seconds.
        max_lifetime: seconds after which a connection is replaced (less up to a tenth, so that not all go at once).
        max_idle: seconds after which a connection that was not needed is closed.
        check_after: seconds of idleness after which a connection is tried before it is handed out.
        clock: monotonic clock.
    """

    def __init__(
        self,
        connect: Connect,
        size: int,
        timeout: float,
        *,
        max_lifetime: float = 1800.0,
        max_idle: float = 300.0,
        check_after: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._size = size
        self._timeout = timeout
        self._max_lifetime = max_lifetime
        self._max_idle = max_idle
        self._check_after = check_after
        self._clock = clock
        self._changed = threading.Condition()
        self._idle: list[Pooled] = []
        self._open = 0
        self._waiters = 0
        self._waits = 0
        self._wait_seconds = 0.0
        self._timeouts = 0

    def acquire(self) -> Pooled:
        """Take a connection; give it back with `release`.

        Raises:
            PoolTimeout: none became free in time.
            psycopg2.OperationalError: a new one cannot be opened.
        """
        found = self._take_slot()
        if found is not None:
            now = self._clock()
            if now < found.expires and (now - found.idle_since < self._check_after or _alive(found.connection)):
                return found
            _close(found.connection)
        try:
            opened = self._connect()
        except BaseException:
            self._free_slot()
            raise
        now = self._clock()
        return Pooled(opened, now + self._max_lifetime * random.uniform(0.9, 1.0), now)

    def release(self, pooled: Pooled) -> None:
        """Give a connection back: a transaction left open is rolled back, a broken connection is dropped."""
        broken = not _reset(pooled.connection)
        now = self._clock()
        if broken or now >= pooled.expires:
            _close(pooled.connection)
            self._free_slot()
            if broken:
                # The server went away, so the idle ones are dead as well.
                self.close_idle()
            return
        pooled.idle_since = now
        surplus = None
        with self._changed:
            self._idle.append(pooled)
            if now - self._idle[0].idle_since > self._max_idle:
                surplus = self._idle.pop(0)
                self._open -= 1
            self._changed.notify()
        if surplus is not None:
            _close(surplus.connection)

    def close_idle(self) -> None:
        """Close the connections that nobody uses."""
        with self._changed:
            dropped, self._idle = self._idle, []
            self._open -= len(dropped)
            self._changed.notify_all()
        for pooled in dropped:
            _close(pooled.connection)

    def stats(self) -> PoolStats:
        """Return the present state."""
        with self._changed:
            return PoolStats(
                size=self._size,
                open=self._open,
                in_use=self._open - len(self._idle),
                waiters=self._waiters,
                waits=self._waits,
                wait_seconds=self._wait_seconds,
                timeouts=self._timeouts,
            )

    def _take_slot(self) -> Pooled | None:
        """Take an idle connection, or the right to open one (None)."""
        with self._changed:
            if not self._idle and self._open >= self._size:
                self._wait()
            if self._idle:
                return self._idle.pop()
            self._open += 1
            return None

    def _wait(self) -> None:
        started = self._clock()
        self._waits += 1
        self._waiters += 1
        try:
            free = self._changed.wait_for(lambda: self._idle or self._open < self._size, self._timeout)
        finally:
            self._waiters -= 1
            self._wait_seconds += self._clock() - started
        if not free:
            self._timeouts += 1
            raise PoolTimeout(f"no database connection became free within {self._timeout} s (pool of {self._size})")

    def _free_slot(self) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify()


def _alive(opened: connection) -> bool:
    try:
        with opened.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error:
        return False
    return True


def _reset(used: connection) -> bool:
    """Leave no transaction behind; tell whether the connection can be used again."""
    if used.closed:
        return False
    try:
        if used.info.transaction_status != TRANSACTION_STATUS_IDLE:
            used.rollback()
        if not used.autocommit:
            used.autocommit = True
    except psycopg2.Error:
        return False
    return True


def _close(opened: connection) -> None:
    try:
        opened.close()
    except psycopg2.Error:
        return  # it was closed already, from the other side
