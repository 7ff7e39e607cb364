"""Namespaces of tests and benchmarks, with the restricted Pod Security level.

Each belongs to the run (a process) that made it. A run that ended in the middle leaves its Shops behind, and they take
room that the next one needs: the first namespace of a run removes what such runs of this machine have left.
"""

import fcntl
import hashlib
import os
import socket
import uuid
from functools import cache
from pathlib import Path
from typing import IO

from e2e.cluster import paths
from e2e.support.kubectl import Kubectl

RUN = "shopkeeper.dev/test-run"
MACHINE = "shopkeeper.dev/test-machine"


def create(kubectl: Kubectl, purpose: str) -> Kubectl:
    """Make a namespace with a name of its own and return kubectl for it.

    Args:
        kubectl: the cluster.
        purpose: how its name begins.
    """
    remove_abandoned(kubectl)
    name = f"{purpose}-{uuid.uuid4().hex[:6]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted", RUN: Run.of_this_process().name, MACHINE: machine()}
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    return kubectl.within(name)


@cache
def remove_abandoned(kubectl: Kubectl) -> None:
    """Begin to delete the namespaces of runs that ended without doing so; once in the life of a process."""
    for namespace in kubectl.list("namespaces", f"{MACHINE}={machine()}"):
        if not lives(locks(), namespace["metadata"]["labels"][RUN]):
            kubectl("delete", "namespace", namespace["metadata"]["name"], "--wait=false")


def machine() -> str:
    """Return a label value for this machine: others may test on the same cluster."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:12]


def locks() -> Path:
    """Return the folder with a file for each run."""
    return paths.find().run / "tests"


class Run:
    """A process that makes namespaces; it lives as long as it holds the lock on its file."""

    def __init__(self, folder: Path) -> None:
        self.name = f"{os.getpid()}-{uuid.uuid4().hex[:6]}"
        folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = (folder / self.name).open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    @staticmethod
    @cache
    def of_this_process() -> "Run":
        """Return the run that this process is."""
        return Run(locks())


def lives(folder: Path, name: str) -> bool:
    """Tell whether a run still holds its lock, which the system takes from a process that ends, however it does."""
    try:
        file = (folder / name).open("r+")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        (folder / name).unlink(missing_ok=True)
    return False
