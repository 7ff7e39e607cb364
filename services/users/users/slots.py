"""A bound on work that is costly in memory: so many at a time, so many waiting, and no longer than that."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shopkit import problems
from shopkit.problems import Problem


class Slots:
    """Lets `size` threads work at a time, while up to `queue` others wait for up to `wait` seconds each.

    Args:
        size: threads at work.
        queue: threads that wait; one more is turned away at once.
        wait: longest wait, in seconds.
    """

    def __init__(self, size: int, queue: int, wait: float) -> None:
        self._free = threading.BoundedSemaphore(size)
        self._present = threading.BoundedSemaphore(size + queue)
        self._wait = wait

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot for the block.

        Raises:
            Problem: 503, there was no slot in time.
        """
        if not self._present.acquire(blocking=False):
            raise _busy()
        try:
            if not self._free.acquire(timeout=self._wait):
                raise _busy()
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._present.release()


def queue_length(threads: int, size: int) -> int:
    """Return how many requests may wait for a slot: so many that two threads stay free for all other requests.

    Were all threads waiting, the probes would wait with them, and a rush of logins would end in a restart.

    Args:
        threads: threads that handle requests.
        size: slots.
    """
    return max(0, threads - size - 2)


def _busy() -> Problem:
    return problems.unavailable("busy", "Too many passwords are being checked just now: try again.", retry_after=1)
