from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg2
import pytest
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INTRANS, connection

from shopkit.pool import Pool, PoolTimeout
from shopkit.testing.waiting import wait_for


class FakeConnection:
    """Behaves like psycopg2's as far as the pool looks at it."""

    def __init__(self) -> None:
        self.closed = 0
        self.autocommit = True
        self.broken = False
        self.rollbacks = 0
        self.pings = 0
        self.info = self
        self.transaction_status = TRANSACTION_STATUS_IDLE

    def rollback(self) -> None:
        if self.broken:
            raise psycopg2.OperationalError("gone")
        self.rollbacks += 1
        self.transaction_status = TRANSACTION_STATUS_IDLE

    def close(self) -> None:
        self.closed = 1

    def cursor(self) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def execute(self, _sql: str) -> None:
        self.pings += 1
        if self.broken:
            raise psycopg2.OperationalError("gone")


@dataclass
class Bench:
    """A pool on fake connections and a clock that the test moves."""

    size: int = 2
    timeout: float = 0.0
    now: float = 0.0
    made: list[FakeConnection] = field(default_factory=list)
    failing: bool = False

    def __post_init__(self) -> None:
        self.pool = Pool(
            self.connect,
            self.size,
            self.timeout,
            max_lifetime=1000.0,
            max_idle=100.0,
            check_after=20.0,
            clock=lambda: self.now,
        )

    def connect(self) -> connection:
        if self.failing:
            raise psycopg2.OperationalError("refused")
        self.made.append(FakeConnection())
        return cast("connection", self.made[-1])


def test_a_connection_is_used_again() -> None:
    bench = Bench()
    for _ in range(3):
        bench.pool.release(bench.pool.acquire())
    assert len(bench.made) == 1
    assert bench.made[0].pings == 0


def test_no_more_than_size_and_then_a_timeout() -> None:
    bench = Bench()
    first, second = bench.pool.acquire(), bench.pool.acquire()
    with pytest.raises(PoolTimeout, match=r"no database connection became free within 0.0 s \(pool of 2\)"):
        bench.pool.acquire()
    bench.pool.release(first)
    assert bench.pool.acquire().connection is first.connection
    bench.pool.release(second)
    stats = bench.pool.stats()
    assert (stats.size, stats.open, stats.in_use, stats.waiters, stats.waits, stats.timeouts) == (2, 2, 1, 0, 1, 1)


def test_who_waits_gets_what_is_given_back() -> None:
    bench = Bench(size=1, timeout=60.0)
    held = bench.pool.acquire()
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.append(bench.pool.acquire().connection))
    waiter.start()
    wait_for(lambda: bench.pool.stats().waiters, "a waiter")
    bench.pool.release(held)
    waiter.join()
    assert got == [held.connection]
    assert bench.pool.stats().waiters == 0


def test_who_waits_may_open_a_new_one_when_a_broken_one_came_back() -> None:
    bench = Bench(size=1, timeout=60.0)
    held = bench.pool.acquire()
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.append(bench.pool.acquire().connection))
    waiter.start()
    wait_for(lambda: bench.pool.stats().waiters, "a waiter")
    bench.made[0].closed = 2
    bench.pool.release(held)
    waiter.join()
    assert got == [bench.made[1]]


def test_an_open_transaction_is_rolled_back() -> None:
    bench = Bench()
    pooled = bench.pool.acquire()
    bench.made[0].transaction_status = TRANSACTION_STATUS_INTRANS
    bench.made[0].autocommit = False
    bench.pool.release(pooled)
    assert (bench.made[0].rollbacks, bench.made[0].autocommit) == (1, True)


def test_a_broken_connection_takes_the_idle_ones_with_it() -> None:
    bench = Bench()
    first, second = bench.pool.acquire(), bench.pool.acquire()
    bench.pool.release(second)
    bench.made[0].broken = True
    bench.made[0].transaction_status = TRANSACTION_STATUS_INTRANS
    bench.pool.release(first)
    assert [made.closed for made in bench.made] == [1, 1]
    assert bench.pool.stats().open == 0


def test_a_connection_is_replaced_at_the_end_of_its_life() -> None:
    bench = Bench()
    pooled = bench.pool.acquire()
    bench.now = 899.0
    bench.pool.release(pooled)
    assert bench.pool.acquire().connection is pooled.connection
    bench.now = 1000.0
    bench.pool.release(pooled)
    assert bench.made[0].closed == 1
    assert bench.pool.stats().open == 0


def test_a_connection_that_idled_long_is_tried_first() -> None:
    bench = Bench()
    bench.pool.release(bench.pool.acquire())
    bench.now = 19.0
    bench.pool.release(bench.pool.acquire())
    assert bench.made[0].pings == 0
    bench.now = 40.0
    bench.pool.release(bench.pool.acquire())
    assert bench.made[0].pings == 1
    bench.now = 80.0
    bench.made[0].broken = True
    assert bench.pool.acquire().connection is cast("connection", bench.made[1])
    assert bench.made[0].closed == 1


def test_a_connection_that_is_not_needed_any_more_is_closed() -> None:
    bench = Bench()
    first, second = bench.pool.acquire(), bench.pool.acquire()
    bench.pool.release(first)
    bench.pool.release(second)
    bench.now = 101.0
    bench.pool.release(bench.pool.acquire())
    assert (bench.made[0].closed, bench.made[1].closed) == (1, 0)
    assert bench.pool.stats().open == 1


def test_a_failed_connect_gives_its_place_back() -> None:
    bench = Bench(size=1)
    bench.failing = True
    for _ in range(2):
        with pytest.raises(psycopg2.OperationalError):
            bench.pool.acquire()
    bench.failing = False
    bench.pool.release(bench.pool.acquire())
    assert bench.pool.stats().in_use == 0
