"""A real RabbitMQ for tests, that of TEST_AMQP_URL, with the topology that the shop's broker has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from shopkit.app import ServiceApp
from shopkit.messaging import topology
from shopkit.messaging.events import CONTENT_TYPE
from shopkit.service import Service
from shopkit.testing.messaging import check_message, make_message

SERVER_VARIABLE = "TEST_AMQP_URL"


class Broker:
    """What a test does with the broker, as a user who may do everything.

    Args:
        channel: an open channel.
        consumer: name of the service whose queues it is about.

    Attributes:
        url: URL for the service under test.
    """

    def __init__(self, channel: BlockingChannel, consumer: str, url: str) -> None:
        self._channel = channel
        self._consumer = consumer
        self._heard = channel.queue_declare("", exclusive=True).method.queue or ""
        channel.queue_bind(self._heard, topology.EXCHANGE, "#")
        self.url = url

    def publish(self, key: str, data: dict[str, Any], *, event_id: str | None = None) -> str:
        """Publish an event as the service whose event it is would, and return its id."""
        message = make_message(key, data, event_id)
        check_message(message)
        self.send(topology.EXCHANGE, key, orjson.dumps(message), message["id"])
        return str(message["id"])

    def send(self, exchange: str, key: str, body: bytes, message_id: str | None = None) -> None:
        """Publish bytes."""
        properties = pika.BasicProperties(content_type=CONTENT_TYPE, delivery_mode=2, message_id=message_id)
        self._channel.basic_publish(exchange, key, body, properties)

    def heard(self) -> list[dict[str, Any]]:
        """Take out the events that were published since the last call, by anybody."""
        return [orjson.loads(body) for _, body in self._take(self._heard)]

    def take(self, queue: str) -> list[tuple[dict[str, Any], bytes]]:
        """Take out headers and body of what lies in a queue of the service: `events`, `dead`, `retry.5s`."""
        return list(self._take(f"{self._consumer}.{queue}"))

    def count(self, queue: str) -> int:
        """Return how many messages lie ready in a queue of the service."""
        found = self._channel.queue_declare(f"{self._consumer}.{queue}", passive=True)
        return found.method.message_count or 0

    def purge(self) -> None:
        """Empty the queues of the service, if it consumes at all."""
        for queue in topology.routes(self._consumer).values():
            self._channel.queue_purge(queue)

    def _take(self, queue: str) -> Iterator[tuple[dict[str, Any], bytes]]:
        while True:
            method, properties, body = self._channel.basic_get(queue, auto_ack=True)
            if method is None or properties is None or body is None:
                return
            yield dict(properties.headers or {}), body


@pytest.fixture(scope="session")
def amqp_url() -> str:
    """URL of a real RabbitMQ, as a user who may do everything."""
    given = os.environ.get(SERVER_VARIABLE)
    if not given:
        raise pytest.UsageError(f"These tests need RabbitMQ: run `make test-integration`, or set {SERVER_VARIABLE}.")
    return given


@pytest.fixture
def broker(amqp_url: str, service: Service[Any]) -> Iterator[Broker]:
    """A real broker; the queues of the service under test are empty."""
    connection = BlockingConnection(pika.URLParameters(amqp_url))
    made = Broker(connection.channel(), service.name, amqp_url)
    if service.consumes is not None:
        made.purge()
    yield made
    connection.close()


@contextmanager
def running(app: ServiceApp) -> Iterator[None]:
    """Run the relay and the consumer of an application whose AMQP_URL is that of a broker."""
    components = [found for found in app.runtime.background.components if found.name in ("relay", "consumer")]
    for component in components:
        component.start()
    try:
        yield
    finally:
        for component in components:
            component.stop()


def role_url(url: str, service: str, address: str | None = None) -> str:
    """Return the URL for a service, with no more rights than it has in a shop.

    Args:
        url: of the broker.
        service: whose user; in tests all have the same password.
        address: host and port of a proxy before the broker.
    """
    parts = urlsplit(url)
    netloc = f"{service}:{parts.password}@{address or f'{parts.hostname}:{parts.port}'}"
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))
