"""Prometheus metrics: rate, errors and duration by route template, the pool, the process."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shopkit.database import Database
from shopkit.resilience import State

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Metrics:
    """The metrics of one service.

    Attributes:
        registry: where a service registers its own.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Histogram(
            "http_request_duration_seconds",
            "Requests by method, route template and status.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._calls = Histogram(
            "http_client_request_duration_seconds",
            "Requests to other services by target, method and status (or the kind of failure).",
            ("target", "method", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._breakers = Gauge(
            "circuit_breaker_state",
            "State of the circuit breaker of each other service: 0 closed, 1 half-open, 2 open.",
            ("target",),
            registry=self.registry,
        )
        self._breaker_changes = Counter(
            "circuit_breaker_changes",
            "Changes of a circuit breaker by the state they led to.",
            ("target", "state"),
            registry=self.registry,
        )
        self._refusals = Counter(
            "http_client_refusals",
            "Attempts that were not made, by what forbade them: breaker, bulkhead or retry-budget.",
            ("target", "reason"),
            registry=self.registry,
        )
        # labels() takes a lock and builds strings at each call; this is read on every request.
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request that was served."""
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            known = method if method in _METHODS else "other"
            child = self._children[(known, route, status)] = self._requests.labels(known, route, status)
        child.observe(seconds)

    def observe_call(self, target: str, method: str, outcome: str, seconds: float) -> None:
        """Count one request made to another service."""
        self._calls.labels(target, method, outcome).observe(seconds)

    def show_breaker(self, target: str, state: State, *, changed: bool = False) -> None:
        """Show the state of a circuit breaker, and count a change."""
        self._breakers.labels(target).set(list(State).index(state))
        if changed:
            self._breaker_changes.labels(target, state).inc()

    def count_refusal(self, target: str, reason: str) -> None:
        """Count an attempt to ask another service that was not made."""
        self._refusals.labels(target, reason).inc()

    def watch_pool(self, database: Database) -> None:
        """Show the state of the connection pool."""
        self.registry.register(_PoolCollector(database))

    def serve(self, port: int) -> None:
        """Answer scrapes on a port of their own, from a thread."""
        start_http_server(port, registry=self.registry)


class _PoolCollector(Collector):
    """Reads the pool when it is asked: a request costs nothing more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        stats = self._database.stats()
        yield GaugeMetricFamily("database_pool_size", "Most connections.", stats.size)
        yield GaugeMetricFamily("database_pool_open", "Connections that are open.", stats.open)
        yield GaugeMetricFamily("database_pool_in_use", "Connections that are in use.", stats.in_use)
        yield GaugeMetricFamily("database_pool_waiters", "Threads that wait for a connection.", stats.waiters)
        yield CounterMetricFamily("database_pool_waits", "How often a thread had to wait.", stats.waits)
        yield CounterMetricFamily("database_pool_wait_seconds", "Time spent waiting.", stats.wait_seconds)
        yield CounterMetricFamily("database_pool_timeouts", "How often the wait was in vain.", stats.timeouts)
