"""Doing things at the same time, and stopping the others when one fails."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from e2e.cluster import shell

Result = TypeVar("Result")


def beside(main: Callable[[], Result], *others: Callable[[], object]) -> Result:
    """Do all at the same time and return what `main` gave.

    The first error stops the long programs of the rest, so that it is told now and not when they end; it is raised.
    """
    with ThreadPoolExecutor(1 + len(others)) as pool:
        first = pool.submit(main)
        tasks: list[Future[Any]] = [first, *(pool.submit(other) for other in others)]
        done, running = wait(tasks, return_when=FIRST_EXCEPTION)
        errors = [error for task in done if (error := task.exception()) is not None]
        if errors and running:
            shell.stop_followed()
    if errors:
        raise errors[0]
    return first.result()
