"""A RabbitMQ of the project's own image, with the topology of a shop, for the duration of a command."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from e2e.cluster import images
from e2e.cluster.docker import Docker
from e2e.cluster.shell import CommandFailed, Problem

START_SECONDS = 60
IMAGE = next(image for image in images.IMAGES if image.name == "rabbitmq")
# The broker of every shop has the first; the others are of services that only tests know.
TOPOLOGIES = ("charts/rabbitmq/files/topology.json", "services/shopkit/tests/messaging/topology.json")
_USER = "test"
# What a service may do; the operator gives the same permissions.
_PUBLISH = r"^shop\.events$"
_REQUEUE = r"^{0}\.requeue$"
_CONSUME = r"^{0}\.(events|dead|retry\..*)$"
_ROLES = {
    "users": (_PUBLISH, "^$"),
    "orders": (_PUBLISH, "^$"),
    "notifications": (_REQUEUE, _CONSUME),
    "recommendations": (_REQUEUE, _CONSUME),
    "messenger": (f"{_PUBLISH}|{_REQUEUE}", _CONSUME),
}


@contextmanager
def server(client: Docker, image: str, root: Path) -> Iterator[str]:
    """Run RabbitMQ on a free port of the loopback interface and give its URL, as a user who may do everything.

    Args:
        client: the engine's client.
        image: the image.
        root: the repository, where the topologies are.

    Raises:
        Problem: It did not accept connections within START_SECONDS; its log is in the message.
    """
    name, password = f"shopkeeper-test-rabbitmq-{os.getpid()}", secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        definitions = Path(folder)
        write_definitions(definitions, password, [root / file for file in TOPOLOGIES])
        client.run(
            *("run", "--detach", "--rm", "--name", name, "--publish", "127.0.0.1::5672", "--read-only"),
            *("--tmpfs", "/var/lib/rabbitmq:uid=10001,gid=10001,mode=0700"),
            *("--volume", f"{definitions}:/etc/rabbitmq/definitions.d:ro", image),
        )
        try:
            wait_ready(client, name)
            address = client.run("port", name, "5672/tcp").split()[0]
            yield f"amqp://{_USER}:{password}@{address}/%2F"
        finally:
            client.run("rm", "--force", "--volumes", name)


def write_definitions(folder: Path, password: str, topologies: Sequence[Path]) -> None:
    """Write what the broker loads at its start, for its user to read."""
    for number, topology in enumerate(topologies):
        shutil.copy(topology, folder / f"topology-{number}.json")
    (folder / "users.json").write_text(json.dumps(users(password)))
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)


def users(password: str) -> dict[str, Any]:
    """The definitions of a user who may do everything, and of one for each service, all with the same password."""
    may = {_USER: (".*", ".*", ".*")}
    for name, (write, read) in _ROLES.items():
        may[name] = ("^$", write.format(name), read.format(name))
    return {
        "users": [_account(name, password) for name in may],
        "permissions": [
            {"user": name, "vhost": "/", "configure": configure, "write": write, "read": read}
            for name, (configure, write, read) in may.items()
        ],
    }


def _account(name: str, password: str) -> dict[str, Any]:
    salt = secrets.token_bytes(4)
    digest = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    algorithm = "rabbit_password_hashing_sha256"
    return {"name": name, "password_hash": digest, "hashing_algorithm": algorithm, "tags": []}


def wait_ready(client: Docker, name: str) -> None:
    """Wait until the broker of a container has loaded its definitions. Raises Problem after START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            log = client.run("logs", name)
        except CommandFailed as error:
            raise Problem(f"RabbitMQ ended:\n{error}") from error
        if "Server startup complete" in log:
            return
        if time.monotonic() > deadline:
            raise Problem(f"RabbitMQ did not start:\n{log}")
        time.sleep(0.1)
