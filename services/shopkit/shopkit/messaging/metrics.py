"""Metrics of messaging."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class PublisherMetrics:
    """What a relay shows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rows = Gauge("outbox_events", "Events that the broker has not confirmed yet.", registry=registry)
        self.lag = Gauge("outbox_lag_seconds", "Age of the oldest of them.", registry=registry)
        self.published = Counter(
            "events_published", "Events that the broker has confirmed, by type.", ("type",), registry=registry
        )
        self.failures = Counter(
            "outbox_relay_failures",
            "Attempts to publish that failed, by what failed: broker, database or relay.",
            ("cause",),
            registry=registry,
        )
        self.connected = _connected("publisher", registry)


class ConsumerMetrics:
    """What a consumer shows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.consumed = Counter(
            "events_consumed",
            "Events by type and outcome: handled, duplicate, retry (it comes again later) or dead (a dead letter).",
            ("type", "outcome"),
            registry=registry,
        )
        self.seconds = Histogram(
            "event_handling_duration_seconds",
            "How long the handling of an event took, by type.",
            ("type",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.waits = Counter(
            "events_waited_for_database",
            "How often an event had to wait because the database could not be reached.",
            registry=registry,
        )
        self.connected = _connected("consumer", registry)


def _connected(role: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(f"broker_{role}_connected", f"Whether the {role} is connected to the broker.", registry=registry)
