"""The fixtures of `shopkit.testing` for the tests of all services, and the marker of those that need PostgreSQL."""

import pytest

from shopkit.testing.messaging import deliver, published
from shopkit.testing.plugin import (
    app,
    client,
    database,
    database_templates,
    database_url,
    environ,
    extra_environ,
    postgres_url,
    service,
    tokens,
)
from shopkit.testing.rabbitmq import amqp_url, broker

__all__ = [
    "amqp_url",
    "app",
    "broker",
    "client",
    "database",
    "database_templates",
    "database_url",
    "deliver",
    "environ",
    "extra_environ",
    "postgres_url",
    "published",
    "service",
    "tokens",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lies in a folder `integration` needs a real PostgreSQL."""
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker("integration")
