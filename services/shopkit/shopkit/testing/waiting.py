"""Waiting for a condition, never for a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found | None], what: str, seconds: float = 60.0) -> Found:
    """Return the first true value of a condition.

    Args:
        condition: asked again and again.
        what: what is waited for, for the error.
        seconds: after which it is given up.

    Raises:
        TimeoutError: the condition did not come true.
    """
    end = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() >= end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        pause.wait(0.01)
