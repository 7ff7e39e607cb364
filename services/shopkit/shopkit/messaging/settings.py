"""Settings of services that publish or consume; mix them into the service's own settings."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.settings import between, setting, starts_with


@dataclass(frozen=True, kw_only=True)
class BrokerSettings:
    """Where the broker is."""

    amqp_url: str = setting(
        "AMQP_URL",
        "The message broker: `amqp://user:password@host:port/%2F`.",
        secret=True,
        check=starts_with("amqp://", "amqps://"),
    )


@dataclass(frozen=True, kw_only=True)
class PublisherSettings(BrokerSettings):
    """For a service that publishes events."""

    outbox_poll_seconds: float = setting(
        "OUTBOX_POLL_SECONDS",
        "Longest pause between two looks into the outbox; an event of this process is seen at once.",
        default=1.0,
        check=between(0.05, 60),
    )
    outbox_batch: int = setting(
        "OUTBOX_BATCH", "Most events that are published at once.", default=200, check=between(1, 10_000)
    )


@dataclass(frozen=True, kw_only=True)
class ConsumerSettings(BrokerSettings):
    """For a service that consumes events."""

    consumer_prefetch: int = setting(
        "CONSUMER_PREFETCH", "Most events that the broker hands out ahead.", default=20, check=between(1, 1000)
    )
    inbox_days: float = setting(
        "INBOX_DAYS",
        "How long it is remembered that an event has taken effect: longer than the broker may keep a copy of it.",
        default=14.0,
        check=between(1, 3650),
    )
