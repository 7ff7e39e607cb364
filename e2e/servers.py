"""Run a command beside servers of the project's own images: `python3 -m e2e.servers COMMAND [ARGUMENT ...]`.

The command finds a PostgreSQL's URL (as superuser) in TEST_DATABASE_URL and a RabbitMQ's in TEST_AMQP_URL. Both keep
their data in memory and are removed with the command's end, whose exit code is ours.
"""

from __future__ import annotations

import os
import subprocess
import sys

from e2e import postgres, rabbitmq
from e2e.cluster import commands, images, paths
from e2e.cluster.bringup import Machine
from e2e.cluster.progress import Progress
from e2e.cluster.shell import Problem


def main(command: list[str]) -> int:
    """Have the engine and the images, then run the command; return its exit code."""
    if not command:
        raise Problem("usage: python3 -m e2e.servers COMMAND [ARGUMENT ...]")
    machine = Machine(paths.find(), Progress())
    commands.bases(machine)
    root = machine.paths.root
    tag = images.release_tag(root)
    builder = images.Builder(machine.docker, machine.tools, machine.paths, machine.progress)
    builder.build([postgres.IMAGE, rabbitmq.IMAGE], tag)
    with (
        postgres.server(machine.docker, postgres.IMAGE.reference(tag)) as database,
        rabbitmq.server(machine.docker, rabbitmq.IMAGE.reference(tag), root) as broker,
    ):
        environ = {**os.environ, "TEST_DATABASE_URL": database, "TEST_AMQP_URL": broker}
        return subprocess.run(command, env=environ, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Problem as problem:
        sys.exit(f"error: {problem}")
