"""What a service is made of, and what it is given at start."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from shopkit.auth import KeySource
from shopkit.background import Background
from shopkit.database import Database
from shopkit.messaging.consumer import Consumer
from shopkit.messaging.events import Event
from shopkit.metrics import Metrics
from shopkit.resilience import Protection
from shopkit.routing import Api
from shopkit.settings import Settings, StatelessSettings
from shopkit.upstream import Limits, Upstream

if TYPE_CHECKING:
    from shopkit.app import ServiceApp

S = TypeVar("S", bound=StatelessSettings)


@dataclass(frozen=True)
class Runtime(Generic[S]):
    """What a service finds when it is built."""

    settings: S
    own_database: Database | None
    metrics: Metrics
    background: Background

    @property
    def database(self) -> Database:
        """The service's own database. Raises TypeError for a service that has none."""
        if self.own_database is None:
            raise TypeError(f"{type(self.settings).__name__} is no shopkit.settings.Settings: there is no database")
        return self.own_database

    def upstream(self, name: str, base_url: str, *, token: str | None = None, limits: Limits | None = None) -> Upstream:
        """Return a client of another service, guarded as the settings say; see `Upstream`."""
        loaded = self.settings
        protection = Protection(
            loaded.breaker_failures,
            loaded.breaker_seconds,
            # Some threads are left for what does not need a service that hangs.
            loaded.upstream_concurrency or max(1, loaded.http_threads * 3 // 4),
            loaded.connection_seconds,
        )
        return Upstream(name, base_url, self.metrics, token=token, limits=limits, protection=protection)


@dataclass(frozen=True)
class Service(Generic[S]):
    """Definition of a service.

    Args:
        name: package name, and the name in URLs, logs and databases.
        version: SemVer of its API.
        summary: what it does, for the API document.
        settings: dataclass of its settings: a `Settings` for a service with a database (and the folder
            `migrations`), a `StatelessSettings` for one without.
        apis: its routes.
        build: makes the context that its handlers get.
        keys: where its token keys come from, when not from the service `users`.
        pages: adds HTML pages beside the API: it gets the application, to register blueprints on and to set
            `error_page` and `config`, and what `build` made.
        publishes: the events that it writes into its outbox; its settings are then also `PublisherSettings`.
        consumes: its handlers of events; its settings are then also `ConsumerSettings`.
    """

    name: str
    version: str
    summary: str
    settings: type[S]
    apis: Sequence[Api[Any]]
    build: Callable[[Runtime[S]], object]
    keys: Callable[[object], KeySource] | None = None
    pages: Callable[[ServiceApp, Any], None] | None = None
    publishes: Sequence[type[Event]] = ()
    consumes: Consumer[Any] | None = None

    @property
    def has_database(self) -> bool:
        """Whether it has a database of its own."""
        return issubclass(self.settings, Settings)

    @property
    def folder(self) -> Path:
        """The folder that holds the package, `migrations` and `openapi.yaml`."""
        return service_folder(self.name)


def service_folder(name: str) -> Path:
    """Return the folder that holds the package of a service, its `migrations` and `openapi.yaml`.

    Raises:
        ModuleNotFoundError: there is no such service on the Python path.
    """
    found = importlib.import_module(name).__file__
    if found is None:
        raise ModuleNotFoundError(f"{name} is not a package of a service: it has no __init__.py")
    return Path(found).resolve().parent.parent


def find_service(name: str) -> Service[Any]:
    """Import `<name>.service` and return its `SERVICE`.

    Raises:
        ModuleNotFoundError: there is no such service on the Python path.
    """
    service: Service[Any] = importlib.import_module(f"{name}.service").SERVICE
    return service
