"""PostgreSQL for the benchmarks: the project's own image, durable as in a shop, with pgbench beside it."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.docker import Docker
from e2e.cluster.shell import CommandFailed
from e2e.support.waiting import eventually

SETTINGS = (
    "shared_buffers=128MB",
    "max_connections=200",
    "shared_preload_libraries=pg_stat_statements",
    "pg_stat_statements.track=all",
)


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL.

    Attributes:
        url: as superuser.
        pid: its first process on this machine.
    """

    docker: Docker
    name: str
    url: str
    pid: int

    def pgbench(self, seconds: int, clients: int = 4) -> float:
        """Run pgbench's TPC-B-like script at scale 10 and return transactions per second."""
        self.docker.run("exec", self.name, "createdb", "-U", "postgres", "pgbench")
        command = ("exec", self.name, "pgbench", "-U", "postgres")
        self.docker.run(*command, "--initialize", "--scale=10", "--quiet", "pgbench")
        output = self.docker.run(*command, f"--client={clients}", "--jobs=2", f"--time={seconds}", "pgbench")
        self.docker.run("exec", self.name, "dropdb", "-U", "postgres", "pgbench")
        found = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"pgbench printed no rate:\n{output}")
        return float(found.group(1))


@contextmanager
def running(docker: Docker, image: str) -> Iterator[Server]:
    """Run PostgreSQL on a free port of the loopback interface, its data on the engine's disk, until the block ends."""
    name, password = f"shopkeeper-bench-postgres-{os.getpid()}", secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "password"
        secret.write_text(password)
        Path(folder).chmod(0o755)
        docker.run(
            *("run", "--detach", "--rm", "--name", name, "--publish", "127.0.0.1::5432", "--shm-size=256m"),
            *("--volume", f"{secret}:/run/secrets/password:ro"),
            *("--env", "POSTGRES_PASSWORD_FILE=/run/secrets/password", image),
            *(part for setting in SETTINGS for part in ("-c", setting)),
        )
        yield from _ready(docker, name, password)


def _ready(docker: Docker, name: str, password: str) -> Iterator[Server]:
    try:
        eventually(lambda: _accepts(docker, name), "PostgreSQL accepts connections")
        address = docker.run("port", name, "5432/tcp").split()[0]
        pid = int(docker.run("inspect", "--format", "{{.State.Pid}}", name))
        yield Server(docker, name, f"postgresql://postgres:{password}@{address}/postgres", pid)
    finally:
        docker.run("rm", "--force", "--volumes", name)


def _accepts(docker: Docker, name: str) -> bool:
    try:
        docker.run("exec", name, "pg_isready", "--quiet", "--host=127.0.0.1")
    except CommandFailed:
        return False
    return True
