"""The services that an order needs, as processes on the loopback interface, on a PostgreSQL of the project's own image.

PostgreSQL is durable as in a shop (fsync, synchronous commit) and counts statements by pg_stat_statements.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from shopkit.testing.postgres import Templates, free_port
from shopkit.testing.process import ServerProcess, subprocess_environ

from e2e.bench import cpu
from e2e.support.waiting import eventually

ISSUER = "shopkeeper/bench/bench"
ADMIN = {"email": "admin@bench.example", "password": secrets.token_urlsafe(16)}
SERVICES = ("users", "products", "inventory", "payments", "orders", "notifications", "recommendations")
# What has no part in a request: it learns by events what has happened.
CONSUMERS = ("notifications", "recommendations")


@dataclass(frozen=True)
class Stack:
    """Running services.

    Attributes:
        services: name -> process.
        databases: name -> URL of its database.
        postgres: URL of the server as superuser.
        postgres_pid: its first process on this machine.
    """

    services: Mapping[str, ServerProcess]
    databases: Mapping[str, str]
    postgres: str
    postgres_pid: int

    def database_url(self, service: str) -> str:
        """Return the URL of a service's database, as the role that the service has."""
        return self.databases[service]

    def pid(self, service: str) -> int:
        """Return the first process of a service."""
        return self.services[service].process.pid

    def url(self, service: str) -> str:
        """Return the base URL of a service."""
        return self.services[service].url

    def cpu(self) -> dict[str, float]:
        """Return the CPU seconds used so far by each service and by `postgres`."""
        used = {name: cpu.of_trees([process.process.pid]) for name, process in self.services.items()}
        return {**used, "postgres": cpu.of_trees([self.postgres_pid])}

    def settled(self) -> bool:
        """Tell whether no event waits to be sent, and no mail either."""
        waiting = {
            "users": "SELECT count(*) FROM outbox",
            "orders": "SELECT count(*) FROM outbox",
            "notifications": "SELECT count(*) FROM mails WHERE status = 'pending'",
        }
        counts: list[int] = []
        for name, question in waiting.items():
            with psycopg2.connect(self.databases[name]) as opened, opened.cursor() as cursor:
                cursor.execute(question)
                counts += cursor.fetchone() or ()
        return not any(counts)

    def statements(self) -> dict[str, int]:
        """Return how many SQL statements each service's database has answered, BEGIN and COMMIT among them."""
        with psycopg2.connect(self.postgres) as opened, opened.cursor() as cursor:
            cursor.execute(
                "SELECT rolname, sum(calls)::bigint FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid"
                " GROUP BY rolname"
            )
            return {role: calls for role, calls in cursor.fetchall() if role in self.services}


@contextmanager
def running(postgres: str, postgres_pid: int, folder: Path, amqp: str) -> Iterator[Stack]:
    """Migrate and start the services; they are ended with the block.

    Args:
        postgres: URL of the server as superuser.
        postgres_pid: its first process.
        folder: gets the logs.
        amqp: URL of the broker.
    """
    with psycopg2.connect(postgres) as opened, opened.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    templates = Templates(postgres)
    ports = {name: free_port() for name in SERVICES}
    smtp, pages = free_port(), free_port()
    common = {**_environ(ports, amqp), "SMTP_URL": f"smtp://127.0.0.1:{smtp}", "GRPC_PORT": str(free_port())}
    databases = {name: templates.create(name, common) for name in SERVICES}
    services: dict[str, ServerProcess] = {}
    with ExitStack() as stack:
        stack.enter_context(_mail_server(smtp, pages, folder / "mail.log"))
        for name in SERVICES:
            environ = {**common, "DATABASE_URL": databases[name]}
            process = ServerProcess(name, environ, folder / f"{name}.log", port=ports[name])
            services[name] = stack.enter_context(process)
        yield Stack(services, databases, postgres, postgres_pid)


@contextmanager
def _mail_server(smtp: int, pages: int, log: Path) -> Iterator[None]:
    environ = {"SINK_SMTP_PORT": str(smtp), "SINK_HTTP_PORT": str(pages)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "notifications.sink"], env=subprocess_environ(environ), stdout=output, stderr=output
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _environ(ports: Mapping[str, int], amqp: str) -> dict[str, str]:
    key = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "LOG_LEVEL": "INFO",
        "JWT_ISSUER": ISSUER,
        "JWT_SIGNING_KEY": key.decode(),
        "ADMIN_EMAIL": ADMIN["email"],
        "ADMIN_PASSWORD": ADMIN["password"],
        "INTERNAL_TOKEN": secrets.token_urlsafe(24),
        "DATABASE_POOL_SIZE": "8",
        **{f"{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items()},
        "AMQP_URL": amqp,
        "MAIL_FROM": "shop@bench.example",
        "SHOP_URL": "http://127.0.0.1",
    }


@contextmanager
def reference(server: str, database_url: str) -> Iterator[tuple[str, int]]:
    """Run the plain reference under a WSGI server; yields its URL and first process.

    Args:
        server: `granian` or `gunicorn`, with the flags that the services use: one process, eight threads.
        database_url: the database of products.
    """
    port = free_port()
    app = "e2e.bench.reference_app:app"
    programs = {
        "granian": ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
                    "--blocking-threads", "8", "--no-ws", "--log-level", "error", app],
        "gunicorn": ["gunicorn", "--worker-class", "gthread", "--workers", "1", "--threads", "8", "--bind",
                     f"127.0.0.1:{port}", "--keep-alive", "75", "--log-level", "error", app],
    }  # fmt: skip
    command, *arguments = programs[server]
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name(command)), *arguments],
        env={**os.environ, "DATABASE_URL": database_url},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _answers(url), f"the reference under {server} answers", 30)
        yield url, process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", f"{url}/products/00000000-0000-0000-0000-000000000000").status == 404
    except urllib3.exceptions.HTTPError:
        return False


def call(url: str, method: str, path: str, body: object = None, token: str = "") -> dict[str, object]:
    """Send a request that has to succeed and return its JSON."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    answer = urllib3.request(method, url + path, body=data, headers=headers, timeout=30)
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path} answered {answer.status}: {answer.data.decode(errors='replace')[:500]}")
    parsed: dict[str, object] = json.loads(answer.data) if answer.data else {}
    return parsed
