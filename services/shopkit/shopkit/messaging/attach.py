"""What a service that publishes or consumes runs beside its requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shopkit.messaging.metrics import ConsumerMetrics, PublisherMetrics
from shopkit.messaging.processing import Processor
from shopkit.messaging.settings import ConsumerSettings, PublisherSettings
from shopkit.messaging.topology import EXCHANGE
from shopkit.service import Runtime, Service

# Once a quarter of an hour is enough for rows that are two weeks old.
_SWEEP_SECONDS = 900.0


@dataclass(frozen=True)
class Messaging:
    """The messaging of one service.

    Args:
        processor: gives events to its handlers; None for a service that consumes nothing.
    """

    processor: Processor[Any] | None


def attach(service: Service[Any], runtime: Runtime[Any], built: object) -> Messaging:
    """Declare the relay and the consumer of a service, as far as it publishes or consumes.

    Raises:
        TypeError: its settings are not those of a publisher or consumer.
    """
    if service.publishes:
        _must_be(runtime.settings, PublisherSettings, "publishes")
        _declare_relay(service.name, runtime)
    processor = None
    if service.consumes is not None:
        _must_be(runtime.settings, ConsumerSettings, "consumes")
        processor = Processor(service.consumes, built, runtime.database)
        _declare_worker(service.name, processor, runtime)
    return Messaging(processor)


def _declare_relay(name: str, runtime: Runtime[Any]) -> None:
    settings = runtime.settings
    metrics = PublisherMetrics(runtime.metrics.registry)

    def make() -> Runner:
        # Here, in the worker process: a service that is only described or tested does without the AMQP library.
        from shopkit.messaging.connection import parameters
        from shopkit.messaging.publisher import Publisher
        from shopkit.messaging.relay import Relay

        publisher = Publisher(parameters(settings.amqp_url, f"{settings.shop}-{name}-relay"), EXCHANGE)
        source = f"/shops/{settings.shop}/{name}"
        poll, batch = settings.outbox_poll_seconds, settings.outbox_batch
        return Relay(runtime.database, publisher, source, poll, batch, metrics)

    _declare(runtime, "relay", make)


def _declare_worker(name: str, processor: Processor[Any], runtime: Runtime[Any]) -> None:
    settings = runtime.settings
    metrics = ConsumerMetrics(runtime.metrics.registry)

    def make() -> Runner:
        from shopkit.messaging.connection import parameters
        from shopkit.messaging.worker import Worker

        broker = parameters(settings.amqp_url, f"{settings.shop}-{name}-consumer")
        return Worker(name, processor, broker, settings.consumer_prefetch, metrics)

    runtime.background.every(_SWEEP_SECONDS, "sweep-inbox", lambda: processor.sweep(settings.inbox_days))
    _declare(runtime, "consumer", make)


class Runner(Protocol):
    """Something with a thread of its own."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def _declare(runtime: Runtime[Any], name: str, make: Callable[[], Runner]) -> None:
    running: list[Runner] = []

    def start() -> None:
        running.append(make())
        running[-1].start()

    def stop() -> None:
        running.pop().stop()

    runtime.background.component(name, start, stop)


def _must_be(settings: object, kind: type[object], does: str) -> None:
    if not isinstance(settings, kind):
        raise TypeError(f"{type(settings).__name__} must also be a {kind.__name__}: the service {does} events")
