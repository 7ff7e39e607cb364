"""What a service that publishes or consumes runs beside its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shopkit.messaging.processing import Processor
from shopkit.messaging.settings import ConsumerSettings, PublisherSettings
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
    processor = None
    if service.consumes is not None:
        _must_be(runtime.settings, ConsumerSettings, "consumes")
        processor = Processor(service.consumes, built, runtime.database)
        _consume(processor, runtime)
    return Messaging(processor)


def _consume(processor: Processor[Any], runtime: Runtime[Any]) -> None:
    days = runtime.settings.inbox_days
    runtime.background.every(_SWEEP_SECONDS, "sweep-inbox", lambda: processor.sweep(days))


def _must_be(settings: object, kind: type[object], does: str) -> None:
    if not isinstance(settings, kind):
        raise TypeError(f"{type(settings).__name__} must also be a {kind.__name__}: the service {does} events")
