"""The image registry, if one answers: asked once a run, by pulling what is needed."""

from __future__ import annotations

import selectors
import subprocess
import threading
from typing import IO, cast

from e2e.cluster.docker import Docker
from e2e.cluster.progress import Progress, Step

ANSWER_SECONDS = 20.0


class Registry:
    """Pulls images, and remembers for this run that nobody answers."""

    def __init__(self, docker: Docker, progress: Progress) -> None:
        self._docker = docker
        self._progress = progress
        self._lock = threading.Lock()
        self._silent = False

    def pull(self, reference: str) -> bool:
        """Pull an image; False where no registry answers within ANSWER_SECONDS or it has no such image."""
        with self._lock:
            if self._silent:
                return False
            with self._progress.step(f"Ask the image registry for {reference}") as step:
                pulled = self._pull(reference, step)
            if not pulled:
                self._silent = True
                self._progress.note("  no image registry answers: images are made from packages and Go modules")
            return pulled

    def _pull(self, reference: str, step: Step) -> bool:
        command = [self._docker.program, "pull", reference]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            output = cast("IO[str]", process.stdout)
            with selectors.DefaultSelector() as answer:
                answer.register(output, selectors.EVENT_READ)
                if not answer.select(ANSWER_SECONDS):
                    process.kill()
                    return False
            for line in output:
                step.update(line.strip())
        return process.returncode == 0
