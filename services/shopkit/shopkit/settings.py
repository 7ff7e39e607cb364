"""Settings from environment variables: declared once, typed, frozen; the README tables are made from them."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any], str | None]


class SettingsError(Exception):
    """The environment does not hold what the service needs; the message names every variable at fault."""


def setting(
    variable: str, doc: str, *, default: Any = dataclasses.MISSING, secret: bool = False, check: Check | None = None
) -> Any:
    """Declare one setting as a dataclass field.

    Args:
        variable: name of the environment variable.
        doc: one sentence for the configuration table.
        default: value when the variable is not set; without one the variable is required.
        secret: kept out of `repr`, error messages and the table.
        check: returns what is wrong with a value, or None.
    """
    metadata = {"variable": variable, "doc": doc, "secret": secret, "check": check}
    return dataclasses.field(default=default, repr=not secret, metadata=metadata)


def between(low: float, high: float) -> Check:
    """Return a check that a number lies in the closed interval."""
    return lambda value: None if low <= value <= high else f"must be from {low} to {high}"


def one_of(*allowed: str) -> Check:
    """Return a check that a text is one of these."""
    return lambda value: None if value in allowed else f"must be one of {', '.join(allowed)}"


def starts_with(*prefixes: str) -> Check:
    """Return a check that a text begins with one of these."""
    return lambda value: None if value.startswith(prefixes) else f"must start with {' or '.join(prefixes)}"


def currency_code(value: str) -> str | None:
    """Check that a text has the form of an ISO 4217 code."""
    fine = len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()
    return None if fine else "must be an ISO 4217 code such as EUR"


_URL = starts_with("http://", "https://")
_SECONDS = between(0.01, 3600)


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """What the process that starts the server needs."""

    http_port: int = setting("HTTP_PORT", "Port of the API and the probes.", default=8080, check=between(0, 65535))
    metrics_port: int = setting("METRICS_PORT", "Port of `/metrics`.", default=9090, check=between(0, 65535))
    server: str = setting(
        "SERVER", "WSGI server: `granian` or `gunicorn`.", default="granian", check=one_of("granian", "gunicorn")
    )
    http_threads: int = setting(
        "HTTP_THREADS", "Threads that handle requests in the one worker process.", default=8, check=between(1, 256)
    )
    shutdown_drain_seconds: float = setting(
        "SHUTDOWN_DRAIN_SECONDS",
        "After SIGTERM: how long requests are still taken, each with `Connection: close`, while `/readyz` fails.",
        default=2.0,
        check=between(0, 600),
    )
    shutdown_grace_seconds: int = setting(
        "SHUTDOWN_GRACE_SECONDS",
        "After the drain: how long running requests may take.",
        default=20,
        check=between(1, 600),
    )
    log_level: str = setting(
        "LOG_LEVEL",
        "Least severe level that is logged.",
        default="INFO",
        check=one_of("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    shop: str = setting(
        "SHOP", "Name of the shop, in logs and in the list of sessions of the database.", default="shop"
    )


@dataclass(frozen=True, kw_only=True)
class StatelessSettings(ServerSettings):
    """What a service without a database needs; it adds its own in a subclass."""

    max_body_bytes: int = setting(
        "MAX_BODY_BYTES", "Largest request body; beyond it 413.", default=1_048_576, check=between(1024, 1 << 30)
    )
    breaker_failures: int = setting(
        "BREAKER_FAILURES",
        "Consecutive failures of another service after which it is not asked for a while.",
        default=5,
        check=between(1, 1000),
    )
    breaker_seconds: float = setting(
        "BREAKER_SECONDS", "How long it is then not asked; afterwards one call tries it.", default=60.0, check=_SECONDS
    )
    upstream_concurrency: int = setting(
        "UPSTREAM_CONCURRENCY",
        "Most calls at once to each other service; 0: three quarters of `HTTP_THREADS`.",
        default=0,
        check=between(0, 256),
    )
    connection_seconds: float = setting(
        "CONNECTION_SECONDS",
        "Age at which a connection to another service is replaced, so that new replicas get their share.",
        default=60.0,
        check=_SECONDS,
    )
    otlp_endpoint: str = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "Base URL that traces are sent to by OTLP/HTTP, such as `http://collector:4318`; without it none are made.",
        default="",
        check=_URL,
    )
    trace_ratio: float = setting(
        "OTEL_TRACES_SAMPLER_ARG",
        "Share of the traces that is recorded, of those that begin here; others follow their caller.",
        default=1.0,
        check=between(0, 1),
    )


@dataclass(frozen=True, kw_only=True)
class Settings(StatelessSettings):
    """What a service with a database needs; it adds its own in a subclass."""

    database_url: str = setting(
        "DATABASE_URL",
        "The service's own database: `postgresql://role:password@host:port/database`.",
        secret=True,
        check=starts_with("postgresql://", "postgres://"),
    )
    database_pool_size: int = setting(
        "DATABASE_POOL_SIZE", "Most connections of one process.", default=8, check=between(1, 256)
    )
    database_pool_timeout: float = setting(
        "DATABASE_POOL_TIMEOUT_SECONDS", "Longest wait for a connection; then 503.", default=2.0, check=_SECONDS
    )
    database_statement_timeout: float = setting(
        "DATABASE_STATEMENT_TIMEOUT_SECONDS", "Longest time of one SQL statement.", default=5.0, check=_SECONDS
    )
    database_lock_timeout: float = setting(
        "DATABASE_LOCK_TIMEOUT_SECONDS", "Longest wait of one SQL statement for a lock.", default=3.0, check=_SECONDS
    )


@dataclass(frozen=True, kw_only=True)
class TokenSettings(Settings):
    """For a service that checks shoppers' tokens by the public keys that `users` publishes."""

    jwt_issuer: str = setting("JWT_ISSUER", "Issuer that tokens must name.")
    users_url: str = setting("USERS_URL", "Base URL of the service `users`, for its public keys.", check=_URL)


def load(kind: type[Any], environ: Mapping[str, str]) -> Any:
    """Read all settings of a dataclass made of `setting` fields.

    Raises:
        SettingsError: naming every variable that is missing or wrong.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for field, annotation in _declared(kind):
        variable = field.metadata["variable"]
        raw = environ.get(variable, "")
        if raw == "":
            if field.default is dataclasses.MISSING:
                faults.append(f"{variable} is not set: {field.metadata['doc']}")
            continue
        value, fault = _convert(raw, annotation, field.metadata["check"])
        if fault:
            shown = "" if field.metadata["secret"] else f"={raw!r}"
            faults.append(f"{variable}{shown} {fault}")
        values[field.name] = value
    if faults:
        raise SettingsError("the environment is not right:\n  " + "\n  ".join(faults))
    return kind(**values)


def table(kind: type[Any]) -> str:
    """Return the Markdown table of all settings of a dataclass."""
    lines = ["| variable | default | what it is |", "|---|---|---|"]
    for field, _ in _declared(kind):
        default = "required" if field.default is dataclasses.MISSING else f"`{field.default}`"
        lines.append(f"| `{field.metadata['variable']}` | {default} | {field.metadata['doc']} |")
    return "\n".join(lines) + "\n"


def _declared(kind: type[Any]) -> Iterator[tuple[dataclasses.Field[Any], type[Any]]]:
    annotations = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        yield field, annotations[field.name]


def _convert(raw: str, annotation: type[Any], check: Check | None) -> tuple[Any, str | None]:
    try:
        value = annotation(raw)
    except ValueError:
        return None, {int: "must be a whole number", float: "must be a number"}[annotation]
    return value, check(value) if check else None
