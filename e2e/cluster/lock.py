"""One run at a time: two would start the same engine and create the same cluster."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress


@contextmanager
def only_one(paths: Paths, progress: Progress) -> Iterator[None]:
    """Wait for another run to end, then keep others waiting until the body ends. The kernel lets go when we die."""
    paths.run.mkdir(parents=True, exist_ok=True)
    with (paths.run / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            with progress.step(f"Wait for another run to end (process {file.read().strip() or 'unknown'})"):
                fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        # What an interrupted run left behind.
        shutil.rmtree(paths.scratch, ignore_errors=True)
        yield
