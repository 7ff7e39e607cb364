"""The messenger, made importable, with a proxy before its broker and one before its database."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shopkit.app import ServiceApp, create_app
from shopkit.database import Database
from shopkit.service import Service, find_service
from shopkit.testing.proxy import Proxy
from shopkit.testing.rabbitmq import role_url

SERVICE = Path(__file__).parent / "service"
sys.path.insert(0, str(SERVICE))


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test."""
    return find_service("messenger")


@pytest.fixture(scope="module")
def broker_proxy(amqp_url: str) -> Iterator[Proxy]:
    """What is between the messenger and the broker; up."""
    yield from _proxy(amqp_url)


@pytest.fixture(scope="module")
def database_proxy(database_url: str) -> Iterator[Proxy]:
    """What is between the messenger and its database; up."""
    yield from _proxy(database_url)


def _proxy(url: str) -> Iterator[Proxy]:
    parts = urlsplit(url)
    with Proxy(parts.hostname or "", parts.port or 0) as made:
        yield made


@pytest.fixture(scope="module")
def environ(amqp_url: str, database_url: str, broker_proxy: Proxy, database_proxy: Proxy) -> dict[str, str]:
    """Environment of the messenger; it has no more rights at the broker than a service of a shop."""
    parts = urlsplit(database_url)
    return {
        "SHOP": "demo",
        "AMQP_URL": role_url(amqp_url, "messenger", f"127.0.0.1:{broker_proxy.port}"),
        "DATABASE_URL": f"{parts.scheme}://{parts.username}:{parts.password}@127.0.0.1:{database_proxy.port}{parts.path}",
    }


@pytest.fixture
def app(service: Service[Any], environ: dict[str, str]) -> Iterator[ServiceApp]:
    """The application under test: a new one for each test, so that its metrics begin at 0."""
    made = create_app(service, environ)
    yield made
    made.runtime.database.close()


@pytest.fixture
def messenger(app: ServiceApp, database: Database) -> Any:
    """What the handlers of the application work with, on an empty database: a `messenger.service.Messenger`."""
    return sys.modules["messenger.service"].messengers[-1]


@pytest.fixture
def count(app: ServiceApp) -> Callable[..., int]:
    """Read a metric: the sum over the series that have these labels."""

    def total(name: str, **labels: str) -> int:
        samples = (sample for metric in app.runtime.metrics.registry.collect() for sample in metric.samples)
        return round(sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items()))

    return total


@pytest.fixture
def effects(database: Database) -> Callable[[], dict[str, int]]:
    """Tell how often each text took effect."""
    statement = "SELECT text, count(*) AS n FROM effects GROUP BY text"
    return lambda: {row["text"]: row["n"] for row in database.fetch_all(statement)}
