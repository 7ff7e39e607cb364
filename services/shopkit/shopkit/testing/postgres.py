"""A PostgreSQL server for tests: the one of TEST_DATABASE_URL, else a private one from the installed binaries."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from psycopg2 import errors, sql
from psycopg2.extensions import connection

from shopkit.commands import migrate

SERVER_VARIABLE = "TEST_DATABASE_URL"
_BINARIES = Path("/usr/lib/postgresql")
# Nothing of a test outlives the session, so nothing has to reach the disk.
_FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "shared_buffers=64MB",
    "autovacuum=off",
    "log_min_messages=fatal",
)


@contextmanager
def running_server() -> Iterator[str]:
    """Yield the URL of a server as superuser."""
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        yield given
        return
    binaries = find_binaries(_BINARIES)
    folder = Path(tempfile.mkdtemp(prefix="shopkit-postgres-"))
    try:
        yield from _private_server(binaries, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _private_server(binaries: Path, folder: Path) -> Iterator[str]:
    as_other = _unprivileged(folder)
    data = folder / "data"
    port = free_port()
    initdb = [*as_other, str(binaries / "initdb"), "-D", str(data)]
    _run([*initdb, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    options += "".join(f" -c {option}" for option in _FAST)
    control = [*as_other, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    _run([*control, "-l", str(folder / "log"), "-o", options, "start"])
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run([*control, "-m", "immediate", "stop"])


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_binaries(folder: Path) -> Path:
    """Return the folder of the newest installed PostgreSQL. Raises pytest.UsageError when there is none."""
    found = sorted(folder.glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise pytest.UsageError(
            "These tests need PostgreSQL: run `make test-integration`, which installs it, "
            f"or set {SERVER_VARIABLE} to the URL of a server (as superuser)."
        )
    return found[-1].parent


def _unprivileged(folder: Path) -> list[str]:
    """Return the command prefix under which the server runs: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    shutil.chown(folder, user)
    entry = pwd.getpwnam(user)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]


def _run(command: list[str]) -> None:
    # To a file, not a pipe: the server inherits it, and a pipe would stay open as long as the server runs.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, cwd="/", check=False)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{output.read()}")


def with_database(url: str, database: str, user: str | None = None) -> str:
    """Return the URL with another database, and another user (whose password in tests is its name)."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{user}:{user}@{host}" if user else parts.netloc
    return urlunsplit((parts.scheme, netloc, f"/{database}", parts.query, ""))


@contextmanager
def admin(url: str) -> Iterator[connection]:
    """Yield a connection outside of transactions."""
    opened = psycopg2.connect(url)
    opened.autocommit = True
    try:
        yield opened
    finally:
        opened.close()


class Templates:
    """Migrated template databases, one per service and its variables, and databases made from them.

    Args:
        server: URL of the server as superuser.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._run = uuid.uuid4().hex[:8]
        self._names: dict[tuple[str, frozenset[tuple[str, str]]], str] = {}
        self._made: list[str] = []

    def create(self, service: str, environ: Mapping[str, str]) -> str:
        """Create a fresh database of a service and return its URL as the runtime role.

        Args:
            service: name of the service.
            environ: further variables for its migration (and bootstrap).
        """
        # What a migration is given may be in what it makes: an administrator with that password.
        key = (service, frozenset(environ.items()))
        if key not in self._names:
            self._names[key] = self._make_template(service, environ)
        name = f"test_{service}_{self._run}_{len(self._made)}"
        with admin(self._server) as opened:
            _execute(opened, "CREATE DATABASE {} TEMPLATE {}", name, self._names[key])
        self._made.append(name)
        return with_database(self._server, name, service)

    def owner_url(self, url: str, service: str) -> str:
        """Return the URL of a database as the owner of its schema."""
        return with_database(self._server, urlsplit(url).path.lstrip("/"), f"{service}_owner")

    def drop_all(self) -> None:
        """Drop every database that was made."""
        with admin(self._server) as opened:
            for name in (*self._made, *self._names.values()):
                _execute(opened, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _make_template(self, service: str, environ: Mapping[str, str]) -> str:
        name = f"template_{service}_{self._run}_{len(self._names)}"
        owner = f"{service}_owner"
        with admin(self._server) as opened:
            for role in (service, owner):
                _create_role(opened, role)
            _execute(opened, "CREATE DATABASE {} OWNER {}", name, owner)
        with admin(with_database(self._server, name)) as opened:
            _execute(opened, "ALTER SCHEMA public OWNER TO {}", owner)
        url = with_database(self._server, name, owner)
        migrate(service, {**environ, "DATABASE_URL": url, "DATABASE_RUNTIME_ROLE": service})
        return name


def _create_role(opened: connection, role: str) -> None:
    """Create a role unless it is there; other test runs on the same server may do so at the same time."""
    with opened.cursor() as cursor, suppress(errors.DuplicateObject, errors.UniqueViolation):
        cursor.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD %s").format(sql.Identifier(role)), (role,))


def _execute(opened: connection, statement: str, *identifiers: str) -> None:
    with opened.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in identifiers)))
