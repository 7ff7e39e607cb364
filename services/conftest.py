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


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lies in a folder `integration` needs a real PostgreSQL.

    Files may run beside each other, each with a database of its own; those that use the broker share its queues.
    """
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker("integration")
            uses_broker = isinstance(item, pytest.Function) and "amqp_url" in item.fixturenames
            item.add_marker(pytest.mark.xdist_group("broker" if uses_broker else item.location[0]))
