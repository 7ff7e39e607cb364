"""A PostgreSQL of the project's own image, its data in memory, for the duration of a block."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.cluster import images
from e2e.cluster.docker import Docker
from e2e.cluster.shell import CommandFailed, Problem

START_SECONDS = 60
IMAGE = next(image for image in images.IMAGES if image.name == "postgres")
# Nothing here has to survive a power cut, or lives long enough to be cleaned. A worker that cleans also keeps
# administrators who are no superusers from dropping a database by force; the operator then tries again.
SETTINGS = (
    "-c",
    "autovacuum=off",
    "-c",
    "fsync=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "full_page_writes=off",
    "-c",
    "max_connections=200",
)


@contextmanager
def server(client: Docker, image: str) -> Iterator[str]:
    """Run PostgreSQL on a free port of the loopback interface and give its URL.

    Raises:
        Problem: It did not accept connections within START_SECONDS; its log is in the message.
    """
    name, password = f"shopkeeper-test-postgres-{os.getpid()}", secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "password"
        secret.write_text(password)
        Path(folder).chmod(0o755)
        client.run(
            *("run", "--detach", "--rm", "--name", name, "--publish", "127.0.0.1::5432"),
            *("--tmpfs", "/var/lib/postgresql/data:uid=10001,gid=10001,mode=0700"),
            *(
                "--volume",
                f"{secret}:/run/secrets/password:ro",
                "--env",
                "POSTGRES_PASSWORD_FILE=/run/secrets/password",
            ),
            *(image, *SETTINGS),
        )
        try:
            wait_ready(client, name)
            address = client.run("port", name, "5432/tcp").split()[0]
            yield f"postgresql://postgres:{password}@{address}/postgres"
        finally:
            client.run("rm", "--force", "--volumes", name)


def wait_ready(client: Docker, name: str) -> None:
    """Wait until the server accepts connections over the network."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.run("exec", name, "pg_isready", "--quiet", "--host=127.0.0.1")
        except CommandFailed:
            if time.monotonic() > deadline:
                raise Problem(f"PostgreSQL did not start:\n{client.run('logs', name)}") from None
            time.sleep(0.1)
        else:
            return
