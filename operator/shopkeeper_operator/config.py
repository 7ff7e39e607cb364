"""The operator's configuration, from the environment."""

import os
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shopkeeper_operator import __version__


class ConfigError(ValueError):
    """A variable of the environment has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Config:
    """How the operator runs.

    `namespaces` are those it watches; empty means all. `release` is the release of Shops that name none. `identity`
    is this replica's name in the Lease; empty means that there are no others, as outside of a cluster.
    """

    release: str
    chart: Path
    helm: str
    home: Path
    image_registry: str
    namespaces: tuple[str, ...]
    own_namespace: str
    lease: str
    identity: str
    workers: int
    resync_seconds: int
    metrics_port: int
    liveness_port: int
    log_level: str


def load(environment: Mapping[str, str] = os.environ) -> Config:
    """Return the configuration.

    Raises:
        ConfigError: a value cannot be used; the text names the variable and what is allowed.
    """
    listed = environment.get("WATCH_NAMESPACES", "").split(",")
    return Config(
        release=environment.get("OPERATOR_RELEASE") or __version__,
        chart=Path(environment.get("CHART_DIR", "/app/charts/shop")),
        helm=environment.get("HELM", "helm"),
        home=Path(environment.get("HELM_HOME") or Path(tempfile.gettempdir(), "helm")),
        image_registry=environment.get("IMAGE_REGISTRY", ""),
        namespaces=tuple(sorted({name.strip() for name in listed if name.strip()})),
        own_namespace=environment.get("POD_NAMESPACE", ""),
        lease=environment.get("LEASE_NAME", "shopkeeper-operator"),
        identity=f"{environment['POD_NAME']}_{uuid.uuid4().hex[:8]}" if environment.get("POD_NAME") else "",
        workers=_number(environment, "WORKERS", 4, range(1, 65)),
        resync_seconds=_number(environment, "RESYNC_SECONDS", 600, range(10, 86401)),
        metrics_port=_number(environment, "METRICS_PORT", 9090, range(1, 65536)),
        liveness_port=_number(environment, "LIVENESS_PORT", 8080, range(1, 65536)),
        log_level=_level(environment.get("LOG_LEVEL", "INFO")),
    )


def _number(environment: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    text = environment.get(name, str(default))
    if not text.isdigit() or int(text) not in allowed:
        raise ConfigError(f"{name}={text} is not a whole number from {allowed.start} to {allowed.stop - 1}")
    return int(text)


def _level(text: str) -> str:
    allowed = ("DEBUG", "INFO", "WARNING", "ERROR")
    if text not in allowed:
        raise ConfigError(f"LOG_LEVEL={text} is not one of {', '.join(allowed)}")
    return text
