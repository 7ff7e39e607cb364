"""The fixtures of `shopkit.testing` for the tests of all services."""

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

__all__ = [
    "app",
    "client",
    "database",
    "database_templates",
    "database_url",
    "environ",
    "extra_environ",
    "postgres_url",
    "service",
    "tokens",
]
