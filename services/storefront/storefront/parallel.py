"""Calls at a time: what a page needs of several services."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Crew:
    """Threads for calls; each call knows the request it belongs to, its deadline and trace."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="call")

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Begin a call; its outcome is what `result` of the future gives or raises."""
        return self._threads.submit(contextvars.copy_context().run, work)
