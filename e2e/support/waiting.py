"""Wait for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.25


def eventually(probe: Callable[[], T | None], what: str, timeout: float = 60) -> T:
    """Call `probe` until it returns something truthy, and return that.

    Args:
        probe: A question to the system; an AssertionError counts as "not yet".
        what: The condition in words, for the error.
        timeout: Seconds after which to give up.

    Raises:
        AssertionError: `what` did not come true; the last answer is named.
    """
    deadline = time.monotonic() + timeout
    while True:
        last: object
        try:
            answer = probe()
            if answer:
                return answer
            last = answer
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"Within {timeout:.0f} s it did not come true that {what}; last answer: {last}")
        time.sleep(POLL_SECONDS)
