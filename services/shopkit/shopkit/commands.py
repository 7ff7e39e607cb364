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

_CONNECT_ATTEMPTS = 30


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


def migrate(name: str, environ: Mapping[str, str]) -> None:
    """Apply what is pending, grant the runtime role, and call the service's bootstrap if it has one.

    Raises:
        SettingsError: variables are missing or wrong.
        CommandError: the database cannot be reached, or a migration cannot be applied.
    """
    import psycopg2

    from shopkit import logs
    from shopkit.migrations import MigrationError, read_migrations
    from shopkit.migrations import migrate as apply
    from shopkit.service import service_folder

    loaded: MigrationSettings = settings.load(MigrationSettings, environ)
    logs.configure(loaded.log_level, name, loaded.shop)
    try:
        migrations = read_migrations(service_folder(name) / "migrations")
        opened = _connect(loaded.database_url, f"{loaded.shop}-{name}-migrate")
        try:
            applied = apply(opened, migrations, loaded.runtime_role or None)
            _bootstrap(name, opened, environ)
        finally:
            opened.close()
    except (MigrationError, psycopg2.Error) as error:
        raise CommandError(f"{type(error).__name__}: {str(error).strip()}") from error
    print(f"{name}: applied {', '.join(applied)}" if applied else f"{name}: nothing to apply", flush=True)


def _connect(url: str, application: str) -> Any:
    """Connect; a database that is just starting gets half a minute."""
    import psycopg2

    for attempt in range(1, _CONNECT_ATTEMPTS + 1):
        try:
            return psycopg2.connect(url, application_name=application, connect_timeout=5)
        except psycopg2.OperationalError as error:
            if attempt == _CONNECT_ATTEMPTS or "authentication failed" in str(error):
                raise
            time.sleep(1)
    raise AssertionError("unreachable")


def _bootstrap(name: str, opened: Any, environ: Mapping[str, str]) -> None:
    """Call ``<name>.bootstrap:bootstrap(connection, environ)`` in a transaction, if the service has it."""
    if importlib.util.find_spec(f"{name}.bootstrap") is None:
        return
    opened.autocommit = False
    importlib.import_module(f"{name}.bootstrap").bootstrap(opened, environ)
    opened.commit()


COMMANDS = {"serve": serve, "migrate": migrate, "openapi": openapi, "settings": settings_table}
