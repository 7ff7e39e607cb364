"""What keeps a failing service from taking its callers along: circuit breaker, retry budget, bulkhead.

Small code of our own instead of pybreaker (1.4.1): that one holds its lock for as long as the guarded call lasts, so
calls to one service would go one after the other, and it measures the open time by the wall clock. These hold their
locks for a few instructions only, and their clocks can be replaced.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Protection:
    """How calls to one service are guarded.

    Args:
        failures: consecutive failures after which the breaker opens.
        open_seconds: how long it then stays open.
        concurrency: most calls at once.
        connection_seconds: age at which a connection is replaced (less up to a tenth).
    """

    failures: int = 5
    open_seconds: float = 60.0
    concurrency: int = 8
    connection_seconds: float = 60.0


class State(StrEnum):
    """Of a breaker."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


class BreakerOpen(Exception):
    """The breaker lets no call through.

    Attributes:
        seconds: until it may again; 0 while a trial call is under way.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"open for {seconds:.1f} s")
        self.seconds = seconds


class BulkheadFull(Exception):
    """As many calls as are allowed are under way."""


Changed = Callable[[State, State], None]


class Breaker:
    """A circuit breaker: closed → open after consecutive failures → half-open after a while → closed, or open again.

    Ask with `admit` before a call and tell with `settle` what came of it, with the ticket of `admit`: the outcome of
    a call that began before the state changed says nothing about the new one. Half-open lets one call through.

    Args:
        failures: consecutive failures after which it opens.
        seconds: how long it stays open.
        changed: called with the state before and the state after.
        clock: monotonic clock.
    """

    def __init__(
        self, failures: int, seconds: float, changed: Changed, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._seconds = seconds
        self._changed = changed
        self._clock = clock
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._failures = 0
        self._opened = 0.0
        self._trying = False
        self._ticket = 0

    def admit(self) -> int:
        """Let a call through and return its ticket.

        Raises:
            BreakerOpen: it is open, or half-open while the trial call is under way.
        """
        # Closed is what it nearly always is, and reading it needs no lock: a call more or less makes no difference.
        if self._state is State.CLOSED:
            return self._ticket
        with self._lock:
            if self._state is State.OPEN:
                left = self._opened + self._seconds - self._clock()
                if left > 0:
                    raise BreakerOpen(left)
                self._become(State.HALF_OPEN)
            if self._state is State.HALF_OPEN:
                if self._trying:
                    raise BreakerOpen(0.0)
                self._trying = True
            return self._ticket

    def settle(self, ticket: int, well: bool | None) -> None:
        """Take notice of an outcome.

        Args:
            ticket: what `admit` returned.
            well: whether the service did its part; None: the call says nothing about the service.
        """
        if well and self._state is State.CLOSED and self._failures == 0:
            return
        with self._lock:
            # Open: a call that slipped through while it was opening.
            if ticket != self._ticket or self._state is State.OPEN:
                return
            self._trying = False
            if well is None:
                return
            if well:
                self._failures = 0
                if self._state is State.HALF_OPEN:
                    self._become(State.CLOSED)
                return
            self._failures += 1
            if self._state is State.HALF_OPEN or self._failures >= self._limit:
                self._opened = self._clock()
                self._become(State.OPEN)

    def _become(self, state: State) -> None:
        before, self._state = self._state, state
        self._failures = 0
        self._ticket += 1
        self._changed(before, state)


class RetryBudget:
    """Bounds how many attempts are repetitions: a share of the calls, and a few each second besides.

    Where everything fails, repetitions would else multiply the load on what is already in trouble.

    Args:
        share: repetitions for each call.
        per_second: repetitions that are always allowed.
        most: repetitions that can be saved up.
        clock: monotonic clock.
    """

    def __init__(
        self,
        share: float = 0.2,
        per_second: float = 1.0,
        most: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._share = share
        self._per_second = per_second
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._saved = most
        self._seen = clock()

    def call(self) -> None:
        """Count a call."""
        with self._lock:
            self._saved = min(self._most, self._saved + self._share)

    def spend(self) -> bool:
        """Take one repetition out; tell whether there was one."""
        with self._lock:
            now = self._clock()
            self._saved = min(self._most, self._saved + (now - self._seen) * self._per_second)
            self._seen = now
            if self._saved < 1:
                return False
            self._saved -= 1
            return True


class Bulkhead:
    """Bounds the calls at once, so that a service that hangs does not hold all threads.

    Args:
        most: calls at once.
        patience: seconds a call waits for its turn: full for a moment is no reason to fail.
    """

    def __init__(self, most: int, patience: float = 0.5) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._patience = patience

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Take a place for as long as the block lasts. Raises BulkheadFull."""
        if not self._free.acquire(timeout=self._patience):
            raise BulkheadFull
        try:
            yield
        finally:
            self._free.release()


def whole_seconds(seconds: float) -> int:
    """Return what to write into `Retry-After`: at least 1."""
    return max(1, math.ceil(seconds))
