"""What a service is made of, and what it is given at start."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from shopkit.auth import KeySource
from shopkit.background import Background
from shopkit.database import Database
from shopkit.metrics import Metrics
from shopkit.routing import Api
from shopkit.settings import Settings

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Runtime(Generic[S]):
    """What a service finds when it is built."""

    settings: S
    database: Database
    metrics: Metrics
    background: Background


@dataclass(frozen=True)
class Service(Generic[S]):
    """Definition of a service.

    Args:
        name: package name, and the name in URLs, logs and databases.
        version: SemVer of its API.
        summary: what it does, for the API document.
        settings: dataclass of its settings.
        apis: its routes.
        build: makes the context that its handlers get.
        keys: where its token keys come from, when not from the service `users`.
    """

    name: str
    version: str
    summary: str
    settings: type[S]
    apis: Sequence[Api[Any]]
    build: Callable[[Runtime[S]], object]
    keys: Callable[[object], KeySource] | None = None

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
