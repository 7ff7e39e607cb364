"""The commands of ``python -m shopkit``. Heavy imports are made where they are needed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopkit import settings
from shopkit.settings import setting, starts_with


class CommandError(Exception):
    """A command could not do its work; the message says why."""


@dataclass(frozen=True, kw_only=True)
class MigrationSettings:
    """What `migrate` needs."""

    database_url: str = setting(
        "DATABASE_URL",
        "The database, as the owner of its schema.",
        secret=True,
        check=starts_with("postgresql://", "postgres://"),
    )
    runtime_role: str = setting(
        "DATABASE_RUNTIME_ROLE", "Role that the service runs as; it is granted DML on all tables.", default=""
    )
    connect_seconds: float = setting(
        "DATABASE_CONNECT_SECONDS", "How long a database that is just starting is waited for.", default=30.0
    )
    shop: str = setting("SHOP", "Name of the shop.", default="shop")
    log_level: str = setting("LOG_LEVEL", "Least severe level that is logged.", default="INFO")


def serve(name: str, environ: Mapping[str, str]) -> None:
    """Serve the API until SIGTERM. Raises SettingsError."""
    from shopkit.server import serve as run

    run(name, environ)


def openapi(name: str, _environ: Mapping[str, str]) -> None:
    """Print the API document as YAML."""
    from shopkit.openapi import describe, to_yaml
    from shopkit.service import find_service

    sys.stdout.write(to_yaml(describe(find_service(name))))


def settings_table(name: str, _environ: Mapping[str, str]) -> None:
    """Print the configuration table as Markdown."""
    from shopkit.service import find_service

    sys.stdout.write(settings.table(find_service(name).settings))


def run_migrate(name: str, environ: Mapping[str, str]) -> None:
    """Bring the database up to date, see `migrate`, with logs, and print what was done."""
    from shopkit import logs

    loaded: MigrationSettings = settings.load(MigrationSettings, environ)
    logs.configure(loaded.log_level, name, loaded.shop)
    applied = migrate(name, environ)
    print(f"{name}: applied {', '.join(applied)}" if applied else f"{name}: nothing to apply", flush=True)


def migrate(name: str, environ: Mapping[str, str]) -> list[str]:
    """Apply what is pending, grant the runtime role, and call the service's bootstrap if it has one.

    Args:
        name: the service.
        environ: environment variables: `MigrationSettings`, and those of the bootstrap.

    Returns:
        The versions that were applied.

    Raises:
        SettingsError: variables are missing or wrong.
        CommandError: the database cannot be reached, or a migration cannot be applied.
    """
    import psycopg2

    from shopkit.migrations import MigrationError, read_migrations
    from shopkit.migrations import migrate as apply
    from shopkit.service import service_folder

    loaded: MigrationSettings = settings.load(MigrationSettings, environ)
    try:
        migrations = read_migrations(service_folder(name) / "migrations")
        opened = _connect(loaded.database_url, f"{loaded.shop}-{name}-migrate", loaded.connect_seconds)
        try:
            applied = apply(opened, migrations, loaded.runtime_role or None)
            _bootstrap(name, opened, environ)
        finally:
            opened.close()
    except (MigrationError, psycopg2.Error) as error:
        raise CommandError(f"{type(error).__name__}: {str(error).strip()}") from error
    return applied


def _connect(url: str, application: str, patience: float) -> Any:
    """Connect; a database that is just starting is tried again until the patience (seconds) ends."""
    import psycopg2

    end = time.monotonic() + patience
    while True:
        try:
            return psycopg2.connect(url, application_name=application, connect_timeout=5)
        except psycopg2.OperationalError as error:
            if time.monotonic() >= end or "authentication failed" in str(error):
                raise
        time.sleep(0.5)


def _bootstrap(name: str, opened: Any, environ: Mapping[str, str]) -> None:
    """Call ``<name>.bootstrap:bootstrap(connection, environ)`` in a transaction, if the service has it."""
    if importlib.util.find_spec(f"{name}.bootstrap") is None:
        return
    opened.autocommit = False
    importlib.import_module(f"{name}.bootstrap").bootstrap(opened, environ)
    opened.commit()


COMMANDS = {
    "serve": serve,
    "migrate": run_migrate,
    "openapi": openapi,
    "settings": settings_table,
}
